// The other process of cross-node.ts: verifiers that listen to one node, and tell when each of them has taken a token as ended.
//   argv: issuer, credentials, how many

import { createVerifier } from "@hallpass/verifier";

const [issuer = "", credentials = "", count = "1"] = process.argv.slice(2);
const [clientId = "", clientSecret = ""] = credentials.split(":");
const verifiers = Array.from({ length: Number(count) }, (_, index) =>
  createVerifier({
    issuer,
    audience: "http://localhost:8027",
    credentials: { clientId, clientSecret },
    service: `bench-${index}`,
  }),
);
await Promise.all(verifiers.map((verifier) => verifier.ready()));

async function watch(token: string): Promise<void> {
  const at: string[] = [];
  for (const verifier of verifiers) {
    const verdict = await verifier.verify(token);
    if (verdict.kind !== "accepted") throw new Error(`the token was ${verdict.kind}: ${verdict.code}`);
    verifier.onEnded(verdict, () => {
      at.push(String(process.hrtime.bigint()));
      if (at.length === verifiers.length) process.send?.({ at });
    });
  }
  process.send?.({ watching: true });
}

process.on("message", ({ token }: { readonly token: string }) => void watch(token));
process.send?.({ ready: true });
