// Where a change stands in its journal, whichever of two is looked at first.

import assert from "node:assert/strict";
import { test } from "node:test";
import { afterMs } from "../kernel/time.ts";
import { START } from "../testing/builders.ts";
import { inJournalOrder, type JournalPlace } from "./journal-entry.ts";

function placeOf(seq: number, notices: number, ms = 0): JournalPlace {
  return { notices, startsEpoch: false, committed: { pos: { epoch: 1, seq }, at: afterMs(START, ms) } };
}

const UNPLACED: JournalPlace = { notices: 1, startsEpoch: false, committed: null };

test("a change stands by its position, behind the notice that it saw, then by its time, and last without a place [JRN-5]", () => {
  const order = [placeOf(6, 1, 9), placeOf(6, 0, 3), placeOf(6, 0, 4), placeOf(7, 2, 1), placeOf(7, 0, 0), UNPLACED];
  for (const [at, one] of order.entries())
    for (const [other, two] of order.entries())
      assert.equal(Math.sign(inJournalOrder(one, two)), Math.sign(at - other), `${at} and ${other}`);
});

test("changes without a place, or of the same instant without a notice, stay in the order of their files [JRN-5]", () => {
  assert.equal(inJournalOrder(UNPLACED, { ...UNPLACED }), 0);
  assert.equal(inJournalOrder(placeOf(6, 0), placeOf(6, 0)), 0);
});
