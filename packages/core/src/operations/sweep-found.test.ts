// What the sweep was told is due, and finds otherwise when it reads it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { afterMs, type Instant } from "../kernel/time.ts";
import { sessionKey } from "../sessions/session-row.ts";
import { KEPT_AFTER_END } from "../sessions/standing.ts";
import { subjectKey } from "../sessions/subject.ts";
import type { RowKey, RowKind } from "../store/store.ts";
import { TENANT } from "../testing/builders.ts";
import { aWorld, opened, revoked, theSession, type World } from "../testing/world.ts";
import { readFacts } from "./read-facts.ts";
import { asOf, type Swept, sweep } from "./sweep.ts";

const FACTS_KEPT = 90 * 86_400_000;

function keyOf(kind: RowKind, id: string): RowKey {
  return { tenant: TENANT, kind, id };
}

async function written(world: World, key: RowKey, value: string, expires: Instant | null): Promise<void> {
  const expect = (await world.store.read([key])).get(key)?.version ?? ("absent" as const);
  const rows = [{ key, expect, next: { value, expires } }];
  await world.store.commit([{ attempt: "AAAAAAAAAAA", rows, notices: [], facts: [] }]);
}

async function versionOf(world: World, key: RowKey): Promise<number | undefined> {
  return (await world.store.read([key])).get(key)?.version;
}

/** Once more these keys are due, whatever they are by now. */
function sweptAsDue(world: World, keys: readonly RowKey[]): Promise<Swept> {
  const due: World["store"]["due"] = async ({ kind }) => keys.filter((key) => key.kind === kind);
  return sweep({ ...world, store: { ...world.store, due }, factsKept: FACTS_KEPT }, world.now());
}

describe("the sweep, when what was due is so no more", () => {
  it("removes no row that was renewed, made to last or removed meanwhile", async () => {
    const world = await aWorld(createMemoryStore);
    const [renewed, lasts, gone] = [keyOf("lease", "renewed"), keyOf("lease", "lasts"), keyOf("lease", "gone")];
    await written(world, renewed, "1", afterMs(world.now(), 1));
    await written(world, lasts, "1", null);
    assert.deepEqual(await sweptAsDue(world, [renewed, lasts, gone]), { ended: 0, removed: 0, more: false });
    assert.deepEqual([await versionOf(world, renewed), await versionOf(world, lasts)], [1, 1]);
    world.wait(1);
    assert.deepEqual(await sweptAsDue(world, [renewed, lasts, gone]), { ended: 0, removed: 1, more: false });
    assert.deepEqual([await versionOf(world, renewed), await versionOf(world, lasts)], [undefined, 1]);
  });

  it("writes a session that lives anew with its right time, once", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const key = sessionKey(session);
    const row = (await world.store.read([key])).get(key);
    assert.ok(row !== undefined);
    const next = { value: row.value, expires: world.now(), refs: [subjectKey(TENANT, session.subject)] };
    const rows = [{ key, expect: row.version, next }];
    await world.store.commit([{ attempt: "AAAAAAAAAAA", rows, notices: [], facts: [] }]);
    for (let count = 0; count < 2; count += 1)
      assert.deepEqual(await sweptAsDue(world, [key]), { ended: 0, removed: 0, more: false });
    const after = (await world.store.read([key])).get(key);
    assert.deepEqual([after?.expires, after?.version], [row.expires, row.version + 2]);
  });

  it("judges the same rows at another instant", async () => {
    const world = await aWorld(createMemoryStore);
    const [known, other] = [keyOf("lease", "known"), keyOf("lease", "other")];
    const snapshot = await world.store.read([known]);
    const later = asOf(snapshot, afterMs(snapshot.clock, 1));
    assert.deepEqual([later.has(known), later.has(other), later.get(known)], [true, false, undefined]);
    assert.deepEqual([later.head, later.clock], [snapshot.head, snapshot.clock + 1]);
  });

  it("leaves what lasts, though its row says that it is due", async () => {
    const world = await aWorld(createMemoryStore);
    const kinds = ["subject", "client", "keys", "issuer", "reader", "policy", "policy_version"] as const;
    for (const kind of kinds) await written(world, keyOf(kind, "by-hand"), "1", world.now());
    assert.equal((await sweep({ ...world, factsKept: FACTS_KEPT }, world.now())).removed, 0);
    for (const kind of kinds) assert.equal(await versionOf(world, keyOf(kind, "by-hand")), 1, kind);
  });

  it("counts what it removes: a session, and the revocation that ended it", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    await revoked(world, theSession(session.id));
    world.wait(KEPT_AFTER_END);
    assert.deepEqual(await sweep({ ...world, factsKept: FACTS_KEPT }, world.now()), {
      ended: 0,
      removed: 2,
      more: false,
    });
  });
});

describe("facts that a sweep does not get through", () => {
  const factsKeptOf = new Map([["token_refreshed", 1000]]);

  it("are looked at again by the next one, and where nobody remembers, by each", async () => {
    const world = await aWorld(createMemoryStore);
    world.wait(100_000);
    const sweptOf = new Map<string, Instant>();
    const bounds: unknown[] = [];
    let more = true;
    const drop: World["store"]["drop"] = async (asked) => {
      bounds.push(asked.factsOf?.map(({ from }) => from));
      return { ...(await world.store.drop(asked)), more };
    };
    const deps = { ...world, store: { ...world.store, drop }, factsKept: FACTS_KEPT, factsKeptOf };
    assert.equal((await sweep({ ...deps, sweptOf }, world.now())).more, true);
    assert.equal(sweptOf.size, 0);
    more = false;
    assert.equal((await sweep({ ...deps, sweptOf }, world.now())).more, false);
    assert.deepEqual([...sweptOf], [["token_refreshed", world.now() - 1000]]);
    assert.equal((await sweep(deps, world.now())).more, false);
    assert.deepEqual(bounds, [[0], [0], [0]]);
  });

  it("stay for the slowest of the readers, and for one that has a fact of the same minute", async () => {
    const world = await aWorld(createMemoryStore);
    await opened(world);
    const first = world.now();
    await readFacts(world, { name: "slow", batch: 100, deliver: async () => {} });
    world.wait(80_000);
    await opened(world);
    await readFacts(world, { name: "quick", batch: 100, deliver: async () => {} });
    world.wait(99_000);
    const before: Instant[] = [];
    const drop: World["store"]["drop"] = (asked) => {
      before.push(asked.factsBefore);
      return world.store.drop(asked);
    };
    const readers = ["quick", "slow"];
    await sweep({ ...world, store: { ...world.store, drop }, factsKept: 100_000, readers }, world.now());
    assert.deepEqual(before, [first - 21_000]);
  });
});
