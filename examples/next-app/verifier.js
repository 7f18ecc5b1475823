// One verifier for the whole app. It pulls: what runs only while a request is answered can keep no connection.

import { createVerifier } from "@hallpass/verifier";

const { ISSUER: issuer = "", AUDIENCE: audience = "", CLIENT_ID: clientId = "", CLIENT_SECRET: clientSecret = "" } =
  process.env;

export const verifier = createVerifier({
  issuer,
  audience,
  credentials: { clientId, clientSecret },
  feed: "pull",
  maxStalenessMs: 2000,
  service: "next-app",
  cookie: { name: "__Host-session", origins: [new URL(audience).origin] },
});
