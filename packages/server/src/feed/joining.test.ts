import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type ClientId,
  Fault,
  formatCursor,
  KEPT_AFTER_SILENCE,
  memberFromRow,
  memberKey,
  RENEW_EVERY,
  type Store,
  sweep,
} from "@hallpass/core";
import { FEED_CLOSE, formatPosition, type Position } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import type { FeedHub } from "./hub.ts";
import { fill } from "./testing/fill.ts";
import { settled } from "./testing/hand-time.ts";
import { interposed } from "./testing/interposed-store.ts";
import { Peer } from "./testing/peer.ts";
import { receivedBy } from "./testing/received.ts";
import { aWorld, TENANT, type World } from "./testing/world.ts";

async function hello(world: World, hub: FeedHub, after: string | null = null, client?: ClientId): Promise<Peer> {
  const peer = new Peer(hub, await world.bearer(client));
  peer.hello({ after });
  await settled();
  return peer;
}

async function headOf(store: Store): Promise<Position> {
  return (await store.read([])).head.pos;
}

describe("the fleet row", () => {
  it("is written before anything is granted; without it the connection ends with a fault [CONN-2] [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const between = interposed(world.store);
    const hub = world.hub({ store: between.store });
    const gate = Promise.withResolvers<void>();
    between.between = { commit: (changes) => gate.promise.then(() => world.store.commit(changes)) };
    const peer = await hello(world, hub);
    peer.ping();
    await settled();
    assert.deepEqual([peer.types, hub.heard().size], [[], 0]);
    gate.resolve();
    await settled();
    const key = memberKey(TENANT, "api-1");
    assert.ok((await world.store.read([key])).get(key) !== undefined);
    assert.equal(peer.heads.length, 1);
    between.between = { commit: async (changes) => changes.map(() => ({ kind: "failed", cause: null, full: false })) };
    const second = await hello(world, hub);
    assert.deepEqual([second.closedWith, second.types], [FEED_CLOSE.fault, []]);
    assert.ok(world.events.some((event) => event.kind === "failed" && event.during === "joining"));
  });

  it("is renewed as long as the verifier is heard, and outlives it by a day and its M [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    const key = memberKey(TENANT, "api-1");
    const expires = async (): Promise<number> => (await world.store.read([key])).get(key)?.expires ?? 0;
    const endless = { ...(await world.bearer()), expires: (world.time.clock.now() + 1e9) as never };
    const peer = new Peer(hub, endless);
    peer.hello();
    await settled();
    const first = await expires();
    assert.equal(first, world.time.clock.now() + RENEW_EVERY + KEPT_AFTER_SILENCE + 60_000);
    for (let passed = 0; passed < RENEW_EVERY; passed += 50_000) {
      peer.ping();
      await world.time.pass(50_000);
    }
    assert.equal(peer.closedWith, undefined);
    assert.ok((await expires()) - first >= RENEW_EVERY - 60_000);
  });

  it("says within half a minute which keys the verifier has acknowledged, where several nodes serve one store [KEY-4]", async () => {
    for (const nodes of ["many", "one"] as const) {
      const world = await aWorld(createMemoryStore);
      const key = memberKey(TENANT, "api-1");
      const noted = async (): Promise<number | undefined> => {
        const row = (await world.store.read([key])).get(key);
        return row === undefined ? undefined : memberFromRow(row).keys;
      };
      const hub = world.hub({ store: { ...world.store, traits: { ...world.store.traits, nodes } } });
      const peer = await hello(world, hub);
      peer.ping();
      await settled();
      assert.equal(await noted(), undefined);
      await world.time.pass(20_000);
      assert.equal(await noted(), nodes === "many" ? 1 : undefined);
      assert.equal(await world.rotate(), 2);
      hub.headMoved();
      await settled();
      peer.ping();
      await world.time.pass(20_000);
      assert.equal(await noted(), nodes === "many" ? 2 : undefined);
    }
  });

  it("says so at the next look when it could not be written [KEY-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const key = memberKey(TENANT, "api-1");
    const noted = async (): Promise<number | undefined> => {
      const row = (await world.store.read([key])).get(key);
      return row === undefined ? undefined : memberFromRow(row).keys;
    };
    const { store, between } = interposed({ ...world.store, traits: { ...world.store.traits, nodes: "many" } });
    const hub = world.hub({ store });
    const peer = await hello(world, hub);
    peer.ping();
    await settled();
    between.commit = () => Promise.reject(new Error("the store is away"));
    await world.time.pass(20_000);
    assert.equal(await noted(), undefined);
    delete between.commit;
    peer.ping();
    await world.time.pass(20_000);
    assert.equal(await noted(), 1);
  });

  it("is not removed by a goodbye that is still being written when its verifier comes back [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const between = interposed(world.store);
    const hub = world.hub({ store: between.store });
    const gate = Promise.withResolvers<void>();
    (await hello(world, hub)).say({ type: "bye" });
    between.between = {
      commit: async (changes) => {
        if (changes.some(({ rows }) => rows.some(({ next }) => next === "gone"))) await gate.promise;
        return world.store.commit(changes);
      },
    };
    const back = await hello(world, hub);
    gate.resolve();
    await settled();
    back.ping();
    await settled();
    const key = memberKey(TENANT, "api-1");
    assert.equal(back.heads.length, 1);
    assert.ok((await world.store.read([key])).get(key) !== undefined);
  });

  it("is not removed by a late goodbye at another node than the one that its verifier came back to [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const [here, there] = [world.hub(), world.hub()];
    const early = await hello(world, here);
    const back = await hello(world, there);
    early.say({ type: "bye" });
    await settled();
    back.ping();
    await settled();
    const key = memberKey(TENANT, "api-1");
    assert.equal(back.heads.length, 1);
    assert.ok((await world.store.read([key])).get(key) !== undefined);
    back.say({ type: "bye" });
    await settled();
    assert.equal((await world.store.read([key])).get(key), undefined);
  });

  it("goes with a goodbye, and is there again when the same instance comes back at once [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    const key = memberKey(TENANT, "api-1");
    const peer = await hello(world, hub);
    peer.ping();
    peer.say({ type: "bye" });
    assert.equal(peer.closedWith, 1000);
    assert.equal(hub.heard().has("api-1"), false);
    await settled();
    assert.equal((await world.store.read([key])).get(key), undefined);
    const again = await hello(world, hub);
    again.say({ type: "bye" });
    const last = await hello(world, hub);
    last.ping();
    await settled();
    assert.equal(last.heads.length, 1);
    assert.ok((await world.store.read([key])).get(key) !== undefined);
  });
});

