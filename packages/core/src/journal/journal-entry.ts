// What a journal says of one change, and whether what it says is everything.

import { comparePositions, type Position } from "@hallpass/protocol";
import type { Instant } from "../kernel/time.ts";
import type { Change } from "../store/store.ts";

export interface JournalEntry {
  readonly change: Change;
  /** When it was written down, by the node's clock: before the commit. */
  readonly writtenAt: Instant;
  /** Where its last notice stands, or the head it saw; null when nothing was written down of what became of it. */
  readonly committed: { readonly pos: Position; readonly at: Instant } | null;
}

/** As much of an entry as its place needs. */
export interface JournalPlace {
  readonly notices: number;
  /** The first notice starts an epoch: positions before it may be missing. */
  readonly startsEpoch: boolean;
  readonly committed: { readonly pos: Position; readonly at: Instant } | null;
}

/** The order in which changes happened, those of unknown outcome last. For `toSorted`, which leaves what is equal in the order of the files. */
export function inJournalOrder(a: JournalPlace, b: JournalPlace): number {
  if (a.committed === null || b.committed === null) return Number(a.committed === null) - Number(b.committed === null);
  const byPlace = comparePositions(a.committed.pos, b.committed.pos);
  if (byPlace !== 0) return byPlace;
  // Without a notice a change comes after the notice that it saw.
  const byNotice = Number(a.notices === 0) - Number(b.notices === 0);
  return byNotice === 0 ? a.committed.at - b.committed.at : byNotice;
}

export interface Completeness {
  /** Positions after the store's head that no entry has. */
  readonly missing: number;
  /** The last position that the journal knows; the store's own head when it knows none beyond it. */
  readonly reaches: Position;
}

/**
 * Whether every notice after `head` is in the journal. A change whose outcome nobody wrote down may stand where one is missing.
 * What came after the last entry leaves no gap: verifiers' cursors prove that (spec/positions.md POS-8).
 */
export function completenessOf(places: readonly JournalPlace[], head: Position): Completeness {
  let reaches = head;
  let missing = 0;
  let unplaced = 0;
  for (const { notices, startsEpoch, committed } of places.toSorted(inJournalOrder)) {
    if (notices === 0) continue;
    if (committed === null) unplaced += notices;
    else if (comparePositions(committed.pos, reaches) > 0) {
      if (!startsEpoch) missing += Math.max(0, committed.pos.seq - notices - reaches.seq);
      reaches = committed.pos;
    }
  }
  return { missing: Math.max(0, missing - unplaced), reaches };
}
