// Many small decisions that have nothing to do with one another: one read and one commit for all of them.

import type { Dice } from "../kernel/ports.ts";
import { changeOf, type Decision, settle } from "./change.ts";
import type { RowKey, Snapshot, Store } from "./store.ts";

/**
 * Decides about each item on one snapshot of `keys`, and commits what the decisions say, each all or nothing by itself. Answers what each
 * answers; undefined for one that somebody was in the way of, or that asks for further rows: it is left as it was, for another time.
 * No two decisions may write the same row. Rejects with the Faults of `change`.
 */
export async function changeEach<Item, T>(
  store: Store,
  dice: Dice,
  keys: readonly RowKey[],
  items: readonly Item[],
  decide: (item: Item, snapshot: Snapshot) => Decision<T>,
): Promise<readonly (T | undefined)[]> {
  const snapshot = await store.read(keys);
  const decided = items.map((item) => {
    const decision = decide(item, snapshot);
    return { decision, change: decision.kind === "write" ? changeOf(dice, decision) : undefined };
  });
  const outcomes = (await store.commit(decided.flatMap(({ change }) => change ?? []))).values();
  const answers: (T | undefined)[] = [];
  for (const { decision, change } of decided) {
    if (decision.kind === "answer") answers.push(decision.answer);
    else if (decision.kind === "read" || change === undefined) answers.push(undefined);
    else {
      const outcome = outcomes.next().value;
      const settled = await settle(store, change, outcome === undefined ? [] : [outcome]);
      answers.push(settled !== "conflict" && "pos" in settled ? decision.answer(settled) : undefined);
    }
  }
  return answers;
}
