// A resource server in one function, the same in every runtime. The package is the built one, as a user of npm gets it.

import { createVerifier } from "@hallpass/verifier";

/** Settings as texts: what every runtime can hand in. */
export function handlerFor({ issuer, audience, clientId, clientSecret, feed, maxStalenessMs }) {
  const verifier = createVerifier({
    issuer,
    audience,
    credentials: { clientId, clientSecret },
    feed,
    maxStalenessMs: Number(maxStalenessMs),
  });
  return async (request) => {
    if (new URL(request.url).pathname === "/ready") {
      await verifier.ready();
      return Response.json(verifier.readiness());
    }
    const verdict = await verifier.verify(request);
    switch (verdict.kind) {
      case "accepted":
        return Response.json({ subject: verdict.subject });
      case "rejected":
        return Response.json({ code: verdict.code }, { status: verdict.status });
      case "unavailable":
        return Response.json({ code: verdict.code }, { status: 503 });
    }
  };
}
