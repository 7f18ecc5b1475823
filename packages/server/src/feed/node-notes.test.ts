// Two nodes on one store that says it serves many: what each notes for the other, and what a receipt makes of it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Change, Fault, type NodeNote, readFleet, readNodes, type Store } from "@hallpass/core";
import { createMemoryStore } from "@hallpass/store-memory";
import { settled } from "./testing/hand-time.ts";
import { Peer } from "./testing/peer.ts";
import { acknowledge, countsOf, joined, M, receiptAtA, type Stage, twoNodes } from "./testing/two-nodes.ts";
import { type MakeStore, TENANT } from "./testing/world.ts";

const shared: MakeStore = (ports) => createMemoryStore({ ...ports, traits: { nodes: "many" } });

describe("a receipt at one node", () => {
  it("counts a verifier that listens to another as soon as that node has noted its acknowledgement, and not before [NODE-4]", async () => {
    const stage = await twoNodes(shared);
    const peer = await joined(stage, stage.b, "v");
    const revocation = await stage.world.revokeAny();
    assert.deepEqual(await countsOf(stage, revocation), [0, 1]);
    stage.b.headMoved();
    await stage.world.time.pass(1000);
    assert.deepEqual(await countsOf(stage, revocation), [0, 1], "it was sent, and not acknowledged");
    peer.ping();
    await settled();
    assert.deepEqual(await countsOf(stage, revocation), [0, 1], "it was acknowledged, and not noted");
    await stage.world.time.pass(15);
    assert.deepEqual(await countsOf(stage, revocation), [1, 0]);
  });

  it("never counts one that is stopped before its bound, however many others of its node have acknowledged [NODE-4] [RCP-3]", async () => {
    const stage = await twoNodes(shared);
    const [quick, stopped] = [await joined(stage, stage.b, "quick"), await joined(stage, stage.b, "stopped")];
    const revocation = await stage.world.revokeAny();
    await acknowledge(stage, quick, stage.b);
    const receipt = await receiptAtA(stage, revocation);
    assert.deepEqual([receipt.fleet.enforced, receipt.fleet.waiting], [1, 1]);
    assert.deepEqual(
      receipt.services.flatMap(({ silent }) => silent.map((one) => [one.instance, one.refuses_by_ms])),
      [["stopped", revocation.committed + M]],
    );
    stopped.hangUp();
    await stage.world.time.pass(M - 300);
    assert.deepEqual(await countsOf(stage, revocation), [1, 1]);
    await stage.world.time.pass(300);
    assert.deepEqual(await countsOf(stage, revocation), [2, 0]);
  });

  it("counts a verifier that moves between nodes once, and by the node that it said hello to last [NODE-5]", async () => {
    const stage = await twoNodes(shared);
    const first = await joined(stage, stage.b, "v");
    const before = await stage.world.revokeAny();
    await acknowledge(stage, first, stage.b);
    first.hangUp();
    const second = await joined(stage, stage.a, "v");
    assert.deepEqual(await countsOf(stage, before), [1, 0]);
    second.hangUp();
    const third = await joined(stage, stage.b, "v");
    const later = await stage.world.revokeAny();
    assert.deepEqual(await countsOf(stage, later), [0, 1]);
    await acknowledge(stage, third, stage.b);
    assert.deepEqual(await countsOf(stage, later), [1, 0]);
  });

  it("claims nothing of a hello that its node has not noted yet, whatever that node has noted of others [NODE-5]", async () => {
    const stage = await twoNodes(shared);
    const quick = await joined(stage, stage.b, "quick");
    const revocation = await stage.world.revokeAny();
    await acknowledge(stage, quick, stage.b);
    // It says hello, and may still hold a lease that another node gave it; nothing is noted since.
    const late = new Peer(stage.b, await stage.world.bearer(), "late");
    late.hello();
    await settled();
    assert.deepEqual(await countsOf(stage, revocation), [1, 1]);
    await stage.world.time.pass(10_000);
    assert.deepEqual(await countsOf(stage, revocation), [1, 1]);
  });

  for (const [what, ends] of [
    ["is still being written", false],
    ["could not be written", true],
  ] as const) {
    it(`claims nothing of one that says hello again while the row of that hello ${what} [NODE-5] [RCP-3]`, async () => {
      let isHeldUp = false;
      const held = Promise.withResolvers<void>();
      const stage = await twoNodes((ports) => {
        const inner = shared(ports);
        const isHeld = (changes: readonly Change[]): boolean =>
          isHeldUp && changes.some(({ rows }) => rows.some(({ key }) => key.kind === "verifier"));
        return {
          ...inner,
          commit: async (changes) => {
            if (!isHeld(changes)) return inner.commit(changes);
            if (ends)
              return changes.map(() => ({ kind: "failed", cause: new Fault("store_unavailable"), full: false }));
            await held.promise;
            return inner.commit(changes);
          },
        };
      });
      const [quick, slow] = [await joined(stage, stage.b, "quick"), await joined(stage, stage.b, "slow")];
      const revocation = await stage.world.revokeAny();
      await acknowledge(stage, quick, stage.b);
      assert.deepEqual(await countsOf(stage, revocation), [1, 1]);
      slow.hangUp();
      isHeldUp = true;
      const again: Peer[] = [];
      for (let hellos = 0; hellos < 3; hellos += 1) {
        const peer = new Peer(stage.b, await stage.world.bearer(), "slow");
        peer.hello({ max_staleness_ms: M });
        again.push(peer);
        await stage.world.time.pass(1000);
        assert.deepEqual(await countsOf(stage, revocation), [1, 1], `after hello ${hellos + 1}`);
      }
      isHeldUp = false;
      held.resolve();
      const last = ends ? await joined(stage, stage.b, "slow") : again.at(-1);
      await stage.world.time.pass(200);
      if (!ends) assert.deepEqual(await countsOf(stage, revocation), [1, 1], "it has joined, and not acknowledged");
      assert.ok(last !== undefined);
      await acknowledge(stage, last, stage.b);
      assert.deepEqual(await countsOf(stage, revocation), [2, 0]);
    });
  }

  it("goes on counting what a node noted before it died, and names its verifiers for what came later [NODE-6]", async () => {
    const stage = await twoNodes(shared);
    const peer = await joined(stage, stage.b, "v");
    const before = await stage.world.revokeAny();
    await acknowledge(stage, peer, stage.b);
    await stage.b.drain();
    const later = await stage.world.revokeAny();
    assert.deepEqual(await countsOf(stage, before), [1, 0]);
    const receipt = await receiptAtA(stage, later);
    assert.equal(receipt.enforced_by_ms, later.committed + M);
    assert.deepEqual(
      receipt.services[0]?.silent.map(({ instance }) => instance),
      ["v"],
    );
    const again = await joined(stage, stage.a, "v");
    await acknowledge(stage, again, stage.a);
    assert.deepEqual(await countsOf(stage, later), [1, 0]);
  });

  it("claims nothing of one that pulls, whatever it acknowledged when it was connected [NODE-5] [PULL-9]", async () => {
    const stage = await twoNodes(shared);
    const peer = await joined(stage, stage.b, "v");
    peer.hangUp();
    const { instance, ...hello } = {
      type: "hello" as const,
      feed: 1,
      instance: "v",
      service: "api",
      region: null,
      version: "1",
      after: null,
      max_staleness_ms: M,
      on_stale: "unavailable" as const,
    };
    const ping = {
      type: "ping" as const,
      n: "xxxxxxxxxxxxxxxxxxxxxA",
      applied: { epoch: 1, seq: 0 },
      keys: 0,
      stats: {},
    };
    const bearer = await stage.world.bearer();
    await stage.b.pull({ hello: { instance, ...hello }, activity: [], ping }, bearer);
    const [member] = await readFleet(stage.world.store, TENANT);
    assert.equal(member?.at, undefined);
    const revocation = await stage.world.revokeAny();
    assert.deepEqual(await countsOf(stage, revocation), [0, 1]);
  });
});

