import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connectedHaveApplied, Fault, heardAs } from "@hallpass/core";
import { FEED_CLOSE } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import type { FeedHub } from "./hub.ts";
import { fill } from "./testing/fill.ts";
import { settled } from "./testing/hand-time.ts";
import { interposed } from "./testing/interposed-store.ts";
import { Peer } from "./testing/peer.ts";
import { receivedBy } from "./testing/received.ts";
import { aWorld, FLEET, heardOf, type World } from "./testing/world.ts";

const named = (instance: string): string => heardAs({ instance, client: FLEET });

async function joined(world: World, hub: FeedHub, name: string): Promise<Peer> {
  const peer = new Peer(hub, await world.bearer(), name);
  peer.hello();
  await settled();
  return peer;
}

/** Whether it has settled, at any moment. */
function watched(promise: Promise<void>): () => boolean {
  let over = false;
  void promise.then(() => {
    over = true;
  });
  return () => over;
}

describe("waiting for verifiers", () => {
  it("lasts until every connected one has acknowledged the position [RCP-7]", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    const [a, b, gone] = [
      await joined(world, hub, "a"),
      await joined(world, hub, "b"),
      await joined(world, hub, "gone"),
    ];
    gone.hangUp();
    const { pos } = await world.revokeAny();
    const met: string[] = [];
    const over = watched(hub.waitApplied(pos, 30_000, (instance) => met.push(instance)));
    await settled();
    a.ping();
    await settled();
    assert.equal(over(), false);
    b.ping({ epoch: 1, seq: 0 });
    await settled();
    assert.equal(over(), false);
    b.ping();
    await settled();
    assert.equal(over(), true);
    assert.deepEqual(met, ["a", "b"].map(named));
    assert.ok(connectedHaveApplied(pos, hub.heard().values()));
    await hub.waitApplied(pos, 30_000);
  });

  it("counts one that connects meanwhile, and ends with one that leaves or disconnects [RCP-7]", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    const first = await joined(world, hub, "first");
    const { pos } = await world.revokeAny();
    const over = watched(hub.waitApplied(pos, 30_000));
    const second = await joined(world, hub, "second");
    const third = await joined(world, hub, "third");
    first.ping();
    await settled();
    assert.equal(over(), false);
    second.say({ type: "bye" });
    await settled();
    assert.equal(over(), false);
    third.hangUp();
    await settled();
    assert.equal(over(), true);
  });

  it("is over when the time is, and at once when nobody is connected or no time is given [RCP-7]", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    await hub.waitApplied((await world.revokeAny()).pos, 30_000);
    await joined(world, hub, "silent");
    const { pos } = await world.revokeAny();
    await hub.waitApplied(pos, 0);
    const timers = world.time.timers();
    const over = watched(hub.waitApplied(pos, 5000));
    await world.time.pass(4999);
    assert.equal(over(), false);
    await world.time.pass(1);
    assert.equal(over(), true);
    assert.equal(world.time.timers(), timers);
  });

  it("works for a version of the keys, which it makes known at once", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    const peer = await joined(world, hub, "a");
    const version = await world.rotate();
    const over = watched(hub.waitKeys(version, 30_000));
    await settled();
    assert.equal(peer.keys?.version, version);
    assert.equal(over(), false);
    peer.ping();
    await settled();
    assert.equal(over(), true);
  });
});

describe("what is heard of a verifier", () => {
  it("never falls: an acknowledgement of less, or of what was not sent, changes nothing", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    const peer = await joined(world, hub, "a");
    const { pos } = await world.revokeAny();
    await settled();
    for (const applied of [pos, { epoch: 1, seq: 0 }, { epoch: 1, seq: 99 }, { epoch: 2, seq: 2 }]) {
      peer.ping(applied);
      await settled();
      assert.deepEqual(heardOf(hub, "a")?.applied, pos);
    }
  });

  it("stays after the connection is gone, until its row is, so that no receipt promises too much [RCP-3]", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    const peer = await joined(world, hub, "a");
    await world.time.pass(1000);
    peer.ping();
    await settled();
    const lastPing = world.time.clock.now();
    peer.hangUp();
    await world.time.pass(3_600_000);
    (await joined(world, hub, "b")).hangUp();
    assert.deepEqual(heardOf(hub, "a"), { connected: false, applied: { epoch: 1, seq: 0 }, keys: 1, lastPing });
    await world.time.pass(26 * 3_600_000);
    (await joined(world, hub, "b")).hangUp();
    assert.deepEqual([...hub.heard().keys()], [named("b")]);
  });

  it("begins with the first read, by the store's clock [RCP-3]", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    const made = hub.listeningSince;
    await world.time.pass(5000);
    assert.equal(hub.listeningSince - made, 5000);
    await joined(world, hub, "a");
    await world.time.pass(5000);
    assert.equal(hub.listeningSince - made, 5000);
  });

  it("is shown for each connection", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    const since = world.time.clock.now();
    const peer = await joined(world, hub, "a");
    await world.revokeAny();
    await world.time.pass(250);
    peer.say({
      type: "ping",
      n: "AAAAAAAAAAAAAAAAAAAAAA",
      applied: "1.0",
      keys: 1,
      stats: { tracked: 3, accepted: 12, nonsense: 1 },
    });
    await settled();
    assert.deepEqual(hub.connections(), [
      {
        instance: "a",
        heardAs: named("a"),
        service: "api",
        region: "eu",
        version: "verifier/1",
        maxStaleness: 60_000,
        connectedSince: since,
        applied: "1.0",
        lag: 1,
        keys: 1,
        stats: { tracked: 3, accepted: 12 },
        lastPing: world.time.clock.now(),
      },
    ]);
  });
});

