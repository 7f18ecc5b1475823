// What the push of a revocation allocates, at the server for each verifier and at a verifier, V8 only interpreting (heap.ts).

import { Secret } from "@hallpass/core";
import { formatPosition } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import { createTestIssuer } from "@hallpass/verifier/testing";
import { settled } from "../../packages/server/src/feed/testing/hand-time.ts";
import { aWorld } from "../../packages/server/src/feed/testing/world.ts";
import { bytesAllocated } from "./heap.ts";

const REVOCATIONS = 80;
const [FEW, MANY] = [1, 65];

/** In kB, by what it is called in the table. */
export async function allocatedByPush(): Promise<ReadonlyMap<string, readonly number[]>> {
  const perVerifier = ((await allocatedFor(MANY)) - (await allocatedFor(FEW))) / (MANY - FEW);
  return new Map([
    ["one more verifier that is told of a revocation and acknowledges it, at the server", [perVerifier / 1000]],
    ["a notice at a verifier, with the feed of the tests that tells it", [(await allocatedByNotice()) / 1000]],
  ]);
}

/** For each revocation, with that many connections; nothing is written to a socket. */
async function allocatedFor(verifiers: number): Promise<number> {
  const world = await aWorld(createMemoryStore);
  const hub = world.hub();
  const judged = await world.judge(new Secret((await world.token()).reveal()));
  if (judged.kind !== "granted") throw new Error(judged.kind);
  let told = 0;
  const sessions = Array.from({ length: verifiers }, (_, nth) => {
    const channel = { send: () => void (told += 1), close: () => {}, bufferedBytes: () => 0 };
    const session = hub.connect(channel, judged.bearer);
    const rest = { service: "costs", version: "1", after: null, max_staleness_ms: 60_000, on_stale: "unavailable" };
    session.receive(JSON.stringify({ type: "hello", feed: 1, instance: `api-${nth}`, ...rest }));
    return session;
  });
  await settled();
  const revokeOne = async (nth: number): Promise<void> => {
    const { pos } = await world.revokeAny();
    await settled(50);
    const n = String(nth).padStart(21, "x").concat("A");
    const ping = JSON.stringify({ type: "ping", n, applied: formatPosition(pos), keys: 1 });
    for (const session of sessions) session.receive(ping);
    await settled(50);
  };
  await revokeOne(0);
  const [before, toldBefore] = [bytesAllocated(), told];
  for (let nth = 1; nth <= REVOCATIONS; nth += 1) await revokeOne(nth);
  const each = (bytesAllocated() - before) / REVOCATIONS;
  if (told - toldBefore !== 2 * verifiers * REVOCATIONS) throw new Error("not everyone was told and answered");
  for (const session of sessions) session.closed();
  return each;
}

async function allocatedByNotice(): Promise<number> {
  const issuer = await createTestIssuer({ issuer: "https://auth.example", audience: "https://api.example" });
  for (let n = 0; n < REVOCATIONS; n += 1) await issuer.revoke({ subject: `gone-${n}` });
  const before = bytesAllocated();
  for (let n = 0; n < REVOCATIONS; n += 1) await issuer.revoke({ subject: `next-${n}` });
  return (bytesAllocated() - before) / REVOCATIONS;
}
