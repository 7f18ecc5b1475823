// The floor of a start: a process that listens, and says so as a node does.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const server = createServer((_request, response) => void response.end());
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ event: "listening", url: `http://127.0.0.1:${port}` })}\n`);
});
