// A store of which a commit has its time before anybody sees it, as a database has that stamps a transaction and then waits for its log to be
// on the disk, or at a standby: until it is shown, whoever reads is given what was there before, with a clock that goes on. Changes with notices
// wait for one another, because they hold the head: a later position never has an earlier time.

import type { Clock, Store } from "@hallpass/core";
import type { Machine } from "./machine.ts";
import type { SeededDice } from "./seeded-dice.ts";
import type { TimeLine } from "./time-line.ts";

export interface ShownLater {
  readonly line: TimeLine;
  readonly machine: Machine;
  readonly dice: SeededDice;
  /** Makes the store itself, whose commits have the time of this clock, and take effect at once. */
  readonly make: (clock: Pick<Clock, "now">) => Store;
}

/** `atOnce`: for what is there before the run begins. */
export function shownLater({ line, machine, dice, make }: ShownLater): {
  readonly store: Store;
  readonly atOnce: Store;
} {
  let stamp: ReturnType<Clock["now"]> | undefined;
  const atOnce = make({ now: () => stamp ?? machine.clock.now() });
  let headIsFree: Promise<void> = Promise.resolve();

  function takes(): number {
    if (!dice.chance(20)) return 0;
    return dice.chance(75) ? dice.between(1, 40) : dice.between(40, 2500);
  }

  const commit: Store["commit"] = async (changes) => {
    const took = takes();
    const { promise: shown, resolve: show } = Promise.withResolvers<void>();
    if (changes.some(({ notices }) => notices.length > 0)) {
      const before = headIsFree;
      headIsFree = shown;
      await before;
    }
    const at = machine.clock.now();
    if (took > 0) await new Promise<void>((resolve) => void line.after(took, resolve));
    stamp = at;
    // Takes effect before it returns.
    const outcomes = atOnce.commit(changes);
    stamp = undefined;
    show();
    return outcomes;
  };
  return { store: { ...atOnce, commit }, atOnce };
}
