import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTenantId, type RowKey, type RowKind } from "@hallpass/core";
import { rememberedRows } from "./passed-over.ts";

const HOUR = 3_600_000;
const tenant = parseTenantId("main") ?? assert.fail();
const key = (kind: RowKind, id: string): RowKey => ({ tenant, kind, id });

test("rows that can't be read are told of once, counted by kind, with what the first of them threw [GRO-7]", () => {
  const rows = rememberedRows({ monotonic: () => 0 });
  assert.equal(rows.told(), undefined);
  const first = new Error("nonsense");
  rows.add(key("session", "a"), first);
  rows.add(key("session", "b"), new Error("more of it"));
  rows.add(key("revocation", "a"), new Error("more of it"));
  const told = rows.told();
  assert.match(told?.message ?? "", /: 2 of kind session, 1 of kind revocation$/);
  assert.equal(told?.cause, first);
  assert.equal(rows.told(), undefined);
  assert.deepEqual([rows.size(), rows.count("session"), rows.count("revocation"), rows.count("keys")], [3, 2, 1, 0]);
  assert.deepEqual(
    [key("session", "a"), key("revocation", "b")].map((one) => rows.has(one)),
    [true, false],
  );
});

test("after an hour, and not before, they are looked at again [GRO-7]", () => {
  let now = 5;
  const rows = rememberedRows({ monotonic: () => now });
  rows.add(key("session", "a"), new Error("nonsense"));
  now += HOUR - 1;
  rows.told();
  assert.equal(rows.has(key("session", "a")), true);
  now += 1;
  rows.told();
  assert.deepEqual([rows.has(key("session", "a")), rows.count("session"), rows.size()], [false, 0, 0]);
});

test("10,000 of them are remembered and no more, so that a broken store costs no memory without end [GRO-7]", () => {
  const rows = rememberedRows({ monotonic: () => 0 });
  for (let n = 0; n < 10_001; n += 1) rows.add(key("session", `${n}`), new Error("nonsense"));
  assert.deepEqual([rows.size(), rows.count("session")], [10_000, 10_000]);
  assert.match(rows.told()?.message ?? "", /10001 of kind session/);
});
