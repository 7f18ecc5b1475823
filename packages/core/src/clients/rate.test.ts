// The rule behind every limit: what is let through, and when.

import assert from "node:assert/strict";
import { test } from "node:test";
import { counted, type Rate, waitFor } from "./rate.ts";

const RATE: Rate = { burst: 3, interval: 1000 };
const QUIET = Number.NEGATIVE_INFINITY;

function after(count: number, now: number): number {
  let level = QUIET;
  for (let one = 0; one < count; one += 1) level = counted(RATE, level, now);
  return level;
}

test("after a rest the whole burst is let through at once, and not one more [RATE-1]", () => {
  for (const count of [0, 1, 2]) assert.equal(waitFor(RATE, after(count, 50), 50), 0);
  assert.equal(waitFor(RATE, after(3, 50), 50), 1000);
});

test("then one for each interval: not a millisecond before, and from that instant on [RATE-1] [RATE-10]", () => {
  const level = after(3, 0);
  assert.equal(waitFor(RATE, level, 999), 1);
  assert.equal(waitFor(RATE, level, 1000), 0);
  const next = counted(RATE, level, 1000);
  assert.equal(waitFor(RATE, next, 1000), 1000);
  assert.equal(waitFor(RATE, next, 1001), 999);
});

test("a burst of one is one for each interval", () => {
  const one = { burst: 1, interval: 10 };
  const level = counted(one, QUIET, 0);
  assert.deepEqual([waitFor(one, level, 9), waitFor(one, level, 10)], [1, 0]);
});

test("who counts on beyond the burst waits no longer for it", () => {
  assert.equal(after(300, 7), after(3, 7));
});