describe("waiting at one node", () => {
  it("ends when verifiers of the others have acknowledged, and before its time [NODE-7] [RCP-7]", async () => {
    const stage = await twoNodes(shared);
    const peer = await joined(stage, stage.b, "v");
    const { pos } = await stage.world.revokeAny();
    let over = false;
    void stage.a.waitElsewhere(pos, 30_000).then(() => (over = true));
    await stage.world.time.pass(2000);
    assert.equal(over, false);
    await acknowledge(stage, peer, stage.b);
    await stage.world.time.pass(200);
    assert.equal(over, true);
  });

  it("waits for nobody who is gone, nor for those of a node that is silent for half a minute, nor for its own [NODE-7]", async () => {
    const gone = await twoNodes(shared);
    (await joined(gone, gone.b, "v")).hangUp();
    await gone.world.time.pass(200);
    await joined(gone, gone.a, "own");
    const began = gone.world.time.clock.monotonic();
    await gone.a.waitElsewhere((await gone.world.revokeAny()).pos, 30_000);
    assert.equal(gone.world.time.clock.monotonic(), began);

    for (const [silence, isWaitedFor] of [
      [29_000, true],
      [31_000, false],
    ] as const) {
      // The other node's writes stop: as if it were dead, its connections are open for all anyone knows.
      let isDead = false;
      const stage = await twoNodes((ports) => {
        const inner = shared(ports);
        const isOfB = (id: string): boolean => isDead && id === "node/BBBB";
        return {
          ...inner,
          commit: (changes) =>
            changes.some(({ rows }) => rows.some(({ key }) => isOfB(key.id)))
              ? Promise.reject(new Error("dead"))
              : inner.commit(changes),
        };
      });
      await joined(stage, stage.b, "v");
      isDead = true;
      await stage.world.time.pass(silence);
      let over = false;
      void stage.a.waitElsewhere((await stage.world.revokeAny()).pos, 500).then(() => (over = true));
      await settled();
      assert.equal(over, !isWaitedFor, `${silence}`);
    }
  });

  it("ends when its time is over, when the node drains, and when the store can't tell [NODE-7]", async () => {
    const stage = await twoNodes(shared);
    await joined(stage, stage.b, "v");
    const { pos } = await stage.world.revokeAny();
    let over = 0;
    void stage.a.waitElsewhere(pos, 500).then(() => (over += 1));
    await stage.world.time.pass(499);
    assert.equal(over, 0);
    await stage.world.time.pass(1);
    assert.equal(over, 1);
    void stage.a.waitElsewhere(pos, 500_000).then(() => (over += 1));
    await stage.world.time.pass(300);
    await stage.a.drain();
    await settled();
    assert.equal(over, 2);
    const gone: Store = { ...stage.world.store, list: () => Promise.reject(new Fault("store_unavailable")) };
    await stage.world.hub({ store: gone, node: "CCCC" }).waitElsewhere(pos, 500_000);
  });
});

