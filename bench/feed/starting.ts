// The other process of start.ts: verifiers that start, judge one token and are gone; tells how long each took, by the wall and of CPU time
// (all threads, system calls included), and the memory of the process afterwards.
//   argv: issuer, client id, client secret, "push" or "pull", audience, access token, how many

import { createVerifier } from "@hallpass/verifier";

/** Milliseconds and bytes. */
export interface Span {
  readonly wall: number;
  readonly cpu: number;
  readonly rss: number;
  readonly heap: number;
}

const [issuer = "", clientId = "", clientSecret = "", feed = "", audience = "", token = "", count = "1"] =
  process.argv.slice(2);
const spans: Span[] = [];
for (let start = 0; start < Number(count); start += 1) {
  const [began, used] = [performance.now(), process.cpuUsage()];
  const verifier = createVerifier({
    issuer,
    audience,
    credentials: { clientId, clientSecret },
    service: "bench",
    feed: feed === "pull" ? "pull" : "push",
  });
  await verifier.ready();
  const verdict = await verifier.verify(token);
  const { user, system } = process.cpuUsage(used);
  const wall = performance.now() - began;
  const { rss, heapUsed: heap } = process.memoryUsage();
  spans.push({ wall, cpu: (user + system) / 1000, rss, heap });
  if (verdict.kind !== "accepted") throw new Error(`the token was ${verdict.kind}: ${verdict.code}`);
  verifier.close();
}
process.send?.(spans);
