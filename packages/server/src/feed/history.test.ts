import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ClientId, memberKey, type Store, startEpoch, type TenantId } from "@hallpass/core";
import { FEED_CLOSE, formatPosition, type Position } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import type { FeedHub } from "./hub.ts";
import { parsePull } from "./pull.ts";
import { textsOf } from "./pull-body.ts";
import { handTime, settled } from "./testing/hand-time.ts";
import { interposed } from "./testing/interposed-store.ts";
import { Peer } from "./testing/peer.ts";
import { receivedBy } from "./testing/received.ts";
import { recorded, restored } from "./testing/replayed-store.ts";
import { aWorld, fixedDice, heardOf, TENANT, type World } from "./testing/world.ts";

async function hello(world: World, hub: FeedHub, after: string | null = null, client?: ClientId): Promise<Peer> {
  const peer = new Peer(hub, await world.bearer(client));
  peer.hello({ after });
  await settled();
  return peer;
}

async function headOf(store: Store): Promise<Position> {
  return (await store.read([])).head.pos;
}

/** A world whose store was restored to before its last `lost` notices, and a cursor that knows them. */
async function aLoss(lost: number): Promise<{ readonly world: World; readonly cursor: string; readonly at: Position }> {
  const time = handTime();
  const log = recorded(createMemoryStore({ clock: time.clock, dice: fixedDice("first") }));
  const before = await aWorld(createMemoryStore, { time, store: log.store, seed: "second" });
  const peer = await hello(before, before.hub());
  await before.revokeAny();
  const kept = log.changes.length;
  for (let count = 0; count < lost; count += 1) await before.revokeAny();
  await settled();
  const { cursor, applied } = peer;
  assert.ok(cursor !== null && applied !== undefined);
  const store = await restored(createMemoryStore, log.changes.slice(0, kept), { time, seed: "first" });
  const world = await aWorld(createMemoryStore, { time, store, seed: "third" });
  return { world, cursor, at: applied };
}

const AFTER = "after" as ClientId;

describe("lost history", () => {
  it("is proved by a cursor ahead of the head: a new epoch above it before any head, and a snapshot [POS-8] [F-10]", async () => {
    const { world, cursor, at } = await aLoss(3);
    assert.deepEqual(
      [at, await headOf(world.store)],
      [
        { epoch: 1, seq: 4 },
        { epoch: 1, seq: 1 },
      ],
    );
    const hub = world.hub();
    const first = await hello(world, hub, cursor, AFTER);
    // Its bearer belongs to the epoch that is over.
    assert.deepEqual([first.closedWith, first.heads], [FEED_CLOSE.unauthorized, []]);
    assert.deepEqual(await headOf(world.store), { epoch: 2, seq: 5 });
    const second = await hello(world, hub, cursor, AFTER);
    second.ping();
    await settled();
    assert.deepEqual([second.welcome?.resumed, second.heads[0]?.pos], [false, { epoch: 2, seq: 5 }]);
    assert.deepEqual(receivedBy(second, undefined).positions, ["1.1", "2.5"]);
    assert.ok(world.events.some((event) => event.kind === "history_lost" && event.by === "cursor"));
  });

  it("is proved by a cursor that a pull shows: the row is written again, and a snapshot of the new epoch follows [PULL-3] [POS-8] [F-10]", async () => {
    const { world, cursor } = await aLoss(3);
    const hub = world.hub();
    const bearer = await world.bearer(AFTER);
    const answerTo = async (after: string | null): Promise<string> => {
      const said = { type: "hello", feed: 1, instance: "fn-1", service: "api", version: "v", after };
      const ping = { type: "ping", n: "kq3ZyVZ7Q0yT9n1m2b3c4Q", applied: "1.0", keys: 0 };
      const rest = { max_staleness_ms: 60_000, on_stale: "unavailable" };
      const pull = parsePull(`${JSON.stringify({ ...said, ...rest })}\n${JSON.stringify(ping)}`);
      assert.ok(pull !== undefined);
      const { before, snapshot, after: last } = await hub.pull(pull, bearer);
      assert.equal(before[0]?.includes('"resumed":false'), true);
      return [...textsOf(snapshot), ...last].join("\n");
    };
    await answerTo(null);
    const rows = async (): Promise<number | undefined> => {
      const key = memberKey(TENANT, "fn-1");
      return (await world.store.read([key])).get(key)?.version;
    };
    const written = await rows();
    const answer = await answerTo(cursor);
    assert.deepEqual(await headOf(world.store), { epoch: 2, seq: 5 });
    assert.match(answer, /"pos":"2\.5".*"kind":"epoch"[^]*"type":"head".*"pos":"2\.5"/);
    assert.notEqual(await rows(), written);
  });

  it("is proved by a cursor whose mark is not that of the store [POS-8] [F-10]", async () => {
    const { world, cursor, at } = await aLoss(3);
    for (let count = 0; count < 3; count += 1) await world.revokeAny();
    assert.deepEqual(await headOf(world.store), at);
    await hello(world, world.hub(), cursor, AFTER);
    assert.deepEqual(await headOf(world.store), { epoch: 2, seq: 5 });
  });

  it("starts one epoch, however many verifiers and nodes prove it [POS-8]", async () => {
    const { world, cursor } = await aLoss(3);
    const hubs = [world.hub(), world.hub()];
    const bearer = await world.bearer(AFTER);
    for (let count = 0; count < 40; count += 1) {
      const hub = hubs[count % 2];
      assert.ok(hub !== undefined);
      new Peer(hub, bearer, `api-${count}`).hello({ after: cursor });
    }
    await settled(20_000);
    assert.deepEqual(await headOf(world.store), { epoch: 2, seq: 5 });
  });

  it("is found by a node whose store goes back under it: nobody gets a head before the new epoch [POS-8] [F-10]", async () => {
    for (const since of [0, 3, 5]) {
      const time = handTime();
      const log = recorded(createMemoryStore({ clock: time.clock, dice: fixedDice("first") }));
      const world = await aWorld(createMemoryStore, { time, store: log.store, seed: "second" });
      const between = interposed(log.store);
      const hub = world.hub({ store: between.store });
      const peer = await hello(world, hub);
      await world.revokeAny();
      const kept = log.changes.length;
      for (let count = 0; count < 3; count += 1) await world.revokeAny();
      await settled();
      peer.ping();
      await settled();
      assert.deepEqual(heardOf(hub, "api-1")?.applied, { epoch: 1, seq: 4 });
      const store = await restored(createMemoryStore, log.changes.slice(0, kept), { time, seed: "first" });
      const later = await aWorld(createMemoryStore, { time, store, seed: "third" });
      for (let count = 0; count < since; count += 1) await later.revokeAny();
      between.between = {
        read: (keys) => store.read(keys),
        commit: (changes) => store.commit(changes),
        notices: (range) => store.notices(range),
        markAt: (pos) => store.markAt(pos),
      };
      const heads = peer.heads.length;
      peer.ping();
      await settled();
      assert.deepEqual([peer.heads.length, peer.closedWith], [heads, FEED_CLOSE.drain]);
      assert.equal((await headOf(store)).epoch, 2);
      assert.equal(heardOf(hub, "api-1")?.applied, null);
      const back = await hello(later, hub, peer.cursor, AFTER);
      back.ping();
      await settled();
      assert.deepEqual([back.welcome?.resumed, back.heads[0]?.pos], [false, await headOf(store)]);
      assert.equal(receivedBy(back, undefined).positions.length, 1 + since + 1);
    }
  });
});

