// An address in front of servers, as a floating one is: where new connections go can be changed, what passes can be delayed, and all that is
// open can be cut.

import { connect, createServer, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

export interface TcpSwitch {
  readonly port: number;
  /** New connections go there. */
  to(port: number): void;
  /** Every piece that goes to the server is held back for so long, but for the first ones of each connection. */
  delay(ms: number, butFirst?: number): void;
  /** Breaks what is open, without a good-bye. */
  cut(): void;
  readonly open: () => number;
  close(): void;
}

export async function tcpSwitch(first: number): Promise<TcpSwitch> {
  let port = first;
  let held = 0;
  let passing = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const socket of [near, far]) socket.on("error", () => undefined);
    sockets.add(near);
    near.on("close", () => {
      sockets.delete(near);
      far.destroy();
    });
    far.on("close", () => near.destroy());
    far.pipe(near);
    // In order: each piece waits for the one before it.
    let last = Promise.resolve();
    let pieces = 0;
    near.on("data", (piece) => {
      pieces += 1;
      const isHeld = pieces > passing;
      last = last.then(async () => {
        if (isHeld && held > 0) await wait(held, undefined, { ref: false });
        far.write(piece);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("there is no free port");
  return {
    port: address.port,
    to: (next) => {
      port = next;
    },
    delay: (ms, butFirst = 0) => {
      held = ms;
      passing = butFirst;
    },
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    open: () => sockets.size,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
