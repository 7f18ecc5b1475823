import assert from "node:assert/strict";
import { test } from "node:test";
import { inARow } from "./in-a-row.ts";

test("whoever asks in one turn goes on in the next, in order of arrival, and whoever asks later waits for another turn", async () => {
  const turns: (() => void)[] = [];
  const row = inARow((task) => void turns.push(task));
  const went: string[] = [];
  const goOn = async (name: string): Promise<void> => {
    await row();
    went.push(name);
  };
  const first = [goOn("a"), goOn("b")];
  await Promise.resolve();
  assert.deepEqual([went, turns.length], [[], 1], "nobody goes on before the turn, and one is asked for");
  turns.shift()?.();
  const later = goOn("c");
  await Promise.all(first);
  assert.deepEqual([went, turns.length], [["a", "b"], 1]);
  turns.shift()?.();
  await later;
  assert.deepEqual(went, ["a", "b", "c"]);
});
