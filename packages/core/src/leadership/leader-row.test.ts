// The two rows of a leader, as nodes of other releases read and write them beside this one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { Fault } from "../kernel/fault.ts";
import { aRow, at, fixedDice, START, TENANT } from "../testing/builders.ts";
import { fencedStore } from "./fenced-store.ts";
import { fenceKey, holdFromRow, holdKey, holdToRow, type Leader, leaderFromRow, leaderToRow } from "./leader-row.ts";

const LEADER: Leader = { node: "AAAA", name: "eu-1", term: 3, since: START };

test("nodes of two releases agree on where it stands who leads, and until when [NODE-1] [NODE-2]", () => {
  assert.deepEqual(fenceKey(TENANT), { tenant: TENANT, kind: "lease", id: "leader" });
  assert.deepEqual(holdKey(TENANT), { tenant: TENANT, kind: "lease", id: "leader/hold" });
});

test("a leader's rows are read as they were written, and never come due [NODE-1]", () => {
  assert.deepEqual(leaderFromRow(aRow(fenceKey(TENANT), leaderToRow(LEADER))), LEADER);
  assert.equal(holdFromRow(aRow(holdKey(TENANT), holdToRow(at(10_000)))), at(10_000));
  for (const { expires } of [leaderToRow(LEADER), holdToRow(START)]) assert.equal(expires, null);
});

test("a leader's row of a layout that this release does not know is not taken for one [NODE-1]", () => {
  const spoilt = (value: string) => ({ value: value.replace('"layout":1', '"layout":2'), expires: null });
  assert.throws(() => leaderFromRow(aRow(fenceKey(TENANT), spoilt(leaderToRow(LEADER).value))), Error);
  assert.throws(() => holdFromRow(aRow(holdKey(TENANT), spoilt(holdToRow(START).value))), Error);
});

test("a task whose leader's row is gone is deposed, as one whom another has followed [NODE-2]", async () => {
  const store = createMemoryStore({ clock: { now: () => START }, dice: fixedDice("leader") });
  await assert.rejects(
    async () => fencedStore(store, TENANT, 1).read([]),
    (error) => error instanceof Fault && error.code === "deposed",
  );
});
