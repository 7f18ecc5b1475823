// How long a revocation that was acknowledged takes to reach verifiers in another process, and until all have said that they applied it.
//   npm run bench -- --only push [--connections 1,100,1000] [--revocations 300, for each of five passes] [--quick]
// Store in memory, WebSockets on the loopback. Five passes. Other work on the machine only makes it look worse.

import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Secret } from "@hallpass/core";
import { createMemoryStore } from "@hallpass/store-memory";
import { aWorld } from "../../packages/server/src/feed/testing/world.ts";
import { attachFeed } from "../../packages/server/src/feed/web-socket-feed.ts";
import { systemScheduler } from "../../packages/server/src/host/system-ports.ts";
import { median, quantile, say } from "../measured.ts";
import { sayResult } from "../result.ts";

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "1,100,1000" },
    revocations: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const revocations = Number(values.revocations ?? (values.quick ? 10 : 300));
const WARM_UP = values.quick ? 3 : 50;
const PASSES = values.quick ? 3 : 5;
const SHARES = { p50: 0.5, p99: 0.99, "p99.9": 0.999 } as const;
const SAYS = { received: "received", enforced: "applied by all" } as const;
const measured: { readonly connections: number; readonly passes: readonly Pass[] }[] = [];

interface Pass {
  readonly received: readonly number[];
  readonly enforced: readonly number[];
}

for (const connections of values.connections.split(",").map(Number)) {
  const world = await aWorld(createMemoryStore);
  const hub = world.hub({ scheduler: systemScheduler, log: () => {} });
  const server = createServer();
  const sockets = attachFeed(server, hub, (token) => world.judge(new Secret(token)), { scheduler: systemScheduler });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const token = (await world.token()).reveal();
  const child = fork(join(import.meta.dirname, "subscribers.ts"), [String(port), token, String(connections)]);
  await once(child, "message");

  const revokeOnce = async (): Promise<{ readonly received: readonly number[]; readonly enforced: number }> => {
    const told = once(child, "message");
    const { pos } = await world.revokeAny();
    const acknowledged = process.hrtime.bigint();
    await hub.waitApplied(pos, 10_000);
    const enforced = millis(process.hrtime.bigint() - acknowledged);
    const [{ at }] = (await told) as [{ readonly at: readonly string[] }];
    return { received: at.map((one) => millis(BigInt(one) - acknowledged)), enforced };
  };

  for (let count = 0; count < WARM_UP; count += 1) await revokeOnce();
  const passes: Pass[] = [];
  for (let pass = 0; pass < PASSES; pass += 1) {
    const received: number[] = [];
    const enforced: number[] = [];
    for (let count = 0; count < revocations; count += 1) {
      const one = await revokeOnce();
      received.push(...one.received);
      enforced.push(one.enforced);
    }
    passes.push({ received, enforced });
  }
  measured.push({ connections, passes });
  say(`push to ${connections}: measured`);
  child.kill();
  await sockets.shutDown();
  server.close();
}

const each = (passes: readonly Pass[], of: keyof Pass, share: keyof typeof SHARES): readonly number[] =>
  passes.map((pass) => quantile(pass[of], SHARES[share]));
sayResult({
  id: "push",
  title: "a revocation that was acknowledged reaches connected verifiers",
  of: "verifiers",
  rows: measured.map(({ connections, passes }) => ({
    name: connections.toLocaleString("en"),
    figures: Object.fromEntries(
      (["received", "enforced"] as const).flatMap((of) =>
        (["p50", "p99", "p99.9"] as const).map((share) => [`${SAYS[of]}: ${share} ms`, each(passes, of, share)]),
      ),
    ),
  })),
  picture: {
    plot: {
      title: "a revocation reaches its verifiers",
      x: { name: "verifiers", scale: "log" },
      y: { name: "ms after it was acknowledged" },
      series: (["received", "enforced"] as const).flatMap((of) =>
        (["p50", "p99"] as const).map((share) => ({
          name: `${SAYS[of]}, ${share}`,
          points: measured.map(({ connections, passes }) => [connections, median(each(passes, of, share))] as const),
        })),
      ),
    },
  },
});

function millis(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e6;
}
