// Tests that notice every mutant of attempts.ts that can be noticed. Run by the control alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { halvings, later, mayTry } from "./attempts.ts";

test("the last attempt that is allowed may be made, and the next may not", () => {
  assert.deepEqual([mayTry("password", 4), mayTry("password", 5), mayTry("password", 6)], [true, false, false]);
  assert.equal(mayTry("other", 0), false);
});

test("the later of two is the later, on either side", () => {
  assert.deepEqual([later(1, 2), later(2, 1)], [2, 2]);
});

test("eight is halved three times, nine as often, and one never", () => {
  assert.deepEqual([halvings(8), halvings(9), halvings(1)], [3, 3, 0]);
});
