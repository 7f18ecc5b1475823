// What is remembered of who asked how often.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createMeter } from "./meter.ts";

const RATE = { burst: 1, interval: 1000 };

test("keys are counted apart", () => {
  const meter = createMeter();
  meter.count("a", RATE, 0);
  assert.deepEqual([meter.wait("a", RATE, 0), meter.wait("b", RATE, 0)], [1000, 0]);
});

test("a flood of keys takes no more memory than ten thousand, and what was worked off goes first [RATE-11]", () => {
  const meter = createMeter();
  for (let key = 0; key < 9000; key += 1) meter.count(`early-${key}`, RATE, 0);
  for (let key = 0; key < 1000; key += 1) meter.count(`late-${key}`, RATE, 500);
  assert.equal(meter.size(), 10_000);
  meter.count("one more", RATE, 1000);
  assert.equal(meter.size(), 1001);
  assert.equal(meter.wait("late-0", RATE, 1000), 500);
});

test("where all of them still count, the oldest tenth goes, and the newest is counted [RATE-11]", () => {
  const meter = createMeter();
  for (let key = 0; key < 25_000; key += 1) {
    meter.count(`k-${key}`, RATE, 0);
    assert.ok(meter.size() <= 10_000);
  }
  assert.deepEqual([meter.wait("k-0", RATE, 0), meter.wait("k-24999", RATE, 0)], [0, 1000]);
});
