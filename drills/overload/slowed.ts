// A store that takes so many changes a second and no more: what a node can do is then less than what a load on the same machine can ask of it,
// and ten times as much really arrives.

import type { Store } from "@hallpass/core";

/** Each change waits its turn; reads do not. */
export function slowed(store: Store, changesPerSecond: number): Store {
  let free = 0;
  return {
    ...store,
    commit: async (changes) => {
      const now = performance.now();
      free = Math.max(free, now) + (changes.length * 1000) / changesPerSecond;
      await new Promise((resolve) => setTimeout(resolve, free - now));
      return store.commit(changes);
    },
  };
}
