// A text that must not leave by accident. It never prints; `.reveal()` is the one way out, and can be searched for.

const inspect = Symbol.for("nodejs.util.inspect.custom");

export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect](): string {
    return "[secret]";
  }
}
