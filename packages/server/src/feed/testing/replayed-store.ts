// A store restored from a backup: it has the first changes of another, and goes on from there with a history of its own.

import type { Change, Store } from "@hallpass/core";
import type { HandTime } from "./hand-time.ts";
import { fixedDice, type MakeStore } from "./world.ts";

export interface Recorded {
  readonly store: Store;
  readonly changes: readonly Change[];
}

/** Remembers every change that was tried, in order. */
export function recorded(real: Store): Recorded {
  const changes: Change[] = [];
  return {
    changes,
    store: {
      ...real,
      commit: (batch) => {
        changes.push(...batch);
        return real.commit(batch);
      },
    },
  };
}

/** `seed` is what the first store was made with: then the birth is the same. */
export async function restored(
  makeStore: MakeStore,
  changes: readonly Change[],
  { time, seed }: { readonly time: HandTime; readonly seed: string },
): Promise<Store> {
  const store = makeStore({ clock: time.clock, dice: fixedDice(seed) });
  for (const change of changes) await store.commit([change]);
  return store;
}
