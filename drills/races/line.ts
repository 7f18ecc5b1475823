// One connection of a client that races: it writes a request but for its last byte, and that one when it is told to. It reads no more of HTTP
// than these answers need, because a client that costs as much as the server leaves it half of the machine.

import { connect, type Socket } from "node:net";

export class Line {
  readonly #socket: Socket;
  #last = "";
  #text = "";
  #isOver = false;
  #answer: PromiseWithResolvers<string> | undefined;

  constructor(node: string) {
    const { hostname, port } = new URL(node);
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (chunk: string) => this.#read(chunk));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      this.#isOver = true;
      this.#answer?.reject(this.#ended());
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Settles when all of it but the last byte has left this process. */
  arm(request: string): Promise<void> {
    this.#last = request.slice(-1);
    this.#text = "";
    return new Promise((resolve, reject) => {
      this.#socket.write(request.slice(0, -1), "latin1", (error) => (error ? reject(error) : resolve()));
    });
  }

  /** The last byte has left when it returns; the promise is of the whole answer. */
  release(): Promise<string> {
    this.#answer = Promise.withResolvers();
    if (this.#isOver) this.#answer.reject(this.#ended());
    else this.#socket.write(this.#last, "latin1");
    return this.#answer.promise;
  }

  #ended(): Error {
    return new Error(`the connection ended after "${this.#text.slice(0, 200)}"`);
  }

  #read(chunk: string): void {
    this.#text += chunk;
    const split = this.#text.indexOf("\r\n\r\n");
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#text)?.[1];
    if (split === -1 || length === undefined || this.#text.length < split + 4 + Number(length)) return;
    if (/\r\nconnection: close\r\n/i.test(this.#text)) this.#isOver = true;
    this.#answer?.resolve(this.#text);
  }
}
