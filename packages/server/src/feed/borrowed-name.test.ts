// A verifier of one client under the name of another's: nothing that it says counts for that one.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ClientId, readFleet } from "@hallpass/core";
import { FEED_CLOSE } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import type { FeedHub } from "./hub.ts";
import type { FeedBearer } from "./own-bearer.ts";
import { parsePull } from "./pull.ts";
import { textsOf } from "./pull-body.ts";
import { settled } from "./testing/hand-time.ts";
import { Peer } from "./testing/peer.ts";
import { acknowledge, countsOf, joined, type Stage, twoNodes } from "./testing/two-nodes.ts";
import { type MakeStore, TENANT } from "./testing/world.ts";

const shared: MakeStore = (ports) => createMemoryStore({ ...ports, traits: { nodes: "many" } });

const ORDERS = "orders" as ClientId;

async function impostor({ world }: Stage, hub: FeedHub): Promise<Peer> {
  const peer = new Peer(hub, await world.bearer(ORDERS), "api-1");
  peer.hello();
  await settled();
  return peer;
}

const names = async ({ world }: Stage): Promise<readonly string[]> =>
  (await readFleet(world.store, TENANT)).map(({ instance }) => instance).toSorted();

/** Answers the cursor that it got. */
async function pullAs(hub: FeedHub, bearer: FeedBearer, after: string | null, applied: string): Promise<string> {
  const hello = { type: "hello", feed: 1, instance: "api-1", service: "api", version: "v", after };
  const ping = { type: "ping", n: "kq3ZyVZ7Q0yT9n1m2b3c4Q", applied, keys: 0 };
  const said = parsePull(
    `${JSON.stringify({ ...hello, max_staleness_ms: 60_000, on_stale: "unavailable" })}\n${JSON.stringify(ping)}`,
  );
  assert.ok(said !== undefined);
  const { snapshot, before } = await hub.pull(said, bearer);
  return /"cursor":"([^"]+)"/.exec([...textsOf(snapshot), ...before].join("\n"))?.[1] ?? "";
}

describe("a verifier under the name of another client's", () => {
  for (const where of ["a", "b"] as const) {
    const place = where === "a" ? "at the same node" : "at another node";

    it(`ends no connection of it, and stands beside it with its own client's name, ${place} [CONN-8] [NB-40]`, async () => {
      const stage = await twoNodes(shared);
      const genuine = await joined(stage, stage.a, "api-1");
      const other = await impostor(stage, stage[where]);
      assert.deepEqual([genuine.closedWith, other.closedWith], [undefined, undefined]);
      assert.deepEqual(await names(stage), ["api-1", "api-1 · orders"]);
      await acknowledge(stage, genuine, stage.a);
      assert.notEqual(genuine.heads.length, 0);
    });

    it(`acknowledges nothing for it, ${place} [CONN-8] [NB-40] [RCP-4]`, async () => {
      const stage = await twoNodes(shared);
      const genuine = await joined(stage, stage.a, "api-1");
      const other = await impostor(stage, stage[where]);
      const revocation = await stage.world.revokeAny();
      await acknowledge(stage, other, stage[where]);
      assert.deepEqual(await countsOf(stage, revocation), [1, 1]);
      await acknowledge(stage, genuine, stage.a);
      assert.deepEqual(await countsOf(stage, revocation), [2, 0]);
    });

    it(`says goodbye for itself alone, ${place} [CONN-8] [NB-40] [RCP-6]`, async () => {
      const stage = await twoNodes(shared);
      await joined(stage, stage.a, "api-1");
      const other = await impostor(stage, stage[where]);
      other.say({ type: "bye" });
      await stage.world.time.pass(200);
      assert.deepEqual(await names(stage), ["api-1"]);
      assert.deepEqual(await countsOf(stage, await stage.world.revokeAny()), [0, 1]);
    });
  }

  it("acknowledges nothing for it by a pull either, and pulls under its own [CONN-8] [NB-40] [PULL-4]", async () => {
    const stage = await twoNodes(shared);
    const genuine = await joined(stage, stage.a, "api-1");
    const revocation = await stage.world.revokeAny();
    const bearer = await stage.world.bearer(ORDERS);
    const cursor = await pullAs(stage.a, bearer, null, "1.0");
    await pullAs(stage.a, bearer, cursor, "1.1");
    assert.deepEqual(await names(stage), ["api-1", "api-1 · orders"]);
    assert.deepEqual(await countsOf(stage, revocation), [1, 1]);
    await acknowledge(stage, genuine, stage.a);
    assert.deepEqual(await countsOf(stage, revocation), [2, 0]);
  });

  it("gets the name once that one has said goodbye [CONN-8]", async () => {
    const stage = await twoNodes(shared);
    (await joined(stage, stage.a, "api-1")).say({ type: "bye" });
    await stage.world.time.pass(200);
    await impostor(stage, stage.b);
    assert.deepEqual(await names(stage), ["api-1"]);
  });

  it("that has said goodbye at another node acknowledges nothing for whoever has the name since, and comes back under its own [CONN-8] [NB-40]", async () => {
    const stage = await twoNodes(shared);
    const early = await impostor(stage, stage.a);
    (await impostor(stage, stage.b)).say({ type: "bye" });
    await stage.world.time.pass(200);
    const genuine = await joined(stage, stage.b, "api-1");
    const revocation = await stage.world.revokeAny();
    await acknowledge(stage, early, stage.a);
    assert.deepEqual([early.closedWith, early.heads.length], [undefined, 1]);
    assert.deepEqual(await countsOf(stage, revocation), [0, 1]);
    await acknowledge(stage, genuine, stage.b);
    assert.deepEqual(await countsOf(stage, revocation), [1, 0]);
    await stage.world.time.pass(20_000);
    assert.deepEqual([early.closedWith, genuine.closedWith], [FEED_CLOSE.drain, undefined]);
  });

  it("that pulls on under it after its goodbye acknowledges nothing for whoever has the name since [CONN-8] [NB-40] [PULL-4]", async () => {
    const stage = await twoNodes(shared);
    const bearer = await stage.world.bearer(ORDERS);
    const cursor = await pullAs(stage.a, bearer, null, "1.0");
    (await impostor(stage, stage.a)).say({ type: "bye" });
    await stage.world.time.pass(200);
    const genuine = await joined(stage, stage.a, "api-1");
    const revocation = await stage.world.revokeAny();
    const later = await pullAs(stage.a, bearer, cursor, "1.0");
    await pullAs(stage.a, bearer, later, "1.1");
    assert.deepEqual(await countsOf(stage, revocation), [0, 1]);
    await acknowledge(stage, genuine, stage.a);
    assert.deepEqual(await countsOf(stage, revocation), [1, 0]);
  });
});