describe("a node's row", () => {
  const rowOf = async ({ world }: Stage, name: string): Promise<NodeNote | undefined> =>
    (await readNodes(world.store, TENANT)).find((note) => note.name === name);

  it("is written once for all who acknowledge within a moment, and not at all while nothing moves [NODE-4]", async () => {
    let writes = 0;
    const stage = await twoNodes((ports) => {
      const inner = shared(ports);
      return {
        ...inner,
        commit: (changes) => {
          writes += changes.filter(({ rows }) => rows.some(({ key }) => key.id === "node/BBBB")).length;
          return inner.commit(changes);
        },
      };
    });
    const bearer = await stage.world.bearer();
    const peers = Array.from({ length: 40 }, (_, n) => new Peer(stage.b, bearer, `v-${n}`));
    for (const peer of peers) peer.hello();
    await settled();
    for (const peer of peers) peer.ping();
    await stage.world.time.pass(1000);
    await stage.world.revokeAny();
    stage.b.headMoved();
    await settled();
    writes = 0;
    for (const peer of peers) peer.ping();
    await stage.world.time.pass(5000);
    assert.equal(writes, 1);
    for (let second = 0; second < 4; second += 1) {
      for (const peer of peers) peer.ping();
      await stage.world.time.pass(1000);
    }
    assert.ok(writes <= 2, `${writes} in nine seconds, one of them because the node lives`);
  });

  it("forgets one that has been gone for longer than its lease, and then says nothing of it [NODE-5]", async () => {
    const stage = await twoNodes(shared);
    const peer = await joined(stage, stage.b, "v");
    peer.hangUp();
    await stage.world.time.pass(M - 1000);
    assert.deepEqual(
      [(await rowOf(stage, "b"))?.gone.size, (await readFleet(stage.world.store, TENANT))[0]?.at?.node],
      [1, "BBBB"],
    );
    await stage.world.time.pass(20_000);
    const [member] = await readFleet(stage.world.store, TENANT);
    assert.deepEqual([(await rowOf(stage, "b"))?.gone.size, member?.at, member?.instance], [0, undefined, "v"]);
  });
});