describe("what verifiers accepted before they knew", () => {
  async function reportedBy(
    reports: readonly (readonly [applied: string, late: number])[],
  ): Promise<readonly (readonly [string, number])[]> {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    const peer = await joined(world, hub, "a");
    for (const [index, [applied, late]] of reports.entries()) {
      await world.revokeAny();
      await settled();
      const n = String(index).padStart(21, "x").concat("A");
      peer.say({ type: "ping", n, applied, keys: 1, stats: { late_accepts: late } });
      await settled();
    }
    const heard = heardOf(hub, "a")?.reports ?? [];
    return heard.map(({ applied, lateAccepts }) => [`${applied.epoch}.${applied.seq}`, lateAccepts]);
  }

  it("is kept with what they had applied, the first and the last of each count [RCP-12]", async () => {
    assert.deepEqual(
      await reportedBy([
        ["1.0", 3],
        ["1.1", 3],
        ["1.2", 3],
        ["1.2", 3],
        ["1.4", 5],
      ]),
      [
        ["1.0", 3],
        ["1.2", 3],
        ["1.4", 5],
      ],
    );
  });

  it("begins anew with a verifier that counts anew [RCP-12]", async () => {
    assert.deepEqual(
      await reportedBy([
        ["1.1", 7],
        ["1.2", 1],
      ]),
      [["1.2", 1]],
    );
  });

  it("is never counted too low for what was thinned out, and takes no more room than that [RCP-12]", async () => {
    const reports = await reportedBy(Array.from({ length: 200 }, (_, n) => [`1.${n}`, n] as const));
    assert.ok(reports.length <= 65, `${reports.length} reports`);
    assert.deepEqual(
      [reports[0], reports.at(-1)],
      [
        ["1.0", 0],
        ["1.199", 199],
      ],
    );
  });

  it("is not kept for those who do not tell, nor for what was never sent [RCP-12]", async () => {
    assert.deepEqual(await reportedBy([["1.9", 4]]), []);
  });
});

describe("a head that moves", () => {
  it("is pushed by every node that hears of it, and by the next ping where nobody tells", async () => {
    const world = await aWorld(createMemoryStore);
    const deaf = { ...world.store, onHeadMoved: () => () => {} };
    const [told, untold] = [world.hub(), world.hub({ store: deaf })];
    const [first, second] = [await joined(world, told, "first"), await joined(world, untold, "second")];
    await world.revokeAny();
    await settled();
    assert.deepEqual([first.intervals.length, second.intervals.length], [1, 0]);
    second.ping();
    await settled();
    assert.deepEqual(second.types.slice(-2), ["notices", "head"]);
  });

  it("costs no read where nobody is connected, and no page of notices for nobody", async () => {
    const world = await aWorld(createMemoryStore);
    const between = interposed(world.store);
    const hub = world.hub({ store: between.store });
    await world.revokeAny();
    await settled();
    assert.deepEqual(between.calls, { read: 0, commit: 0, notices: 0, markAt: 0 });
    const peer = await joined(world, hub, "a");
    peer.hangUp();
    const before = { ...between.calls };
    await world.revokeAny();
    await settled();
    assert.deepEqual(between.calls, before);
  });

  it("is read once for many commits of one turn, and pushed as one interval", async () => {
    const world = await aWorld(createMemoryStore);
    const between = interposed(world.store);
    const hub = world.hub({ store: between.store });
    const peer = await joined(world, hub, "a");
    const gate = Promise.withResolvers<void>();
    between.between = { read: (keys) => gate.promise.then(() => world.store.read(keys)) };
    const before = between.calls.read;
    await world.revokeAny();
    await settled();
    for (let count = 0; count < 20; count += 1) await world.revokeAny();
    gate.resolve();
    await settled();
    assert.equal(peer.intervals.flatMap(({ notices }) => notices).length, 21);
    assert.ok(between.calls.read - before <= 2);
    assert.ok(peer.intervals.length <= 2);
  });
});

describe("very many notices at once", () => {
  it("go out page by page with a breath between, on from where a fault stopped them [LEASE-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const between = interposed(world.store);
    const hub = world.hub({ store: between.store });
    const peer = await joined(world, hub, "a");
    const pages: number[] = [];
    between.between = {
      notices: async (range) => {
        pages.push(range.after.seq);
        if (pages.length === 2) throw new Fault("store_unavailable");
        return world.store.notices(range);
      },
    };
    await fill(world, 4500);
    await settled();
    assert.equal(peer.intervals.length, 1);
    await world.time.pass(1000);
    peer.ping();
    await world.time.pass(1000);
    assert.deepEqual(pages, [0, 2000, 2000, 4000]);
    assert.deepEqual(peer.types.slice(3), ["notices", "notices", "notices", "head"]);
    assert.equal(receivedBy(peer, undefined).positions.length, 4500);
  });
});

describe("draining", () => {
  it("sends everyone elsewhere, lets nobody in, ends all waits and sets no more timers", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    const peers = [await joined(world, hub, "a"), await joined(world, hub, "b"), new Peer(hub, await world.bearer())];
    const over = watched(hub.waitApplied((await world.revokeAny()).pos, 30_000));
    await hub.drain();
    await settled();
    assert.deepEqual(
      peers.map(({ closedWith }) => closedWith),
      [FEED_CLOSE.drain, FEED_CLOSE.drain, FEED_CLOSE.drain],
    );
    assert.ok(over());
    const late = new Peer(hub, await world.bearer(), "late");
    late.hello();
    await settled();
    assert.deepEqual([late.closedWith, late.types], [FEED_CLOSE.drain, []]);
    assert.equal(world.time.timers(), 0);
    assert.equal(hub.connections().length, 0);
  });
});
