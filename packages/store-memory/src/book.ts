// What the store remembers. Rows, notices and facts are never changed in place, only replaced, so whoever holds one holds a snapshot.

import {
  type FactDraft,
  type Head,
  type Instant,
  instantOf,
  type Row,
  type RowKey,
  type StoredNotice,
} from "@hallpass/core";

export interface Kept {
  readonly row: Row;
  readonly refs: readonly RowKey[];
}

export interface KeptFact {
  readonly seq: number;
  readonly fact: FactDraft;
}

export interface Book {
  /** By `rowKeyText`. */
  readonly rows: Map<string, Kept>;
  readonly birthMark: string;
  head: Head;
  /** In order of their positions. */
  notices: StoredNotice[];
  dropped: { readonly seq: number; readonly horizon: Instant };
  facts: KeptFact[];
  factSeq: number;
}

export function emptyBook(birthMark: string): Book {
  return {
    rows: new Map(),
    birthMark,
    head: { pos: { epoch: 1, seq: 0 }, mark: birthMark },
    notices: [],
    dropped: { seq: 0, horizon: instantOf(0) },
    facts: [],
    factSeq: 0,
  };
}
