// How long a revocation that was acknowledged takes to reach verifiers in another process, and until all have said that they applied it.
//   node --conditions=hallpass-source bench/feed/push.ts [revocations per pass, default 300]
// Store in memory, WebSockets on the loopback. Prints medians of five passes. Other work on the machine only makes it look worse.

import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Secret } from "@hallpass/core";
import { createMemoryStore } from "@hallpass/store-memory";
import { aWorld } from "../../packages/server/src/feed/testing/world.ts";
import { attachFeed } from "../../packages/server/src/feed/web-socket-feed.ts";
import { systemScheduler } from "../../packages/server/src/host/system-ports.ts";

const revocations = Number(process.argv[2] ?? 300);
const WARM_UP = 50;
const PASSES = 5;

interface Pass {
  readonly received: readonly number[];
  readonly enforced: readonly number[];
}

for (const connections of [1, 100, 1000]) {
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
  const show = (pick: (pass: Pass) => readonly number[], share: number): string =>
    middle(passes.map((pass) => quantile(pick(pass), share))).toFixed(2);
  console.log(
    `${connections} connections: acknowledged → received p50 ${show((pass) => pass.received, 0.5)} ms, p99 ${show((pass) => pass.received, 0.99)} ms;`,
    `→ applied by all and known p50 ${show((pass) => pass.enforced, 0.5)} ms, p99 ${show((pass) => pass.enforced, 0.99)} ms`,
  );
  child.kill();
  await sockets.shutDown();
  server.close();
}

function millis(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e6;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function middle(values: readonly number[]): number {
  return quantile(values, 0.5);
}
