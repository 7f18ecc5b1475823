// The parts of mutation testing that need no Stryker.

import assert from "node:assert/strict";
import { test } from "node:test";
import { countsOf, scoreOf, sumOf } from "./results.ts";
import { linesOf } from "./since.ts";

test("the score counts whatever no test notices against it, run through or not", () => {
  const counts = countsOf([{ fate: "killed" }, { fate: "timed out" }, { fate: "survived" }, { fate: "not covered" }]);
  assert.equal(scoreOf(counts), 50);
  assert.equal(scoreOf(sumOf([counts, { killed: 4, timedOut: 0, survived: 0, notCovered: 0 }])), 75);
});

test("the lines since a commit are those that a diff adds, and none where it only removes", () => {
  const diff =
    "--- a/one.ts\n+++ b/one.ts\n@@ -3,0 +4,2 @@ x\n+a\n+b\n@@ -9 +12 @@\n-c\n+d\n@@ -20,2 +22,0 @@\n-e\n-f\n";
  const isSince = linesOf(diff);
  const found = Array.from({ length: 30 }, (_, line) => line).filter((line) => isSince("one.ts", line));
  assert.deepEqual(found, [4, 5, 12]);
  assert.equal(isSince("other.ts", 4), false);
});
