// The issuer of a comparison: the server itself on an embedded store, every revocation on disk before its answer.

import { createServer } from "node:net";
import { loadConfig, startServer } from "@hallpass/server";
import { serveAsPart } from "./child.ts";

await serveAsPart(async (given) => {
  const { data } = given as { readonly data: string };
  const port = await freePort();
  const loaded = loadConfig({
    env: {},
    over: {
      development: "true",
      data,
      listen: `127.0.0.1:${port}`,
      issuer: `http://127.0.0.1:${port}`,
      log_level: "error",
    },
  });
  if (!loaded.ok) throw new Error(loaded.problems.join("; "));
  await startServer(loaded.config);
  return { port, calls: () => 0 };
});

/** The issuer's name holds its port, so that it is needed before anybody listens. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
