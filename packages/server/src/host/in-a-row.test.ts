import assert from "node:assert/strict";
import { test } from "node:test";
import { inARow, type Row } from "./in-a-row.ts";

interface Turned {
  readonly row: Row;
  readonly went: readonly string[];
  readonly goOn: (name: string, as?: "wait" | "goFirst") => Promise<void>;
  /** Runs what was asked for one turn of the loop, so many milliseconds after the one before. */
  readonly turn: (ms?: number) => Promise<void>;
  /** Turns that are asked for. */
  readonly asked: () => number;
}

function turned(): Turned {
  const turns: (() => void)[] = [];
  const went: string[] = [];
  let now = 0;
  const row = inARow((task) => void turns.push(task), { monotonic: () => now });
  return {
    row,
    went,
    goOn: async (name, as = "wait") => {
      await new Promise<void>((resolve) => row[as](resolve));
      went.push(name);
    },
    turn: async (ms = 0) => {
      now += ms;
      for (const task of turns.splice(0)) task();
      for (let n = 0; n < 5; n += 1) await Promise.resolve();
    },
    asked: () => turns.length,
  };
}

/** How many of a thousand that wait go on in each of the turns, one of them as long as it says here. */
async function counted(...turnMs: readonly number[]): Promise<readonly number[]> {
  const { goOn, went, turn } = turned();
  for (let n = 0; n < 1000; n += 1) void goOn(`${n}`);
  const counts: number[] = [];
  for (const ms of turnMs) {
    const before = went.length;
    await turn(ms);
    counts.push(went.length - before);
  }
  assert.deepEqual(
    went,
    Array.from({ length: went.length }, (_, n) => `${n}`),
    "in order",
  );
  return counts;
}

test("whoever asks in one turn goes on in the next, in order of arrival, and whoever asks later waits for another turn [LOAD-8]", async () => {
  const { goOn, went, turn, asked } = turned();
  void goOn("a");
  void goOn("b");
  await Promise.resolve();
  assert.deepEqual([went, asked()], [[], 1], "nobody goes on before the turn, and one is asked for");
  const passed = turn();
  void goOn("c");
  await passed;
  assert.deepEqual([went, asked()], [["a", "b"], 1]);
  await turn();
  assert.deepEqual([went, asked()], [["a", "b", "c"], 0]);
});

test("24 go on in a turn, half as many after one that took over 5 ms, 8 at least, and four more after each that took under 3 [LOAD-8]", async () => {
  assert.deepEqual(await counted(0, 3, 5, 5.1, 3, 2.9, 2.9), [24, 24, 24, 12, 12, 16, 20]);
  assert.deepEqual(await counted(0, 6, 6, 6), [24, 12, 8, 8]);
  assert.deepEqual(await counted(0, 6, 1, 1, 1, 1, 1), [24, 12, 16, 20, 24, 24, 24]);
});

test("whoever goes first does so in the next turn, before all who wait, however many they are [LOAD-8]", async () => {
  const { goOn, went, turn } = turned();
  for (let n = 0; n < 100; n += 1) void goOn(`${n}`);
  await turn();
  void goOn("revocation", "goFirst");
  await turn();
  assert.deepEqual(went.slice(22, 27), ["22", "23", "revocation", "24", "25"]);
});

test("how long the first of those who wait has been waiting is known [LOAD-3]", async () => {
  const { row, goOn, turn } = turned();
  assert.equal(row.waitingMs(), 0);
  for (let n = 0; n < 30; n += 1) void goOn(`${n}`);
  await turn(7);
  assert.equal(row.waitingMs(), 7);
  await turn(2);
  assert.equal(row.waitingMs(), 0);
});
