// The other process of pull.ts: functions that start, judge one token and are gone; tells how long each took, by the wall and of CPU time
// (all threads, system calls included), and the first also from the start of the process.
//   argv: issuer, client id, client secret, access token, how many

import { createVerifier } from "@hallpass/verifier";

/** Milliseconds. */
export interface Span {
  readonly wall: number;
  readonly cpu: number;
  readonly sinceStart: number;
}

const [issuer = "", clientId = "", clientSecret = "", token = "", count = "1"] = process.argv.slice(2);
const spans: Span[] = [];
for (let start = 0; start < Number(count); start += 1) {
  const [began, used] = [performance.now(), process.cpuUsage()];
  const verifier = createVerifier({
    issuer,
    audience: "http://localhost:8027",
    credentials: { clientId, clientSecret },
    feed: "pull",
  });
  const verdict = await verifier.verify(token);
  const { user, system } = process.cpuUsage(used);
  const now = performance.now();
  spans.push({ wall: now - began, cpu: (user + system) / 1000, sinceStart: now });
  if (verdict.kind !== "accepted") throw new Error(`the token was ${verdict.kind}: ${verdict.code}`);
  verifier.close();
}
process.send?.(spans);
