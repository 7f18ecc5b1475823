// One address in front of several nodes: each new connection goes to whichever is chosen then. It stands for a load balancer whose choice
// the drill makes.

import { connect, createServer } from "node:net";

export interface Switch {
  readonly url: string;
  choose(node: string): void;
  close(): void;
}

export async function switchOn(port = 0): Promise<Switch> {
  let chosen = new URL("http://127.0.0.1:1");
  const server = createServer((socket) => {
    const onward = connect(Number(chosen.port), chosen.hostname);
    socket.pipe(onward).pipe(socket);
    for (const one of [socket, onward]) {
      one.on("error", () => undefined);
      one.on("close", () => {
        socket.destroy();
        onward.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    choose: (node) => {
      chosen = new URL(node);
    },
    close: () => server.close(),
  };
}
