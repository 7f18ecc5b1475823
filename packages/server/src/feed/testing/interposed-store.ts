// A store between the hub and the real one: it counts, and a test may answer in its place.

import type { Store } from "@hallpass/core";

type Between = Partial<Pick<Store, "read" | "commit" | "notices" | "markAt">>;

export interface Interposed {
  readonly store: Store;
  readonly calls: { read: number; commit: number; notices: number; markAt: number };
  /** What answers in the real store's place, until it is taken out again. */
  between: Between;
}

export function interposed(real: Store): Interposed {
  const calls = { read: 0, commit: 0, notices: 0, markAt: 0 };
  const own: Interposed = {
    calls,
    between: {},
    store: {
      ...real,
      read: (keys) => {
        calls.read += 1;
        return own.between.read === undefined ? real.read(keys) : own.between.read(keys);
      },
      commit: (changes) => {
        calls.commit += 1;
        return own.between.commit === undefined ? real.commit(changes) : own.between.commit(changes);
      },
      notices: (range) => {
        calls.notices += 1;
        return own.between.notices === undefined ? real.notices(range) : own.between.notices(range);
      },
      markAt: (pos) => {
        calls.markAt += 1;
        return own.between.markAt === undefined ? real.markAt(pos) : own.between.markAt(pos);
      },
    },
  };
  return own;
}
