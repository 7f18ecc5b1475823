// The runs of revocations that this process has written. Where no other process serves the store, these are all that there can be since it
// was looked through at the start: nobody has to look for them among the receipts of a month.

import { type Change, mayBeRunning, type Outcome, type Store } from "@hallpass/core";

export interface WrittenRuns {
  readonly store: Store;
  /** Ids of revocations with a run that may be under way; whoever finds one to be over takes it out. */
  readonly ids: Set<string>;
}

/** Undefined for a store that other processes write to as well. */
export function watchRuns(store: Store): WrittenRuns | undefined {
  if (store.traits.nodes !== "one") return undefined;
  const ids = new Set<string>();

  function note(changes: readonly Change[], outcomes: readonly Outcome[]): readonly Outcome[] {
    changes.forEach((change, index) => {
      const kind = outcomes[index]?.kind;
      // Nobody knows of an unknown one whether it is there: it is looked for.
      if (kind === "committed" || kind === "unknown") for (const id of runsIn(change)) ids.add(id);
    });
    return outcomes;
  }

  return {
    ids,
    store: {
      ...store,
      commit: (changes) => {
        const committed = store.commit(changes);
        // Of most changes nothing is noted, and nothing more is waited for.
        return changes.some((change) => runsIn(change).length > 0)
          ? committed.then((outcomes) => note(changes, outcomes))
          : committed;
      },
    },
  };
}

const NONE: readonly string[] = [];

function runsIn({ rows }: Change): readonly string[] {
  let found = NONE;
  for (const { key, next } of rows)
    if (key.kind === "revocation" && typeof next === "object" && mayBeRunning(next)) found = [...found, key.id];
  return found;
}
