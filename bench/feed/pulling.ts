// The other process of pull.ts: functions that start, judge one token and are gone; tells how long each took.
//   argv: issuer, client id, client secret, access token, how many

import { createVerifier } from "@hallpass/verifier";

const [issuer = "", clientId = "", clientSecret = "", token = "", count = "1"] = process.argv.slice(2);
const spans: number[] = [];
for (let start = 0; start < Number(count); start += 1) {
  const began = performance.now();
  const verifier = createVerifier({
    issuer,
    audience: "http://localhost:8027",
    credentials: { clientId, clientSecret },
    feed: "pull",
  });
  const verdict = await verifier.verify(token);
  spans.push(performance.now() - began);
  if (verdict.kind !== "accepted") throw new Error(`the token was ${verdict.kind}: ${verdict.code}`);
  verifier.close();
}
process.send?.(spans);
