// A prepared statement whose answer is one text. What the driver does for any query (a description of every column, an object for every line,
// a message for every step) costs a node more than the two statements that every request needs: here one message goes and one text comes.

import type { ClientBase, Connection, Submittable } from "pg";

/** Types of frontend messages (PostgreSQL's manual, "Message Formats"). */
const [PARSE, BIND, EXECUTE, SYNC] = ["P", "B", "E", "S"].map((letter) => letter.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
];
/** Bytes of a message before its content: the type, and the length without the type. */
const HEADER = 5;
/** Of the end of a call: Execute of the unnamed portal for all lines, and Sync. */
const END = HEADER + 5 + HEADER;

export class Prepared {
  readonly #name: string;
  readonly text: string;
  readonly #on = new WeakSet<Connection>();

  /** `text` answers one line with one text. */
  constructor({ name, text }: { readonly name: string; readonly text: string }) {
    this.#name = name;
    this.text = text;
  }

  /** Rejects with what the driver says; then the connection is not to be used any more. */
  ask(client: ClientBase, values: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      client.query(
        new Call(
          (connection) => this.#messages(connection, values),
          (error, answer) => {
            if (error !== null) reject(error);
            else if (answer === undefined) reject(new Error(`${this.#name} answered nothing`));
            else resolve(answer);
          },
        ),
      );
    });
  }

  #messages(connection: Connection, values: readonly string[]): Buffer {
    const isNew = !this.#on.has(connection);
    this.#on.add(connection);
    const sizes = values.map((value) => Buffer.byteLength(value));
    const nameSize = Buffer.byteLength(this.#name) + 1;
    const parseSize = isNew ? HEADER + nameSize + Buffer.byteLength(this.text) + 1 + 2 : 0;
    // An empty portal name, the statement, no formats (all are texts), the values, one format for the answer.
    const bindSize = HEADER + 1 + nameSize + 2 + 2 + sizes.reduce((sum, size) => sum + 4 + size, 0) + 2;
    const bytes = Buffer.allocUnsafe(parseSize + bindSize + END);
    let at = 0;
    const begin = (type: number, size: number): void => {
      at = bytes.writeInt32BE(size - 1, bytes.writeUInt8(type, at));
    };
    const word = (text: string): void => {
      at += bytes.write(text, at);
      at = bytes.writeUInt8(0, at);
    };
    if (isNew) {
      begin(PARSE, parseSize);
      word(this.#name);
      word(this.text);
      at = bytes.writeInt16BE(0, at);
    }
    begin(BIND, bindSize);
    word("");
    word(this.#name);
    at = bytes.writeInt16BE(values.length, bytes.writeInt16BE(0, at));
    values.forEach((value, n) => {
      at = bytes.writeInt32BE(sizes[n] ?? 0, at);
      at += bytes.write(value, at);
    });
    at = bytes.writeInt16BE(0, at);
    begin(EXECUTE, HEADER + 5);
    word("");
    at = bytes.writeInt32BE(0, at);
    begin(SYNC, HEADER);
    return bytes;
  }
}

/** What the driver's client calls. It puts its own time limit around `callback`. */
class Call implements Submittable {
  callback: (error: Error | null, answer?: string) => void;
  readonly #messages: (connection: Connection) => Buffer;
  #answer: string | undefined;

  constructor(messages: (connection: Connection) => Buffer, callback: Call["callback"]) {
    this.#messages = messages;
    this.callback = callback;
  }

  submit(connection: Connection): void {
    if (connection.stream.writable) connection.stream.write(this.#messages(connection));
  }

  handleDataRow({ fields: [answer] }: { readonly fields: readonly (string | null)[] }): void {
    this.#answer = answer ?? undefined;
  }

  handleCommandComplete(): void {}

  handleError(error: Error): void {
    this.callback(error);
  }

  handleReadyForQuery(): void {
    this.callback(null, this.#answer);
  }
}
