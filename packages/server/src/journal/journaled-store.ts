// A store whose changes stand in the journal, on its disk, before they are committed. So nothing that took something away was ever answered
// that the journal lacks; and a journal that can't be written answers 503, with nothing committed. Whatever is not kept waits for no journal.

import { type Change, type Clock, checkChanges, isJournaled, type Outcome, type Store } from "@hallpass/core";
import type { JournalLine } from "./journal-line.ts";
import type { JournalWriter } from "./journal-writer.ts";

export function journaledStore(
  store: Store,
  journal: Pick<JournalWriter, "append" | "note" | "close">,
  clock: Pick<Clock, "now">,
): Store {
  async function keepAndCommit(changes: readonly Change[]): Promise<readonly Outcome[]> {
    const at = clock.now();
    try {
      await journal.append(changes.map((change) => ({ kind: "change", change: withoutComparisons(change), at })));
    } catch (cause) {
      // A flush that failed may have reached the disk.
      journal.note(changes.map(({ attempt }) => ({ kind: "void", attempt })));
      return changes.map(() => ({ kind: "failed", cause, full: false }));
    }
    const outcomes = await store.commit(changes);
    journal.note(changes.flatMap((change, index) => noted(change, outcomes[index])));
    return outcomes;
  }

  return {
    ...store,
    commit: async (changes) => {
      checkChanges(changes);
      const kept = changes.filter(isJournaled);
      if (kept.length === 0) return store.commit(changes);
      // No two changes of one call touch the same row, so it does not matter which of them comes first.
      const others = changes.filter((change) => !kept.includes(change));
      const [ofKept, ofOthers] = await Promise.all([
        keepAndCommit(kept),
        others.length === 0 ? [] : store.commit(others),
      ]);
      const outcomes = new Map([...pairs(kept, ofKept), ...pairs(others, ofOthers)]);
      return changes.map((change) => outcomes.get(change) ?? UNANSWERED);
    },
    close: async () => {
      await store.close();
      await journal.close();
    },
  };
}

const UNANSWERED: Outcome = { kind: "unknown", cause: new Error("a store answered too few outcomes") };

function pairs(changes: readonly Change[], outcomes: readonly Outcome[]): readonly (readonly [Change, Outcome])[] {
  return changes.map((change, index) => [change, outcomes[index] ?? UNANSWERED]);
}

/** What a change only compared says nothing to whoever does it again. */
function withoutComparisons(change: Change): Change {
  return { ...change, rows: change.rows.filter(({ next }) => next !== "same") };
}

/** Of an unknown outcome nothing is noted: it may have happened. */
function noted({ attempt, notices }: Change, outcome: Outcome | undefined): readonly JournalLine[] {
  switch (outcome?.kind) {
    case "committed": {
      const { pos, at } = outcome;
      return [{ kind: "committed", attempt, pos, at, mark: notices.at(-1)?.mark ?? null }];
    }
    case "conflict":
    case "failed":
      return [{ kind: "void", attempt }];
    case "unknown":
    case undefined:
      return [];
  }
}
