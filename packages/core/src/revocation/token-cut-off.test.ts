// The row that says which tokens of before are over: what it has taken it keeps.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Instant } from "../kernel/time.ts";
import type { Row } from "../store/store.ts";
import { aRow, at, TENANT } from "../testing/builders.ts";
import { isCutOff, type TokenCutOff, tokenCutOffFromRow, tokenCutOffKey, withTokenCutOff } from "./token-cut-off.ts";

const pos = (seq: number) => ({ epoch: 1, seq });
const none: TokenCutOff = { before: null, issuedBefore: 0 };

function written(row: Row | undefined, more: TokenCutOff, until: Instant = at(0)): Row {
  const change = withTokenCutOff(TENANT, row, more, until);
  assert.ok(typeof change.next === "object");
  assert.deepEqual([change.key, change.expect], [tokenCutOffKey(TENANT), row?.version ?? "absent"]);
  return aRow(change.key, change.next);
}

test("a further cut-off never gives back what an earlier one took, by position or by time [NOT-8]", () => {
  const first = written(undefined, { before: pos(5), issuedBefore: 0 });
  assert.deepEqual(tokenCutOffFromRow(first), { before: pos(5), issuedBefore: 0 });
  assert.deepEqual(tokenCutOffFromRow(written(first, { before: pos(4), issuedBefore: 7 })), {
    before: pos(5),
    issuedBefore: 7,
  });
  assert.deepEqual(tokenCutOffFromRow(written(first, { before: pos(6), issuedBefore: 0 })).before, pos(6));
  const timed = written(first, { before: null, issuedBefore: 9 });
  assert.deepEqual(tokenCutOffFromRow(timed), { before: pos(5), issuedBefore: 9 });
  assert.deepEqual(tokenCutOffFromRow(written(timed, none)), { before: pos(5), issuedBefore: 9 });
});

test("a row lasts as long as the longest of its cut-offs [NOT-8]", () => {
  const first = written(undefined, none, at(1000));
  assert.equal(first.expires, at(1000));
  assert.equal(written(first, none, at(999)).expires, at(1000));
  assert.equal(written(first, none, at(1001)).expires, at(1001));
});

test("a token is cut off by its position or by its time, both exclusive [NOT-8]", () => {
  const cut = { before: pos(5), issuedBefore: 100 };
  const isOver = (seq: number, iat: number): boolean => isCutOff({ pos: pos(seq), iat }, cut);
  assert.deepEqual([isOver(5, 100), isOver(4, 100), isOver(5, 99)], [false, true, true]);
  assert.equal(isCutOff({ pos: pos(0), iat: 0 }, none), false);
});
