import assert from "node:assert/strict";
import { test } from "node:test";
import { pacedBy } from "./paced.ts";

/** A clock that moves only when it is told to, and timers that note how long they were to wait. */
function aWorld(): { paced: ReturnType<typeof pacedBy>; rests: number[]; pass: (ms: number) => void } {
  let now = 0;
  const rests: number[] = [];
  const scheduler = {
    after: (ms: number, task: () => void): (() => void) => {
      rests.push(ms);
      queueMicrotask(task);
      return () => undefined;
    },
  };
  const pass = (ms: number): void => {
    now += ms;
  };
  return { paced: pacedBy({ clock: { monotonic: () => now }, scheduler }), rests, pass };
}

test("a step is followed by a rest as long as it took, and by one of a second at most [GRO-6]", async () => {
  const { paced, rests, pass } = aWorld();
  for (const ms of [0, 1, 40, 1000, 1001, 60_000]) {
    const answer = await paced(async () => {
      pass(ms);
      return ms;
    });
    assert.equal(answer, ms);
  }
  assert.deepEqual(rests, [0, 1, 40, 1000, 1000, 1000]);
});

test("a step that fails is told at once [GRO-6]", async () => {
  const { paced, rests } = aWorld();
  await assert.rejects(
    paced(() => Promise.reject(new Error("no"))),
    /no/,
  );
  assert.deepEqual(rests, []);
});
