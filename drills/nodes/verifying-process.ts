// A verifier of whichever release this file lies beside, as a process of its own: what is posted to it is a token, and it answers with its
// verdict.

import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { createVerifier } from "@hallpass/verifier";

const { ISSUER = "", AUDIENCE = "", CREDENTIALS = "", INSTANCE = "", M = "5000" } = process.env;
const [clientId = "", clientSecret = ""] = CREDENTIALS.split(":");
const verifier = createVerifier({
  issuer: ISSUER,
  audience: AUDIENCE,
  service: "api",
  instance: INSTANCE,
  maxStalenessMs: Number(M),
  credentials: { clientId, clientSecret },
});

const server = createServer((request, response) => {
  void text(request)
    .then((token) => verifier.verify(token))
    .then((verdict) =>
      response.end(JSON.stringify({ kind: verdict.kind, code: "code" in verdict ? verdict.code : null })),
    );
});
await verifier.ready();
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  console.log(JSON.stringify({ event: "listening", url: `http://127.0.0.1:${port}` }));
});
process.on("SIGTERM", () => {
  verifier.close();
  process.exit(0);
});
