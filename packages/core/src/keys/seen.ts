// What was found genuine under one set of open keys, by its whole text. Looking at a signature or a hash is what an introspection, a call with a
// bearer and a gateway's question pay most for, and the same token is shown again and again. Only a yes is kept, and what was read of the text;
// whatever else is asked of a token is judged anew each time. Keys that are opened anew have seen nothing.

import { TextTable } from "@hallpass/protocol";

/** Texts in each of two generations; with what was read of it, one takes about three kilobytes. */
const MOST = 4096;

export class Seen<T extends object> {
  #recent = new TextTable<T>();
  #older = new TextTable<T>();

  get(text: string): T | undefined {
    const known = this.#recent.get(text);
    if (known !== undefined) return known;
    const older = this.#older.get(text);
    if (older !== undefined) this.set(text, older);
    return older;
  }

  /** Forgets the oldest when there are many. Texts should be whole, and no pieces of a longer one: that would be kept, too. */
  set(text: string, found: T): void {
    this.#recent.set(text, found);
    if (this.#recent.size >= MOST) [this.#older, this.#recent] = [this.#recent, new TextTable()];
  }
}

/** The same text on its own: one that was cut out of a body or a header keeps all of that in memory. UTF-8, so that no two texts become one. */
export function onItsOwn(text: string): string {
  return Buffer.from(text).toString();
}
