// The API of a comparison: a bare HTTP service that judges each request's token in one of the ways.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { serveAsPart } from "./child.ts";
import { type WayName, type WaySettings, wayOf } from "./ways.ts";

await serveAsPart(async (given) => {
  const { name, ...settings } = given as WaySettings & { readonly name: WayName };
  const way = await wayOf(name, settings);
  const server = createServer((request, response) => {
    const token = (request.headers.authorization ?? "").slice("Bearer ".length);
    way.judge(token).then(
      (accepted) => response.writeHead(accepted ? 200 : 401, { "content-length": "0" }).end(),
      () => response.writeHead(503, { "content-length": "0" }).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, calls: () => way.calls() };
});
