import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Fault, type Store, sweep } from "@hallpass/core";
import { comparePositions, formatPosition, isBefore, type Position, parsePosition } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import fc from "fast-check";
import type { FeedHub } from "./hub.ts";
import { settled } from "./testing/hand-time.ts";
import { type Interposed, interposed } from "./testing/interposed-store.ts";
import { Peer } from "./testing/peer.ts";
import { receivedBy } from "./testing/received.ts";
import { aWorld, heardOf, type World } from "./testing/world.ts";

async function aSite(): Promise<{ world: World; hub: FeedHub; between: Interposed }> {
  const world = await aWorld(createMemoryStore);
  const between = interposed(world.store);
  return { world, hub: world.hub({ store: between.store }), between };
}

async function joined(world: World, hub: FeedHub, names: readonly string[]): Promise<readonly Peer[]> {
  const bearer = await world.bearer();
  const peers = names.map((name) => new Peer(hub, bearer, name));
  for (const peer of peers) peer.hello();
  await settled();
  return peers;
}

async function aPeer(world: World, hub: FeedHub): Promise<Peer> {
  const [peer] = await joined(world, hub, ["api-1"]);
  assert.ok(peer !== undefined);
  return peer;
}

describe("the head that answers a ping", () => {
  it("is read once for all pings that arrive in one turn [LEASE-4]", async () => {
    const { world, hub, between } = await aSite();
    const names = Array.from({ length: 1000 }, (_, index) => `api-${index}`);
    const peers = await joined(world, hub, names);
    const before = between.calls.read;
    for (const peer of peers) peer.ping();
    await settled();
    assert.equal(between.calls.read - before, 1);
    assert.ok(peers.every(({ heads }) => heads.length === 1));
  });

  it("is not one whose read began before the ping arrived [LEASE-4]", async () => {
    const { world, hub, between } = await aSite();
    const peer = await aPeer(world, hub);
    const gate = Promise.withResolvers<void>();
    between.between = {
      read: async (keys) => {
        const snapshot = await world.store.read(keys);
        await gate.promise;
        return snapshot;
      },
    };
    const first = peer.ping();
    await settled();
    // What is committed here is missing from the read that is under way.
    const { pos } = await world.revokeAny();
    const second = peer.ping();
    between.between = {};
    gate.resolve();
    await settled();
    assert.deepEqual(
      peer.heads.map((head) => [head.n, head.pos]),
      [
        [first, { epoch: 1, seq: 0 }],
        [second, pos],
      ],
    );
  });

  it("names the time of its read, and is what the registry knows as the last ping [LEASE-4]", async () => {
    const { world, hub } = await aSite();
    const peer = await aPeer(world, hub);
    await world.time.pass(1234);
    peer.ping();
    await settled();
    assert.equal(peer.heads[0]?.time, world.time.clock.now());
    assert.equal(heardOf(hub, "api-1")?.lastPing, world.time.clock.now());
  });

  it("is not sent when the store can't tell; the connection stays, and the next ping is answered [LEASE-4]", async () => {
    const { world, hub, between } = await aSite();
    const peer = await aPeer(world, hub);
    between.between = { read: () => Promise.reject(new Fault("store_unavailable")) };
    peer.ping();
    await settled();
    assert.deepEqual([peer.heads.length, peer.closedWith], [0, undefined]);
    assert.equal(heardOf(hub, "api-1")?.lastPing, null);
    assert.equal(world.events.filter((event) => event.kind === "failed" && event.during === "answering").length, 1);
    between.between = {};
    const n = peer.ping();
    await settled();
    assert.deepEqual(
      peer.heads.map((head) => head.n),
      [n],
    );
  });

  it("is not sent when the notices before it can't be read; they come first when they can [LEASE-5]", async () => {
    const { world, hub, between } = await aSite();
    const peer = await aPeer(world, hub);
    between.between = { notices: () => Promise.reject(new Fault("store_unavailable")) };
    const { pos } = await world.revokeAny();
    peer.ping();
    await settled();
    assert.deepEqual(peer.types, ["welcome", "keys", "snapshot"]);
    between.between = {};
    peer.ping();
    await settled();
    assert.deepEqual(peer.types, ["welcome", "keys", "snapshot", "notices", "head"]);
    assert.deepEqual(peer.heads[0]?.pos, pos);
  });

  it("comes after the keys that it names, to everyone [LEASE-5]", async () => {
    const { world, hub } = await aSite();
    const [asking, quiet] = await joined(world, hub, ["asking", "quiet"]);
    const version = await world.rotate();
    asking?.ping();
    await settled();
    assert.deepEqual(asking?.types, ["welcome", "keys", "snapshot", "keys", "head"]);
    assert.deepEqual(quiet?.types, ["welcome", "keys", "snapshot", "keys"]);
    assert.deepEqual([asking.keys?.version, asking.heads[0]?.keys], [version, version]);
    assert.deepEqual(asking.keys?.keys.map(({ state }) => state).toSorted(), ["active", "next", "retiring"]);
  });

  it("answers a ping that came before the snapshot was sent, after it [LEASE-5]", async () => {
    const { world, hub } = await aSite();
    const peer = new Peer(hub, await world.bearer());
    peer.hello();
    peer.ping({ epoch: 1, seq: 0 }, 0);
    await settled();
    assert.deepEqual(peer.types, ["welcome", "keys", "snapshot", "head"]);
  });

  it("is owed to at most 64 pings of one connection at a time", async () => {
    const { world, hub, between } = await aSite();
    const peer = await aPeer(world, hub);
    const gate = Promise.withResolvers<void>();
    between.between = { read: (keys) => gate.promise.then(() => world.store.read(keys)) };
    for (let count = 0; count < 200; count += 1) peer.ping();
    gate.resolve();
    await settled();
    assert.equal(peer.heads.length, 64);
    peer.ping();
    await settled();
    assert.equal(peer.heads.length, 65);
  });
});

