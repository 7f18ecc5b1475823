// One resource server of the demo: an HTTP service that judges each request with the verifier and says when it did.
// Started by processes.ts, which it tells its port; it goes when that process goes.

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createVerifier } from "@hallpass/verifier";
import { machineTime } from "./numbers.ts";

const [issuer = "", service = "", instance = "", maxStalenessMs = "", onStale = "", credentialsFile = ""] =
  process.argv.slice(2);
const [clientId = "", clientSecret = ""] = readFileSync(credentialsFile, "utf8").trim().split(":");

const verifier = createVerifier({
  issuer,
  audience: `urn:demo:${service}`,
  credentials: { clientId, clientSecret },
  service,
  instance,
  maxStalenessMs: Number(maxStalenessMs),
  onStale: onStale === "accept" ? "accept" : "unavailable",
});

const server = createServer((request, response) => void answer(request, response));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const verdict = await verifier.verifyCredentials({
    method: request.method ?? "GET",
    authorization: request.headers.authorization === undefined ? [] : [request.headers.authorization],
    cookie: [],
    origin: null,
    fetchSite: null,
    upgrade: false,
  });
  const status = verdict.kind === "accepted" ? 200 : verdict.kind === "rejected" ? verdict.status : 503;
  response.writeHead(status, {
    "x-decided": String(machineTime()),
    "x-decided-wall": String(Date.now()),
    "x-view-age": String(verifier.readiness().viewAgeMs),
    "content-length": "0",
  });
  response.end();
}

process.once("disconnect", () => process.exit());
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.({ port: typeof address === "object" ? address?.port : undefined });
});
