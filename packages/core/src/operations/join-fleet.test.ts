import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Hello } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import { Fault } from "../kernel/fault.ts";
import type { ClientId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import { CONNECTED, KEPT_AFTER_SILENCE, memberKey, memberToRow, PULLING, RENEW_EVERY } from "../revocation/fleet.ts";
import { TENANT } from "../testing/builders.ts";
import { aWorld, type World } from "../testing/world.ts";
import { joinFleet, leaveFleet, leaveNode, nameInFleet, renewMember } from "./join-fleet.ts";
import { readFleet } from "./read-revocation.ts";
import { sweep } from "./sweep.ts";

function hello(changes: Partial<Hello> = {}): Hello {
  return {
    type: "hello",
    feed: 1,
    instance: "api-1",
    service: "api",
    region: null,
    version: "1.0.0",
    after: null,
    max_staleness_ms: 60_000,
    on_stale: "unavailable",
    ...changes,
  };
}

const fleet = (world: World) => readFleet(world.store, TENANT);

describe("a verifier", () => {
  it("that says hello is in the fleet before it can have a lease, and the first time is a fact [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const member = await joinFleet(world, hello({ region: "eu" }));
    assert.deepEqual(await fleet(world), [member]);
    assert.deepEqual(
      [member.instance, member.service, member.region, member.maxStaleness, member.joined],
      ["api-1", "api", "eu", 60_000, world.now()],
    );
    world.wait(5);
    const { join } = await joinFleet(world, hello({ region: "eu" }));
    assert.deepEqual(await fleet(world), [{ ...member, lastNoted: world.now(), join }]);
    assert.notEqual(join, member.join);
    assert.equal((await world.facts()).filter((fact) => fact.kind === "verifier_joined").length, 1);
  });

  it("that comes back with a shorter M keeps the longer one, and with a longer one gets it [RCP-3] [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    await joinFleet(world, hello());
    assert.equal((await joinFleet(world, hello({ max_staleness_ms: 2000 }))).maxStaleness, 60_000);
    assert.equal((await joinFleet(world, hello({ max_staleness_ms: 90_000 }))).maxStaleness, 90_000);
  });

  it("that ever accepted when stale is not believed to have stopped while its old leases may last [RCP-4]", async () => {
    const world = await aWorld(createMemoryStore);
    await joinFleet(world, hello({ on_stale: "accept" }));
    assert.equal((await joinFleet(world, hello())).onStale, "accept");
  });

  it("is kept until well after its last lease can have ended [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const kept = RENEW_EVERY + 60_000 + KEPT_AFTER_SILENCE;
    const joined = await joinFleet(world, hello());
    world.wait(RENEW_EVERY);
    await renewMember(world, joined);
    const key = memberKey(TENANT, "api-1");
    assert.equal((await world.store.read([key])).get(key)?.expires, afterMs(world.now(), kept));
    const swept = () => sweep({ ...world, factsKept: 1e12 }, world.now());
    world.wait(kept - 1);
    await swept();
    assert.equal((await fleet(world)).length, 1);
    world.wait(1);
    await swept();
    assert.deepEqual(await fleet(world), []);
  });

  it("that says goodbye is waited for no longer, and saying it twice is nothing", async () => {
    const world = await aWorld(createMemoryStore);
    const joined = await joinFleet(world, hello());
    await leaveFleet(world, joined);
    await leaveFleet(world, joined);
    assert.deepEqual(await fleet(world), []);
    assert.deepEqual(
      (await world.facts()).slice(-2).map((fact) => fact.kind),
      ["verifier_joined", "verifier_left"],
    );
  });

  it("is not removed by a goodbye that belongs to an earlier hello of it, at whichever node [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const before = await joinFleet(world, hello());
    const after = await joinFleet(world, hello());
    await leaveFleet(world, before);
    assert.deepEqual(await fleet(world), [after]);
    world.wait(RENEW_EVERY);
    await renewMember(world, after);
    await leaveFleet(world, before);
    assert.equal((await fleet(world)).length, 1);
    await leaveFleet(world, after);
    assert.deepEqual(await fleet(world), []);
  });

  it("that is connected gets its row again when it is gone [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const joined = await joinFleet(world, hello());
    await leaveFleet(world, joined);
    world.wait(RENEW_EVERY);
    await renewMember(world, joined);
    assert.deepEqual(await fleet(world), [{ ...joined, lastNoted: world.now() }]);
  });

  it("whose row was written before hellos had names is removed by no goodbye [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const joined = await joinFleet(world, hello());
    const { join: _, ...unnamed } = joined;
    const key = memberKey(TENANT, "api-1");
    const row = (await world.store.read([key])).get(key);
    assert.ok(row !== undefined);
    const next = memberToRow(unnamed as typeof joined, afterMs(world.now(), 1000));
    const change = { attempt: "AAAAAAAAAAA", rows: [{ key, expect: row.version, next }], notices: [], facts: [] };
    await world.store.commit([change]);
    assert.deepEqual(await fleet(world), [{ ...joined, join: null }]);
    await leaveFleet(world, joined);
    assert.equal((await fleet(world)).length, 1);
  });

  it("says hello twice at once and is one member", async () => {
    const world = await aWorld(createMemoryStore);
    await Promise.all([joinFleet(world, hello()), joinFleet(world, hello({ max_staleness_ms: 90_000 }))]);
    assert.deepEqual(
      (await fleet(world)).map((member) => member.maxStaleness),
      [90_000],
    );
  });

  it("is found among more than one page of others", async () => {
    const world = await aWorld(createMemoryStore);
    for (let count = 0; count < 501; count += 1) await joinFleet(world, hello({ instance: `api-${count}` }));
    assert.equal(new Set((await fleet(world)).map((member) => member.instance)).size, 501);
  });

  it("is known with the newest keys that it has acknowledged, for good, and with what it said [KEY-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const keysNow = async (): Promise<number | undefined> => (await fleet(world))[0]?.keys;
    const first = await joinFleet(world, hello());
    assert.ok(!("keys" in first) && !("at" in first));
    assert.deepEqual(
      (await world.facts()).slice(-1).map(({ kind, body }) => [kind, JSON.parse(body)]),
      [["verifier_joined", { instance: "api-1", service: "api" }]],
    );
    await renewMember(world, first, 3);
    assert.equal(await keysNow(), 3);
    const second = await joinFleet(world, hello(), undefined, 2, { node: "n", hello: 1 });
    assert.deepEqual([await keysNow(), second.at], [3, { node: "n", hello: 1 }]);
    await renewMember(world, second);
    assert.equal(await keysNow(), 3);
    assert.equal((await joinFleet(world, hello({ on_stale: "introspect" }))).onStale, "introspect");
    const [member] = await fleet(world);
    assert.ok(member !== undefined);
    await leaveFleet(world, member);
    assert.deepEqual(
      (await world.facts()).slice(-1).map(({ kind, body }) => [kind, JSON.parse(body)]),
      [["verifier_left", { instance: "api-1", service: "api" }]],
    );
  });

  it("that is renewed keeps what it has said since at another node [RCP-3] [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const first = await joinFleet(world, hello());
    const second = await joinFleet(world, hello({ max_staleness_ms: 90_000, region: "eu" }));
    await renewMember(world, first);
    assert.deepEqual(await fleet(world), [second]);
  });

  it("that pulls is kept no shorter than it was to be kept as a connected one [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const keptFor = async (): Promise<number> => {
      const [row] = await world.store.list({ tenant: TENANT, kind: "verifier", limit: 1 });
      return (row?.expires ?? 0) - world.now();
    };
    await joinFleet(world, hello({ instance: "fn" }), PULLING);
    assert.equal(await keptFor(), 60_000 + PULLING.kept);
    await joinFleet(world, hello({ instance: "fn" }));
    assert.equal(await keptFor(), 60_000 + CONNECTED.kept);
    await joinFleet(world, hello({ instance: "fn" }), PULLING);
    assert.equal(await keptFor(), 60_000 + CONNECTED.kept);
  });

  it("at no node is let go of by none, and one that is let go of keeps its time [NODE-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const rowNow = async () => (await world.store.list({ tenant: TENANT, kind: "verifier", limit: 1 }))[0];
    await joinFleet(world, hello());
    const before = await rowNow();
    await leaveNode(world, "api-1", { node: "n", hello: 1 });
    assert.deepEqual(await rowNow(), before);
    await joinFleet(world, hello(), undefined, undefined, { node: "n", hello: 1 });
    const expires = (await rowNow())?.expires;
    world.wait(1000);
    await leaveNode(world, "api-1", { node: "other", hello: 1 });
    assert.deepEqual((await fleet(world))[0]?.at, { node: "n", hello: 1 });
    await leaveNode(world, "api-1", { node: "n", hello: 1 });
    assert.ok(!("at" in ((await fleet(world))[0] ?? assert.fail())));
    assert.equal((await rowNow())?.expires, expires);
  });
});