describe("the horizon", () => {
  it("comes from the store with the notices, and never lies beyond the store's clock [FEED-6]", async () => {
    const { world, hub } = await aSite();
    const { pos } = await world.revokeAny();
    const lives = world.issuer.longestToken * 1000 + 2000 * world.issuer.skew;
    const swept = (): Promise<unknown> => sweep({ ...world, factsKept: 1 }, world.time.clock.now());
    const seen = async (): Promise<{ readonly horizon: number; readonly held: readonly string[] }> => {
      const peer = await aPeer(world, hub);
      const last = peer.snapshot.at(-1);
      assert.ok(last?.last === true && last.horizon <= world.time.clock.now());
      peer.hangUp();
      await world.revokeAny();
      await settled();
      return { horizon: last.horizon, held: receivedBy(peer, undefined).positions };
    };
    await world.time.pass(lives + world.issuer.skew * 1000 - 1);
    await swept();
    assert.ok((await seen()).held.includes(formatPosition(pos)));
    await world.time.pass(1);
    await swept();
    const { horizon, held } = await seen();
    assert.ok(!held.includes(formatPosition(pos)));
    assert.equal(horizon, world.time.clock.now() - world.issuer.skew * 1000);
  });
});

/** Every call of the store begins, and is answered, when the scheduler says so. */
function shuffled(real: Store, scheduler: fc.Scheduler): Store {
  const later = async <T>(label: string, call: () => Promise<T>): Promise<T> => {
    await scheduler.schedule(Promise.resolve(), `${label} begins`);
    const answer = await call();
    await scheduler.schedule(Promise.resolve(), `${label} ends`);
    return answer;
  };
  return {
    ...real,
    read: (keys) => later("read", async () => real.read(keys)),
    commit: (changes) => later("commit", () => real.commit(changes)),
    notices: (range) => later("notices", () => real.notices(range)),
    markAt: (pos) => later("markAt", () => real.markAt(pos)),
  };
}

