// A text that must not leave by accident. It never prints; `.reveal()` is the one way out, and can be searched for.

export class Secret {
  readonly #text: string | (() => string);

  /** A function for a text that mostly nobody asks for: it is read when somebody does. */
  constructor(text: string | (() => string)) {
    this.#text = text;
  }

  reveal(): string {
    return typeof this.#text === "string" ? this.#text : this.#text();
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }
}

// What console.log and util.inspect show.
Object.defineProperty(Secret.prototype, Symbol.for("nodejs.util.inspect.custom"), { value: () => "[secret]" });
