import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock, Instant } from "@hallpass/core";
import { trustedTime } from "./trusted-time.ts";

const START = 1_800_000_000_000;
const HOUR = 3_600_000;

function twoClocks(): { clock: Clock; both: (ms: number) => void; wall: (ms: number) => void } {
  let wall = START;
  let monotonic = 0;
  return {
    clock: { now: () => wall as Instant, monotonic: () => monotonic },
    both: (ms) => {
      wall += ms;
      monotonic += ms;
    },
    wall: (ms) => {
      wall += ms;
    },
  };
}

test("clocks that go together are trusted", () => {
  const { clock, both } = twoClocks();
  const time = trustedTime(clock);
  both(5000);
  assert.equal(time.now(), START + 5000);
});

for (const [title, jump, trusted] of [
  ["at the drift that is allowed", 2000, 2000],
  ["one millisecond beyond it", 2001, 0],
] as const) {
  test(`a wall clock that jumps ahead is believed ${title}: ${trusted > 0}`, () => {
    const { clock, both, wall } = twoClocks();
    const time = trustedTime(clock);
    both(5000);
    wall(jump);
    assert.equal(time.now(), START + 5000 + trusted);
  });
}

test("a jump is believed after an hour of the other clock, and not before", () => {
  const { clock, both, wall } = twoClocks();
  const time = trustedTime(clock);
  wall(24 * HOUR);
  assert.equal(time.now(), START);
  both(HOUR - 1);
  assert.equal(time.now(), START + HOUR - 1);
  both(1);
  assert.equal(time.now(), START + 24 * HOUR + HOUR);
});

test("a jump that is taken back was never believed", () => {
  const { clock, both, wall } = twoClocks();
  const time = trustedTime(clock);
  wall(24 * HOUR);
  time.now();
  wall(-24 * HOUR);
  both(2 * HOUR);
  assert.equal(time.now(), START + 2 * HOUR);
});

test("a wall clock that goes back is followed at once", () => {
  const { clock, both, wall } = twoClocks();
  const time = trustedTime(clock);
  both(HOUR);
  wall(-2 * HOUR);
  assert.equal(time.now(), START - HOUR);
});