const step = fc.oneof(
  { arbitrary: fc.constant({ kind: "revoke" } as const), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant("ping" as const), who: fc.nat(2) }), weight: 4 },
  { arbitrary: fc.record({ kind: fc.constant("connect" as const), who: fc.nat(2), resume: fc.boolean() }), weight: 2 },
  { arbitrary: fc.record({ kind: fc.constant("hang up" as const), who: fc.nat(2) }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant("go on" as const), by: fc.nat(30) }), weight: 4 },
);

describe("any interleaving of commits, pings, connections and answers of the store", () => {
  it("puts every notice up to a head before it, in order and without a gap, and no head is older than its ping [LEASE-4] [LEASE-5] [F-05]", async () => {
    let heads = 0;
    let resumes = 0;
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { maxLength: 80, size: "max" }), async (scheduler, steps) => {
        const world = await aWorld(createMemoryStore);
        const hub = world.hub({ store: shuffled(world.store, scheduler) });
        const bearer = await world.bearer();
        const truth: Position[] = [];
        const peers: {
          readonly peer: Peer;
          readonly resumedAt: Position | undefined;
          readonly pings: Map<string, Position>;
        }[] = [];
        const connected: (typeof peers)[number][] = [];
        const head = async (): Promise<Position> => (await world.store.read([])).head.pos;
        for (const one of steps) {
          if (one.kind === "revoke") truth.push((await world.revokeAny()).pos);
          else if (one.kind === "go on") {
            for (let count = 0; count < one.by; count += 1) {
              await settled(30);
              if (scheduler.count() > 0) await scheduler.waitOne();
            }
          } else if (one.kind === "connect") {
            const earlier = connected[one.who]?.peer;
            const cursor = one.resume ? (earlier?.cursor ?? null) : null;
            const peer = new Peer(hub, bearer, `api-${one.who}`);
            const fresh = {
              peer,
              resumedAt: cursor === null ? undefined : earlier?.applied,
              pings: new Map<string, Position>(),
            };
            peers.push(fresh);
            connected[one.who] = fresh;
            peer.hello({ after: cursor });
          } else {
            const found = connected[one.who];
            if (one.kind === "hang up") found?.peer.hangUp();
            else if (found?.peer.welcome !== undefined) found.pings.set(found.peer.ping(), await head());
          }
        }
        do {
          while (scheduler.count() > 0) await scheduler.waitOne();
          await settled(200);
        } while (scheduler.count() > 0);
        for (const { peer, resumedAt, pings } of peers) {
          if (peer.welcome?.resumed === true) resumes += 1;
          const held = receivedBy(peer, resumedAt, (answer, { positions, at }) => {
            heads += 1;
            const needed = truth
              .filter((pos) => comparePositions(pos, answer.pos) <= 0)
              .filter((pos) => resumedAt === undefined || peer.welcome?.resumed !== true || isBefore(resumedAt, pos));
            assert.deepEqual(
              positions.slice(0, needed.length),
              needed.map(formatPosition),
              "every notice up to the head was sent before it",
            );
            assert.ok(at !== undefined && comparePositions(at, answer.pos) >= 0);
            const arrived = pings.get(answer.n);
            assert.ok(arrived !== undefined && comparePositions(answer.pos, arrived) >= 0);
          });
          assert.equal(new Set(held.positions).size, held.positions.length);
          assert.deepEqual(
            held.positions,
            held.positions.toSorted((a, b) => seqOf(a) - seqOf(b)),
          );
        }
      }),
      { numRuns: 100 },
    );
    // Otherwise nothing was proved.
    assert.ok(heads > 100 && resumes > 10, `${heads} heads, ${resumes} resumes`);
  });
});

function seqOf(text: string): number {
  return parsePosition(text)?.seq ?? Number.NaN;
}
