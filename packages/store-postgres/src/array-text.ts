// Arrays as PostgreSQL writes them ("Array Value Input" in its manual).

export function quoted(text: string): string {
  return /["\\]/.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : `"${text}"`;
}

/** An array that is written member by member. */
export class ArrayText {
  #members = "";

  add(member: string | number | null): void {
    const text = typeof member === "string" ? quoted(member) : String(member ?? "NULL");
    this.#members += this.#members === "" ? text : `,${text}`;
  }

  get text(): string {
    return `{${this.#members}}`;
  }
}
