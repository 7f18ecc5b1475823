// The checker of histories, on histories that a reader can judge.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Call, misfit, type Observed } from "./linear.ts";

function call(asked: number, answered: number, what: Observed): Call {
  return { asked, answered, what };
}

function refresh(generation: number, outcome: string, next: number | null = null): Observed {
  return { kind: "refresh", generation, outcome, next };
}

const REVOKED: Observed = { kind: "end", whole: true };
const ACTIVE: Observed = { kind: "read", isActive: true };
const OVER: Observed = { kind: "read", isActive: false };
const NEVER = Number.POSITIVE_INFINITY;

test("rotations one after the other fit, and so does the same successor for a retry", () => {
  const calls = [
    call(0, 1, refresh(1, "rotated", 2)),
    call(2, 3, refresh(1, "retried", 2)),
    call(4, 5, refresh(2, "rotated", 3)),
    call(6, 7, refresh(1, "superseded")),
    call(8, 9, refresh(1, "reused")),
    call(10, 11, refresh(3, "ended")),
  ];
  assert.equal(misfit(calls), undefined);
});

test("a session that is read active after its revocation was answered fits no order", () => {
  assert.notEqual(misfit([call(0, 1, REVOKED), call(2, 3, ACTIVE)]), undefined);
});

test("a session that is read active while it is revoked fits, and one that is read active after it was read ended does not", () => {
  assert.equal(misfit([call(0, 5, REVOKED), call(1, 2, ACTIVE), call(3, 4, OVER)]), undefined);
  assert.notEqual(misfit([call(0, 5, REVOKED), call(1, 2, OVER), call(3, 4, ACTIVE)]), undefined);
});

test("a revocation without an answer may have happened at any time, or never", () => {
  assert.equal(misfit([call(0, NEVER, REVOKED), call(1, 2, ACTIVE), call(3, 4, refresh(1, "rotated", 2))]), undefined);
  assert.equal(misfit([call(0, NEVER, REVOKED), call(1, 2, ACTIVE), call(3, 4, refresh(1, "ended"))]), undefined);
});

test("a rotation without an answer explains a successor that nobody was given", () => {
  const calls = [call(0, NEVER, refresh(1, "unknown")), call(5, 6, refresh(1, "recovered", 3))];
  assert.equal(misfit(calls), undefined);
  assert.notEqual(misfit(calls.slice(1)), undefined);
});

test("a rotation that its own server found again is told as a retry, and a retry of a successor that there never was fits no order", () => {
  assert.equal(misfit([call(0, 1, refresh(1, "retried", 2)), call(2, 3, refresh(2, "rotated", 3))]), undefined);
  assert.notEqual(misfit([call(0, 1, refresh(1, "retried", 3))]), undefined);
});

test("two rotations of one generation fit no order, however they overlap", () => {
  assert.notEqual(misfit([call(0, 9, refresh(1, "rotated", 2)), call(1, 8, refresh(1, "rotated", 2))]), undefined);
});

test("what is refreshed after it ended fits no order", () => {
  assert.notEqual(misfit([call(0, 1, refresh(1, "ended")), call(2, 3, refresh(1, "rotated", 2))]), undefined);
});
