// What a change whose outcome nobody knew is answered, by what its rows say afterwards.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { Fault, type FaultCode } from "../kernel/fault.ts";
import type { Instant } from "../kernel/time.ts";
import { fixedDice, START, TENANT } from "../testing/builders.ts";
import { counting, withMishaps } from "../testing/stores.ts";
import { type Committed, change, type Decision, record, write } from "./change.ts";
import type { Change, FactDraft, NoticeDraft, Outcome, RowChange, RowKey, Snapshot, Store } from "./store.ts";

const key = (id: string): RowKey => ({ tenant: TENANT, kind: "lease", id });
const dice = fixedDice("outcomes");
const notice: NoticeDraft = { tenant: TENANT, mark: "AAAAAAAAAAA", body: '{"kind":"epoch"}', livesMs: 1 };
const aFact: FactDraft = { tenant: TENANT, session: null, at: START, kind: "key_created", body: '{"kid":"k"}' };
const injected = new Error("injected");
const isFault = (code: FaultCode) => (error: unknown) =>
  error instanceof Fault && error.code === code && error.cause === injected;

/** Its clock moves by one with each look at it. */
function aStore(): Store {
  let now = START as number;
  return createMemoryStore({ clock: { now: () => (now += 1) as Instant }, dice: fixedDice("store") });
}

function aRow(id: string, expect: RowChange["expect"] = "absent", raise = false): RowChange {
  const next = { value: "x", expires: null };
  return raise ? { key: key(id), expect, next, raise } : { key: key(id), expect, next };
}

async function put(store: Store, rows: readonly RowChange[], notices: readonly NoticeDraft[] = []): Promise<Outcome> {
  const [outcome] = await store.commit([{ attempt: `put-${rows[0]?.key.id}`, rows, notices, facts: [] }]);
  return outcome ?? assert.fail();
}

/** The commit is made or lost, others come after it, and nobody hears of it. */
function unheard(store: Store, isMade: boolean, meanwhile: () => Promise<unknown>): Store {
  let isFirst = true;
  return {
    ...store,
    commit: async (changes: readonly Change[]) => {
      if (!isFirst) return store.commit(changes);
      isFirst = false;
      if (isMade) await store.commit(changes);
      await meanwhile();
      return changes.map((): Outcome => ({ kind: "unknown", cause: injected }));
    },
  };
}

const writing =
  (...rows: readonly RowChange[]) =>
  (): Decision<Committed> =>
    write({ rows, facts: [aFact], answer: (committed) => committed });

async function factsIn(store: Store): Promise<number> {
  return (await store.facts({ tenant: TENANT, limit: 10 })).facts.length;
}

describe("a change of which nobody heard", () => {
  it("is not made twice because a row that it only compared is as it was [DISK-1]", async () => {
    const store = aStore();
    await put(store, [aRow("guard")]);
    const guard: RowChange = { key: key("guard"), expect: 1, next: "same" };
    const node = withMishaps(store, ["kept"]);
    await change(node, dice, [key("guard")], writing(guard, aRow("a")));
    assert.equal(await factsIn(store), 1);
  });

  it("has the store's head and time where it raised nothing [NOT-4]", async () => {
    const store = aStore();
    const node = unheard(store, true, () => put(store, [aRow("other")], [notice]));
    const { pos, at } = await change(node, dice, [], writing(aRow("a")));
    const { clock } = await store.read([]);
    assert.deepEqual([pos, clock - at], [{ epoch: 1, seq: 1 }, 1]);
  });

  it("has the time of its own commit where it raised a row, and the head's place where that was raised anew since [NOT-4]", async () => {
    const rows = [aRow("raised", "absent", true), aRow("plain")];
    const raising = (): Decision<Committed> => write({ rows, notices: [notice], answer: (committed) => committed });
    const one = aStore();
    const committed = await change(
      unheard(one, true, async () => {
        await one.read([]);
      }),
      dice,
      [],
      raising,
    );
    const row = (await one.read([key("raised")])).get(key("raised"));
    assert.deepEqual([committed.pos, committed.at], [row?.notBefore, row?.raisedAt]);
    const other = aStore();
    const overtaken = unheard(other, true, async () => {
      await put(other, [aRow("raised", 1, true)], [{ ...notice, mark: "BBBBBBBBBBA" }]);
      await put(other, [aRow("later")], [{ ...notice, mark: "CCCCCCCCCCA" }]);
    });
    assert.deepEqual((await change(overtaken, dice, [], raising)).pos, { epoch: 1, seq: 3 });
  });

  it("is a fault where others have written its row since, whether it was there before or not [DISK-1]", async () => {
    for (const isThere of [true, false]) {
      const store = aStore();
      if (isThere) await put(store, [aRow("a")]);
      const expect = (snapshot: Snapshot): RowChange["expect"] => snapshot.get(key("a"))?.version ?? "absent";
      const node = unheard(store, false, () => put(store, [aRow("a", isThere ? 1 : "absent")]));
      const decide = (snapshot: Snapshot): Decision<Committed> => writing(aRow("a", expect(snapshot)))();
      await assert.rejects(change(node, dice, [key("a")], decide), isFault("outcome_unknown"));
      assert.equal(await factsIn(store), 0);
    }
  });

  it("is a fault where its row was removed since [DISK-1]", async () => {
    const store = aStore();
    await put(store, [aRow("a")]);
    const gone: RowChange = { key: key("a"), expect: 2, next: "gone" };
    const node = unheard(store, true, () => put(store, [gone]));
    await assert.rejects(change(node, dice, [], writing(aRow("a", 1))), isFault("outcome_unknown"));
  });

  it("is a fault where it wrote no row [DISK-1]", async () => {
    const store = unheard(aStore(), true, async () => {});
    await assert.rejects(change(store, dice, [], writing()), isFault("outcome_unknown"));
  });
});

describe("a change that failed", () => {
  const failing = (cause: unknown): Store => ({
    ...aStore(),
    commit: async (changes) => changes.map((): Outcome => ({ kind: "failed", cause, full: false })),
  });

  it("is the fault that the store says, or one with its cause", async () => {
    const own = new Fault("keys_unreadable");
    await assert.rejects(change(failing(own), dice, [], writing(aRow("a"))), (error) => error === own);
    await assert.rejects(change(failing(injected), dice, [], writing(aRow("a"))), isFault("store_unavailable"));
  });

  it("is a fault that says why nobody knew the outcome, where that goes on and nothing is written [DISK-1]", async () => {
    const unknown = async (changes: readonly Change[]): Promise<readonly Outcome[]> =>
      changes.map(() => ({ kind: "unknown", cause: injected }));
    for (const rows of [[aRow("a")], [aRow("a", 1)]]) {
      const store = aStore();
      if (rows[0]?.expect === 1) await put(store, [aRow("a")]);
      const deaf: Store = { ...store, commit: unknown };
      await assert.rejects(change(deaf, dice, [], writing(...rows)), isFault("store_unavailable"));
    }
  });
});

describe("facts that change no row", () => {
  it("are one commit, and none where there are none", async () => {
    const { store, changes } = counting(aStore());
    await record(store, dice, []);
    assert.equal(changes().length, 0);
    await record(store, dice, [aFact, aFact]);
    assert.deepEqual([changes().length, await factsIn(store)], [1, 2]);
  });

  it("can't be in anybody's way: a conflict is a defect", async () => {
    await assert.rejects(record(withMishaps(aStore(), ["conflict"]), dice, [aFact]), /conflicted/);
  });
});
