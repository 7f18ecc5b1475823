import assert from "node:assert/strict";
import { test } from "node:test";
import { secondsOf } from "../kernel/time.ts";
import { aPolicy, aRow, TENANT } from "../testing/builders.ts";
import {
  MOST_VERSIONS,
  parsePolicyName,
  policyFromRow,
  policyKey,
  policyToRow,
  policyVersionKey,
  sinceOf,
  untouched,
} from "./policy-row.ts";

test("each number says in which version it became what it is; what has not changed keeps its own", () => {
  const first = aPolicy({ version: 1 });
  assert.equal(new Set(Object.values(sinceOf(undefined, first))).size, 1);
  const second = aPolicy({ version: 2, idle: secondsOf(101), requiredAcr: ["mfa"] });
  const sinceSecond = sinceOf({ ...untouched(first), since: sinceOf(undefined, first) }, second);
  assert.deepEqual([sinceSecond.idle, sinceSecond.requiredAcr, sinceSecond.absolute], [2, 2, 1]);
  const third = { ...second, version: 3, idle: secondsOf(102) };
  const sinceThird = sinceOf({ ...untouched(second), since: sinceSecond }, third);
  assert.deepEqual([sinceThird.idle, sinceThird.requiredAcr, sinceThird.absolute], [3, 2, 1]);
  assert.equal(sinceOf(untouched(first), second).absolute, 1);
});

test("a policy comes back from its row; one of a layout that is not known is a defect", () => {
  const version = { policy: aPolicy({ version: 7 }), put: { at: 5, by: "ops" }, since: { idle: 7 } };
  const key = policyKey(TENANT, "test");
  assert.deepEqual(policyFromRow(aRow(key, policyToRow(version))), version);
  assert.deepEqual(policyFromRow(aRow(policyVersionKey(TENANT, "test", 7), policyToRow(version))), version);
  const later = policyToRow(version).value.replace('"layout":1', '"layout":2');
  assert.throws(() => policyFromRow(aRow(key, { value: later, expires: null })), Error);
});

test("rows of versions are ordered as numbers are, up to the last", () => {
  const ids = [1, 2, 10, 99_999, MOST_VERSIONS].map((version) => policyVersionKey(TENANT, "a", version).id);
  assert.deepEqual(ids.toSorted(), ids);
  assert.deepEqual([ids[0], ids[4]], ["a/000001", "a/999999"]);
});

test("a name has 1 to 63 characters of its alphabet, the first a letter or a digit", () => {
  for (const name of ["a", "0", "a.b_c-d", "a".repeat(63)]) assert.equal(parsePolicyName(name), name);
  for (const name of ["", "-a", ".a", "_a", "A", "a b", "a/b", "a\n", "ä", "a".repeat(64)])
    assert.equal(parsePolicyName(name), undefined, name);
});
