import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "@hallpass/protocol";
import { areReadable, claimsRefusal } from "./own-claims.ts";
import { MAX_SESSION_CLAIMS } from "./session.ts";

/** Lists and objects in turn, around null. */
function deep(levels: number): JsonValue {
  let value: JsonValue = null;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { of: value };
  return value;
}

const members = (count: number): Record<string, JsonValue> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`m${n}`, null]));

test("claims are as deep as every reader takes them, twelve levels with the payload's own, and no deeper", () => {
  for (const wide of [{}, { first: 1, last: "x" }]) {
    assert.equal(claimsRefusal({ ...wide, in: deep(11) }), undefined);
    assert.equal(claimsRefusal({ ...wide, in: deep(12) }), "session_too_large");
  }
});

test("claims have 113 members and no more, counted at every level, in lists as well; what a list holds is no member", () => {
  assert.ok(areReadable(members(113)));
  assert.ok(!areReadable(members(114)));
  assert.ok(areReadable({ one: [members(60), members(52)] }));
  assert.ok(!areReadable({ one: [members(60), members(53)] }));
  assert.ok(areReadable({ one: members(60), other: members(51) }));
  assert.ok(!areReadable({ one: members(60), other: members(52) }));
  assert.ok(areReadable({ list: Array.from({ length: 500 }, () => null) }));
});

test("claims are of so many bytes of JSON in UTF-8, and none of them is ours to say", () => {
  const room = MAX_SESSION_CLAIMS - '{"a":""}'.length;
  assert.equal(claimsRefusal({ a: "x".repeat(room) }), undefined);
  assert.equal(claimsRefusal({ a: `${"x".repeat(room - 1)}é` }), "session_too_large");
  assert.equal(claimsRefusal({ sub: "ada" }), "claim_reserved");
});