describe("tenants on one store", () => {
  it("see their own notices and nothing of each other, in intervals that reach the same head [CONN-6]", async () => {
    const time = handTime();
    const home = await aWorld(createMemoryStore, { time });
    const away = await aWorld(createMemoryStore, { time, store: home.store, tenant: "away" as TenantId, seed: "away" });
    const [atHome, atAway] = [await hello(home, home.hub()), await hello(away, away.hub())];
    const own = await home.revokeAny();
    await settled();
    const others = await away.revokeAny();
    await settled();
    for (const peer of [atHome, atAway]) {
      peer.ping();
      await settled();
      assert.deepEqual(peer.heads[0]?.pos, others.pos);
    }
    assert.deepEqual(receivedBy(atHome, undefined).positions, [formatPosition(own.pos)]);
    assert.deepEqual(receivedBy(atAway, undefined).positions, [formatPosition(others.pos)]);
    assert.ok(!atAway.messages.join().includes("jti-world"));
    const joining = await hello(away, away.hub());
    assert.deepEqual(receivedBy(joining, undefined).positions, [formatPosition(others.pos)]);
    const foreign = await hello(away, away.hub(), atHome.cursor);
    assert.equal(foreign.welcome?.resumed, false);
  });

  it("come back for a snapshot when another one's loss has started an epoch: no view can follow there [FEED-4]", async () => {
    const time = handTime();
    const home = await aWorld(createMemoryStore, { time });
    const away = await aWorld(createMemoryStore, { time, store: home.store, tenant: "away" as TenantId, seed: "away" });
    const hub = away.hub();
    const peer = await hello(away, hub);
    await startEpoch(home, { epoch: 1, seq: 0 }, "restore");
    await settled();
    assert.deepEqual([peer.closedWith, peer.intervals.length], [FEED_CLOSE.drain, 0]);
    const back = await hello(away, hub, peer.cursor);
    back.ping();
    await settled();
    assert.deepEqual([back.welcome?.resumed, back.heads[0]?.pos.epoch], [false, 2]);
  });
});
