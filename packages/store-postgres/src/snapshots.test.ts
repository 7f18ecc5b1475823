import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row, RowKey, RowKind, TenantId } from "@hallpass/core";
import { Remembered } from "./remembered.ts";
import type { SqlRow } from "./rows.ts";
import {
  type Answer,
  answeredBy,
  answerFromText,
  askedRows,
  askedTexts,
  isAllRemembered,
  snapshotOf,
} from "./snapshots.ts";

const tenant = "t" as TenantId;
const key = (id: string, kind: RowKind = "session"): RowKey => ({ tenant, kind, id });

function rowOf(of: RowKey, attempt: string): Row {
  return { key: of, value: attempt, version: 1, attempt, expires: null, notBefore: null, raisedAt: null };
}

function lineOf(of: RowKey, attempt: string, refs: readonly RowKey[] = []): SqlRow {
  const { kind, id } = of;
  const cutOff = { not_before_epoch: null, not_before_seq: null, raised_at: null };
  const named = refs.map((ref) => [ref.tenant, ref.kind, ref.id]);
  return { tenant, kind, id, version: 1, attempt, expires: null, ...cutOff, value: attempt, refs: named };
}

function answer(same: string, found: readonly SqlRow[]): Answer {
  return answerFromText(`1 2 AAAAAAAAAAA 3 ${same} ${found.length === 0 ? "" : JSON.stringify(found)}`);
}

test("what a remembered row refers to is asked for with it, and what that refers to is not", () => {
  const remembered = new Remembered();
  remembered.remember(key("a"), { row: rowOf(key("a"), "x"), refs: [key("b")] });
  remembered.remember(key("b"), { row: rowOf(key("b"), "y"), refs: [key("c")] });
  const asked = askedRows([[key("a")], [key("a"), key("d")]], remembered);
  assert.deepEqual(
    asked.map((one) => [one.key.id, one.remembered?.row.attempt]),
    [
      ["a", "x"],
      ["d", undefined],
      ["b", "y"],
    ],
  );
});

test("all is remembered where only what is mostly absent is not", () => {
  const remembered = new Remembered();
  remembered.remember(key("a"), { row: rowOf(key("a"), "x"), refs: [key("b")] });
  const isAll = (...keys: readonly RowKey[]): boolean => isAllRemembered(askedRows([keys], remembered));
  assert.deepEqual([isAll(), isAll(key("a")), isAll(key("j", "revoked_token"))], [true, false, true]);
  remembered.remember(key("b"), { row: rowOf(key("b"), "y"), refs: [] });
  assert.deepEqual([isAll(key("a"), key("j", "revoked_token")), isAll(key("a"), key("c"))], [true, false]);
});

test("a snapshot covers what its own read asked for and what that refers to, and nothing that another read asked for", () => {
  const remembered = new Remembered();
  remembered.remember(key("a"), { row: rowOf(key("a"), "x"), refs: [key("b")] });
  const reads = [[key("a")], [key("d")]];
  const asked = askedRows(reads, remembered);
  const answered = answeredBy(answer("1", [lineOf(key("b"), "y"), lineOf(key("d"), "z")]), asked, remembered);
  const [first, second] = reads.map((keys) => snapshotOf(keys, answered));
  assert.deepEqual([first?.get(key("a"))?.value, first?.get(key("b"))?.value], ["x", "y"]);
  assert.equal(first?.has(key("d")), false);
  assert.throws(() => first?.get(key("d")), RangeError);
  assert.equal(second?.get(key("d"))?.value, "z");
  assert.throws(() => second?.get(key("a")), RangeError);
  // The same id of another kind is another row.
  assert.throws(() => first?.get(key("a", "subject")), RangeError);
});

test("a read of many rows covers them all, those that are absent, and what they refer to", () => {
  const remembered = new Remembered();
  const keys = Array.from({ length: 40 }, (_, n) => key(String(n)));
  const lines = keys.slice(1).map((one) => lineOf(one, "x", [key(`of ${one.id}`)]));
  const asked = askedRows([keys], remembered);
  const snapshot = snapshotOf(keys, answeredBy(answer("", lines), asked, remembered));
  assert.deepEqual([snapshot.has(key("0")), snapshot.get(key("0"))], [true, undefined]);
  assert.equal(snapshot.get(key("39"))?.value, "x");
  assert.deepEqual([snapshot.has(key("of 39")), snapshot.has(key("of 0"))], [true, false]);
  assert.throws(() => snapshot.get(key("40")), RangeError);
});

test("a remembered row that is neither the same nor found is gone, and no longer remembered", () => {
  const remembered = new Remembered();
  remembered.remember(key("a"), { row: rowOf(key("a"), "x"), refs: [] });
  const asked = askedRows([[key("a")]], remembered);
  const snapshot = snapshotOf([key("a")], answeredBy(answer("", []), asked, remembered));
  assert.equal(snapshot.get(key("a")), undefined);
  assert.equal(remembered.find(key("a")), undefined);
});

test("what is asked for stands in arrays as PostgreSQL writes them, whatever an id holds", () => {
  const remembered = new Remembered();
  remembered.remember(key("a"), { row: rowOf(key("a"), "x"), refs: [] });
  const asked = askedRows([[key("a"), key('"\\,{}'), key(" NULL")]], remembered);
  assert.deepEqual(askedTexts(asked), [
    '{"t","t","t"}',
    '{"session","session","session"}',
    '{"a","\\"\\\\,{}"," NULL"}',
    '{"x","",""}',
  ]);
});

test("an answer is read whatever the rows that it found hold", () => {
  const found = [lineOf(key("a b"), "one two  three")];
  assert.deepEqual(answer("1,3", found), {
    head: { pos: { epoch: 1, seq: 2 }, mark: "AAAAAAAAAAA" },
    clock: 3,
    same: [1, 3],
    found,
  });
  assert.deepEqual([answer("", found).same, answer("2", []).found], [[], []]);
});
