// A forward proxy that can fall silent: it keeps every connection, accepts new ones, and delivers nothing. No end of a
// connection is told to anyone, as when a cable is cut behind the next switch.

import { connect, createServer, type Server, type Socket } from "node:net";

export class SilentProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly Socket[]>();
  #silent = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Forwards plain HTTP and WebSockets to `targetPort` on this machine. */
  static async open(targetPort: number): Promise<SilentProxy> {
    const server = createServer();
    const proxy = new SilentProxy(server);
    server.on("connection", (client) => proxy.#join(client, targetPort));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  silence(): void {
    this.#silent = true;
  }

  /** New connections go through. Those from which something was dropped can't go on: their ends learn it now. */
  heal(): void {
    this.#silent = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  close(): void {
    this.heal();
    this.#server.close();
  }

  #join(client: Socket, targetPort: number): void {
    const target = connect(targetPort, "127.0.0.1");
    const pair = [client, target] as const;
    // What is measured is the verifier, not how long a kernel waits for more to send.
    for (const socket of pair) socket.setNoDelay(true);
    this.#pairs.add(pair);
    let upgraded = false;
    client.on("data", (chunk: Buffer) => {
      if (this.#silent) return;
      target.write(upgraded ? chunk : originForm(chunk));
      upgraded ||= /\r\nupgrade: websocket\r\n/i.test(chunk.toString("latin1"));
    });
    target.on("data", (chunk: Buffer) => void (this.#silent || client.write(chunk)));
    for (const [one, other] of [pair, [target, client]] as const) {
      one.on("error", () => one.destroy());
      one.on("close", () => {
        // A silent network does not tell the other end.
        if (!this.#silent) other.destroy();
        if (client.destroyed && target.destroyed) this.#pairs.delete(pair);
      });
    }
  }
}

/** A proxy is asked for `GET http://host/path` and asks the server for `GET /path` (RFC 9112 section 3.2.2). */
function originForm(chunk: Buffer): Buffer {
  const text = chunk.toString("latin1");
  return Buffer.from(text.replace(/^([A-Z]+) http:\/\/[^/\s]+\//, "$1 /"), "latin1");
}
