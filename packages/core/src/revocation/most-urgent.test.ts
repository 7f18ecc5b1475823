import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mostUrgent } from "./most-urgent.ts";

const given = fc.array(fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }), { maxLength: 60 });

test("of any fleet the most urgent are chosen as if all had been sorted, and equals stay in their order [RCP-19]", () => {
  fc.assert(
    fc.property(given, fc.integer({ min: 1, max: 12 }), (urgencies, most) => {
      const all = urgencies.map((urgency, at) => ({ urgency, at }));
      const sorted = all
        .filter(({ urgency }) => urgency !== undefined)
        .toSorted((a, b) => (b.urgency ?? 0) - (a.urgency ?? 0) || a.at - b.at);
      assert.deepEqual(
        mostUrgent(all, ({ urgency }) => urgency, most),
        sorted.slice(0, most),
      );
    }),
    { numRuns: 500 },
  );
});