describe("a name in the fleet", () => {
  const [payments, orders] = ["payments", "orders"] as unknown as readonly [ClientId, ClientId];
  const joins = (world: World, client: ClientId | null, instance = "api-1") =>
    joinFleet(world, hello({ instance }), undefined, undefined, undefined, client);
  const nameOf = async (world: World, client: ClientId, instance = "api-1") =>
    (await nameInFleet(world, instance, client)).instance;

  it("is the one that the verifier says, while none of another client stands under it [CONN-8]", async () => {
    const world = await aWorld(createMemoryStore);
    assert.equal(await nameOf(world, payments), "api-1");
    const { client } = await joins(world, payments);
    assert.equal(client, payments);
    assert.deepEqual([await nameOf(world, payments), await nameOf(world, orders)], ["api-1", "api-1 · orders"]);
  });

  it("that another client's verifier has just taken is refused as contended, and nothing of its row changes [CONN-8] [NB-40]", async () => {
    const world = await aWorld(createMemoryStore);
    await joins(world, payments);
    const before = await fleet(world);
    await assert.rejects(joins(world, orders), (thrown) => thrown instanceof Fault && thrown.code === "contended");
    assert.deepEqual(await fleet(world), before);
    await joins(world, orders, "api-1 · orders");
    assert.deepEqual((await fleet(world)).map(({ instance }) => instance).toSorted(), ["api-1", "api-1 · orders"]);
  });

  it("is free again at the instant at which nobody can hold a lease under it, and before it not [CONN-8]", async () => {
    const world = await aWorld(createMemoryStore);
    await joins(world, payments);
    const end = 60_000 + RENEW_EVERY + KEPT_AFTER_SILENCE;
    world.wait(end - 1);
    assert.equal(await nameOf(world, orders), "api-1 · orders");
    world.wait(1);
    assert.equal(await nameOf(world, orders), "api-1");
    assert.equal((await joins(world, orders)).client, orders);
  });

  it("takes nothing over from another client's verifier that had it: neither its M nor that it goes on without a lease [CONN-8] [RCP-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const lax = hello({ max_staleness_ms: 90_000, on_stale: "accept" });
    await joinFleet(world, lax, undefined, 7, undefined, payments);
    world.wait(90_000 + RENEW_EVERY + KEPT_AFTER_SILENCE);
    const { joined, keys, maxStaleness, onStale } = await joins(world, orders);
    assert.deepEqual([joined, keys, maxStaleness, onStale], [world.now(), undefined, 60_000, "unavailable"]);
  });

  it("of a row in which a release before this one noted no client is whoever's says it first [CONN-8]", async () => {
    const world = await aWorld(createMemoryStore);
    await joins(world, null);
    assert.equal(await nameOf(world, orders), "api-1");
    await joins(world, orders);
    assert.equal(await nameOf(world, payments), "api-1 · payments");
  });

  it("stays whose it is when the row is renewed [CONN-8]", async () => {
    const world = await aWorld(createMemoryStore);
    assert.equal(await renewMember(world, await joins(world, payments)), true);
    assert.equal(await nameOf(world, orders), "api-1 · orders");
  });

  it("that has come to another client's is renewed for that one alone [CONN-8] [NB-40]", async () => {
    const world = await aWorld(createMemoryStore);
    const early = await joins(world, orders);
    await leaveFleet(world, early);
    await joins(world, payments);
    const before = await fleet(world);
    world.wait(5);
    assert.equal(await renewMember(world, early, 9), false);
    assert.deepEqual(await fleet(world), before);
  });
});