describe("a snapshot", () => {
  it("comes in parts of at most 2,000, and all of them cover every live notice [F-06]", async () => {
    const world = await aWorld(createMemoryStore);
    await fill(world, 4500);
    const peer = await hello(world, world.hub());
    assert.equal(peer.welcome?.resumed, false);
    assert.deepEqual(
      peer.snapshot.map(({ part, last, notices }) => [part, last, notices.length]),
      [
        [1, false, 2000],
        [2, false, 2000],
        [3, true, 500],
      ],
    );
    const held = receivedBy(peer, undefined);
    assert.deepEqual([held.positions.length, held.at], [4500, { epoch: 1, seq: 4500 }]);
  });

  it("loses nothing that is revoked while it is sent [F-07]", async () => {
    const world = await aWorld(createMemoryStore);
    await fill(world, 4500);
    const hub = world.hub();
    const peer = new Peer(hub, await world.bearer());
    peer.unread = 2 * 1024 * 1024;
    peer.hello();
    await settled();
    assert.equal(peer.snapshot.length, 1);
    await world.revokeAny();
    await world.time.pass(100);
    await world.revokeAny();
    await world.time.pass(100);
    peer.unread = 0;
    await world.time.pass(1000);
    peer.ping();
    await settled();
    assert.deepEqual(peer.types.slice(2), ["snapshot", "snapshot", "snapshot", "notices", "notices", "head"]);
    const held = receivedBy(peer, undefined);
    assert.equal(held.positions.length, 4502);
    assert.deepEqual(held.at, await headOf(world.store));
  });

  it("that is built while notices arrive is complete with what follows it [F-07]", async () => {
    const world = await aWorld(createMemoryStore);
    await fill(world, 10);
    const between = interposed(world.store);
    const hub = world.hub({ store: between.store });
    const gate = Promise.withResolvers<void>();
    between.between = {
      notices: async (range) => {
        const page = await world.store.notices(range);
        if (range.after.seq === 0) await gate.promise;
        return page;
      },
    };
    const peer = await hello(world, hub);
    await world.revokeAny();
    await settled();
    gate.resolve();
    await settled();
    assert.equal(receivedBy(peer, undefined).positions.length, 11);
  });

  it("is not followed by what it holds already", async () => {
    const world = await aWorld(createMemoryStore);
    const between = interposed(world.store);
    const hub = world.hub({ store: between.store });
    await hello(world, hub, null, "other" as ClientId);
    const gate = Promise.withResolvers<void>();
    between.between = { commit: (changes) => gate.promise.then(() => world.store.commit(changes)) };
    const peer = new Peer(hub, await world.bearer(), "api-2");
    peer.hello();
    await settled();
    await world.revokeAny();
    await settled();
    gate.resolve();
    await settled();
    assert.deepEqual(peer.types, ["welcome", "keys", "snapshot"]);
    assert.equal(receivedBy(peer, undefined).positions.length, 1);
  });

  it("is built once for ten thousand verifiers that come back together [F-15]", async () => {
    const world = await aWorld(createMemoryStore);
    await fill(world, 3000);
    const between = interposed(world.store);
    const hub = world.hub({ store: between.store });
    const bearer = await world.bearer();
    const peers = Array.from({ length: 10_000 }, (_, index) => new Peer(hub, bearer, `api-${index}`));
    const before = { ...between.calls };
    for (const peer of peers) peer.hello();
    await settled(20_000);
    for (const peer of peers) peer.ping({ epoch: 1, seq: 3000 }, 1);
    await settled();
    assert.ok(peers.every(({ messages }) => messages.length === 5));
    assert.deepEqual(peers[9999]?.types, ["welcome", "keys", "snapshot", "snapshot", "head"]);
    assert.equal(between.calls.notices - before.notices, 2);
    const [first, second] = peers;
    assert.deepEqual(first?.messages.slice(1), second?.messages.slice(1));
    // Each joins with a read of its row; all heads together cost two more.
    assert.ok(between.calls.read - before.read <= 10_000 + 5, String(between.calls.read - before.read));
    assert.equal(hub.connections().length, 10_000);
  });
});

