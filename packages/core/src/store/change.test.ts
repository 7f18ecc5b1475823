import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import fc from "fast-check";
import { Fault, type FaultCode } from "../kernel/fault.ts";
import { fixedDice, START, TENANT } from "../testing/builders.ts";
import { counting, type Mishap, withMishaps } from "../testing/stores.ts";
import { answer, change, type Decision, write } from "./change.ts";
import type { RowKey, Snapshot, Store } from "./store.ts";

const key = (id: string): RowKey => ({ tenant: TENANT, kind: "lease", id });
const dice = fixedDice("change");
const aStore = (): Store => createMemoryStore({ clock: { now: () => START }, dice: fixedDice("store") });
const isFault = (code: FaultCode) => (error: unknown) => error instanceof Fault && error.code === code;

/** Adds one to the number in the row, and answers with what it was. */
function addOne(id: string): (snapshot: Snapshot) => Decision<number> {
  return (snapshot) => {
    const row = snapshot.get(key(id));
    const before = row === undefined ? 0 : Number(row.value);
    return write({
      rows: [{ key: key(id), expect: row?.version ?? "absent", next: { value: String(before + 1), expires: null } }],
      answer: () => before,
    });
  };
}

/** Asks again where the store is said to be away, as a client does. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isFault("store_unavailable")(error)) throw error;
    }
  }
}

const valueOf = async (store: Store, id: string): Promise<string | undefined> =>
  (await store.read([key(id)])).get(key(id))?.value;

describe("a change", () => {
  it("counts exactly under 64 at once: losers decide again on the winner's state", async () => {
    const store = aStore();
    const answers = await Promise.all(Array.from({ length: 64 }, () => change(store, dice, [key("a")], addOne("a"))));
    assert.deepEqual(
      answers.toSorted((a, b) => a - b),
      Array.from({ length: 64 }, (_, index) => index),
    );
    assert.equal(await valueOf(store, "a"), "64");
  });

  it("counts exactly, whatever was lost, kept or refused in between", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom<Mishap[]>("lost", "kept", "conflict"), { maxLength: 6 }),
        async (mishaps) => {
          const inner = aStore();
          const store = withMishaps(inner, mishaps);
          for (let count = 0; count < 4; count += 1)
            assert.equal(await persistently(() => change(store, dice, [key("a")], addOne("a"))), count);
          assert.equal(await valueOf(inner, "a"), "4");
        },
      ),
    );
  });

  it("that is lost seven times is tried again, and one that is lost eight times is a fault that wrote nothing [DISK-1]", async () => {
    const lost = (times: number): readonly Mishap[] => Array.from({ length: times }, () => "lost");
    const seven = aStore();
    assert.equal(await change(withMishaps(seven, lost(7)), dice, [key("a")], addOne("a")), 0);
    assert.equal(await valueOf(seven, "a"), "1");
    const eight = aStore();
    const { store, changes } = counting(withMishaps(eight, lost(8)));
    await assert.rejects(change(store, dice, [key("a")], addOne("a")), isFault("store_unavailable"));
    assert.equal(changes().length, 8);
    assert.equal(await valueOf(eight, "a"), undefined);
  });

  const faults: readonly [mishap: Mishap, code: FaultCode][] = [
    ["failed", "store_unavailable"],
    ["full", "store_full"],
  ];
  for (const [mishap, code] of faults) {
    it(`that ${mishap === "full" ? "finds no space" : "fails"} is a fault, never an answer`, async () => {
      const store = aStore();
      await assert.rejects(change(withMishaps(store, [mishap]), dice, [key("a")], addOne("a")), isFault(code));
      assert.equal(await valueOf(store, "a"), undefined);
    });
  }

  it("whose outcome nobody can tell is a fault: it removed rows, or another change came after it", async () => {
    const store = aStore();
    await change(store, dice, [key("a")], addOne("a"));
    const remove = (): Decision<string> =>
      write({ rows: [{ key: key("a"), expect: 1, next: "gone" }], answer: () => "removed" });
    await assert.rejects(change(withMishaps(store, ["kept"]), dice, [key("a")], remove), isFault("outcome_unknown"));
    const overtaken: Store = {
      ...store,
      commit: async (changes) => {
        const outcomes = await store.commit(changes);
        await change(store, dice, [key("b")], addOne("b"));
        return outcomes.map(() => ({ kind: "unknown", cause: new Error("injected") }));
      },
    };
    await assert.rejects(change(overtaken, dice, [key("b")], addOne("b")), isFault("outcome_unknown"));
  });

  it("that was kept without an answer has the position and time that its raised row was stamped with", async () => {
    const store = aStore();
    const raise = (snapshot: Snapshot): Decision<unknown> =>
      write({
        rows: [
          { key: key("plain"), expect: "absent", next: { value: "x", expires: null } },
          { key: key("raised"), expect: "absent", next: { value: "x", expires: null }, raise: true },
        ],
        notices: [{ tenant: TENANT, mark: "AAAAAAAAAAA", body: '{"kind":"epoch"}', livesMs: 1 }],
        answer: ({ pos, at }) => [snapshot.head.pos.seq, pos, at],
      });
    const later: Store = {
      ...store,
      commit: async (changes) => {
        await store.commit(changes);
        const notice = { tenant: TENANT, mark: "BBBBBBBBBBA", body: '{"kind":"epoch"}', livesMs: 1 };
        await store.commit([{ attempt: "other", rows: [], notices: [notice], facts: [] }]);
        return changes.map(() => ({ kind: "unknown", cause: new Error("injected") }));
      },
    };
    assert.deepEqual(await change(later, dice, [key("plain"), key("raised")], raise), [0, { epoch: 1, seq: 1 }, START]);
  });

  it("that a hundred others were faster than is a fault", async () => {
    const { store, changes } = counting(withMishaps(aStore(), Array<Mishap>(1000).fill("conflict")));
    await assert.rejects(change(store, dice, [key("a")], addOne("a")), isFault("contended"));
    assert.equal(changes().length, 100);
    assert.equal(new Set(changes().map((one) => one.attempt)).size, 100);
  });

  it("may ask for more rows, and needs no try for it", async () => {
    const { store, reads, changes } = counting(aStore());
    const more = (snapshot: Snapshot): Decision<string> => {
      for (const id of ["a", "b", "c"]) if (!snapshot.has(key(id))) return { kind: "read", keys: [key(id)] };
      return answer("enough");
    };
    assert.equal(await change(store, dice, [], more), "enough");
    assert.deepEqual([reads(), changes().length], [4, 0]);
    const never = (): Decision<string> => ({ kind: "read", keys: [key("a")] });
    await assert.rejects(change(store, dice, [], never), (error) => !(error instanceof Fault));
  });
});
