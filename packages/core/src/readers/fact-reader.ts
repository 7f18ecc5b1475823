// Whoever reads the facts: the audit, a file for log shippers. Each has a cursor of its own in the store and gets every fact at least once,
// those of one session in their order. What it writes into the store is written with its cursor, so exactly once.

import type { Dice } from "../kernel/ports.ts";
import type { RowChange, RowKey, Snapshot, StoredFact } from "../store/store.ts";

/** What a reader writes for the facts that it was given, and what it keeps for the next ones. */
export interface ReaderWrites {
  readonly rows: readonly RowChange[];
  readonly progress: string | null;
}

export interface Prepared {
  /** Rows that `write` looks at. */
  readonly keys: readonly RowKey[];
  /** Pure; may run twice. At most 14 rows. */
  readonly write: (progress: string | null, snapshot: Snapshot) => ReaderWrites;
}

export interface FactReader {
  /** Names its row; never changes. */
  readonly name: string;
  /** Facts that it takes at once. */
  readonly batch: number;
  /** For readers that write into the store. Throws for facts that it can't take. */
  readonly prepare?: (facts: readonly StoredFact[], dice: Dice) => Prepared;
  /** For readers that tell somebody else. Rejects with a Fault when that one can't be reached; with anything else for facts that it can't take. */
  readonly deliver?: (facts: readonly StoredFact[]) => Promise<void>;
}
