// One protected route judged by the verifier: `route-server.ts SETTINGS`, a JSON object. Answers who it is, as the peers do.

import { createServer } from "node:http";
import { createVerifier } from "@hallpass/verifier";
import { hallpass } from "@hallpass/verifier/fastify";
import fastify from "fastify";

interface Settings {
  readonly port: number;
  readonly kind: "http" | "fastify";
  readonly issuer: string;
  readonly audience: string;
  /** `client_id:secret`. */
  readonly credentials: string;
}

const { port, kind, issuer, audience, credentials } = JSON.parse(process.argv[2] ?? "null") as Settings;
const [clientId = "", clientSecret = ""] = credentials.split(":");
const verifier = createVerifier({ issuer, audience, credentials: { clientId, clientSecret }, service: "bench" });
await verifier.ready();
const host = "127.0.0.1";
if (kind === "fastify") {
  const app = fastify();
  app.get("/", { onRequest: hallpass(verifier) }, async (request) => ({ subject: request.hallpass?.subject }));
  await app.listen({ host, port });
} else {
  const server = createServer((request, response) => {
    const { authorization } = request.headers;
    const judged = verifier.verifyCredentials({
      method: request.method ?? "GET",
      authorization: authorization === undefined ? [] : [authorization],
      cookie: [],
      origin: null,
      fetchSite: null,
      upgrade: false,
    });
    void judged.then((verdict) => {
      const status = verdict.kind === "accepted" ? 200 : verdict.kind === "rejected" ? verdict.status : 503;
      const body = JSON.stringify(verdict.kind === "accepted" ? { subject: verdict.subject } : { error: verdict.code });
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      response.writeHead(status, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
}
process.stdout.write(`ready ${port}\n`);
