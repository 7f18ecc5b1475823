import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { Fault } from "../kernel/fault.ts";
import { fixedDice, START, TENANT } from "../testing/builders.ts";
import { counting, withMishaps } from "../testing/stores.ts";
import { answer, type Decision, write } from "./change.ts";
import { changeEach } from "./change-each.ts";
import type { RowKey, Store } from "./store.ts";

const key = (id: string): RowKey => ({ tenant: TENANT, kind: "lease", id });
const dice = fixedDice("change-each");
const aStore = (): Store => createMemoryStore({ clock: { now: () => START }, dice: fixedDice("store") });

/** Writes the row that is named, and answers its name; or answers, or asks for more, or compares with what is not there. */
function decide(item: string): Decision<string> {
  if (item === "answer") return answer(item);
  if (item === "read") return { kind: "read", keys: [key("more")] };
  const next = { value: item, expires: null };
  const expect = item === "beaten" ? 7 : ("absent" as const);
  return write({ rows: [{ key: key(item), expect, next }], answer: () => item });
}

test("many decisions are one read and one commit, each answered in its own place", async () => {
  const { store, reads, changes } = counting(aStore());
  const items = ["answer", "a", "read", "beaten", "b", "answer"];
  const answers = await changeEach(store, dice, [key("a")], items, decide);
  assert.deepEqual(answers, ["answer", "a", undefined, undefined, "b", "answer"]);
  assert.deepEqual([reads(), changes().length], [1, 3]);
  const rows = await store.read(["a", "b", "beaten", "more"].map(key));
  assert.deepEqual(
    ["a", "b", "beaten", "more"].map((id) => rows.get(key(id))?.value),
    ["a", "b", undefined, undefined],
  );
});

test("a decision whose commit nobody knows of is answered by its row: as done, or as left for another time", async () => {
  assert.deepEqual(await changeEach(withMishaps(aStore(), ["kept"]), dice, [], ["a"], decide), ["a"]);
  assert.deepEqual(await changeEach(withMishaps(aStore(), ["lost"]), dice, [], ["a"], decide), [undefined]);
});

test("decisions that could not be written are a fault, and a store that answers too little is a defect", async () => {
  await assert.rejects(changeEach(withMishaps(aStore(), ["full"]), dice, [], ["a"], decide), Fault);
  const silent: Store = { ...aStore(), commit: async () => [] };
  await assert.rejects(changeEach(silent, dice, [], ["a"], decide), /no outcome/);
});
