import assert from "node:assert/strict";
import { test } from "node:test";
import { type Connection, restOf } from "./resting.ts";

test("connections on which somebody was turned away are read again in their order, 48 every 5 ms, and nobody wakes up where none rests [LOAD-6]", () => {
  const timers: { readonly ms: number; readonly task: () => void }[] = [];
  const rest = restOf({
    after: (ms, task) => {
      timers.push({ ms, task });
      return () => {};
    },
  });
  const read: number[] = [];
  const rested: number[] = [];
  const connection = (n: number, destroyed = false): Connection => ({
    destroyed,
    pause: () => rested.push(n),
    resume: () => read.push(n),
  });
  for (let n = 0; n < 100; n += 1) rest(connection(n));
  assert.equal(rested.length, 100);
  const upTo = (end: number): readonly number[] => Array.from({ length: end }, (_, n) => n);
  for (const end of [0, 48, 96, 100]) {
    assert.deepEqual(read, upTo(end));
    assert.deepEqual(
      timers.map(({ ms }) => ms),
      end === 100 ? [] : [5],
    );
    timers.shift()?.task();
  }
  rest(connection(100, true));
  assert.deepEqual([rested.length, timers.length], [100, 0], "one that is gone");
  rest(connection(101));
  timers.shift()?.task();
  assert.deepEqual(read.at(-1), 101);
});