describe("a cursor", () => {
  it("that the store covers is gone on after, also from another node or after a restart [CONN-3] [F-09]", async () => {
    const world = await aWorld(createMemoryStore);
    const first = await hello(world, world.hub());
    await world.revokeAny();
    await settled();
    const { cursor, applied } = first;
    first.hangUp();
    const missed = [(await world.revokeAny()).pos, (await world.revokeAny()).pos];
    const second = await hello(world, world.hub(), cursor);
    second.ping();
    await settled();
    assert.equal(second.welcome?.resumed, true);
    assert.deepEqual(second.types, ["welcome", "keys", "notices", "head"]);
    assert.deepEqual(second.intervals[0]?.after, applied);
    assert.deepEqual(receivedBy(second, applied).positions, missed.map(formatPosition));
  });

  it("at the head needs nothing more, in pages if there is much [CONN-3]", async () => {
    const world = await aWorld(createMemoryStore);
    const first = await hello(world, world.hub());
    const { cursor, applied } = first;
    const second = await hello(world, world.hub(), cursor);
    assert.deepEqual([second.welcome?.resumed, second.types], [true, ["welcome", "keys"]]);
    await fill(world, 4500);
    const third = await hello(world, world.hub(), cursor);
    assert.deepEqual(
      third.intervals.map(({ notices }) => notices.length),
      [2000, 2000, 500],
    );
    assert.equal(receivedBy(third, applied).positions.length, 4500);
  });

  it("whose notice is no longer kept proves nothing: a snapshot, and no new epoch [POS-8] [F-06]", async () => {
    const world = await aWorld(createMemoryStore);
    const first = await hello(world, world.hub());
    await world.revokeAny();
    await settled();
    const { cursor } = first;
    await world.time.pass(400_000);
    await sweep({ ...world, factsKept: 1 }, world.time.clock.now());
    await world.revokeAny();
    const second = await hello(world, world.hub(), cursor);
    assert.equal(second.welcome?.resumed, false);
    assert.equal(second.snapshot.length, 1);
    assert.deepEqual((await headOf(world.store)).epoch, 1);
  });

  it("that no server key has tagged is as good as none, wherever it points [POS-7]", async () => {
    const world = await aWorld(createMemoryStore);
    const peer = await hello(world, world.hub());
    const genuine = peer.cursor ?? "";
    const foreign = { currentKid: 1, derive: () => new Uint8Array(32) };
    const forged = formatCursor(foreign, TENANT, { pos: { epoch: 7, seq: 7 }, mark: "AAAAAAAAAAA" });
    const elsewhere = genuine.replace(/^1\.0\./, "1.9.");
    for (const cursor of [forged, elsewhere, `${genuine}.x`, "1.0", "nonsense"]) {
      const other = await hello(world, world.hub(), cursor);
      assert.equal(other.welcome?.resumed, false, cursor);
    }
    assert.deepEqual(await headOf(world.store), { epoch: 1, seq: 0 });
  });
});

describe("a fault while joining", () => {
  it("ends the connection with 1011, whichever call of the store fails [CONN-2]", async () => {
    const world = await aWorld(createMemoryStore);
    const fail = (): Promise<never> => Promise.reject(new Fault("store_unavailable"));
    const first = await hello(world, world.hub());
    const { cursor } = first;
    await world.revokeAny();
    for (const broken of [{ read: fail }, { notices: fail }, { markAt: fail }]) {
      const between = interposed(world.store);
      between.between = broken;
      const peer = await hello(world, world.hub({ store: between.store }), "markAt" in broken ? cursor : null);
      assert.deepEqual([peer.closedWith, peer.heads], [FEED_CLOSE.fault, []]);
    }
  });
});
