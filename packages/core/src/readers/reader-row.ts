// How far a reader of the facts has come: one row for each reader, changed together with whatever the reader writes.

import type { TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import type { Row, RowKey } from "../store/store.ts";

export interface ReaderState {
  /** Of the last fact that was taken; null before the first. */
  readonly cursor: string | null;
  /** When that fact happened. */
  readonly factAt: Instant | null;
  /** What the reader itself keeps, as JSON text. */
  readonly progress: string | null;
  /** Tries in a row that failed, of the facts after the cursor. */
  readonly failures: number;
  /** No try before it; null unless the last one failed. */
  readonly retryAt: Instant | null;
  /** Facts that are taken one by one, because they could not be taken together. */
  readonly alone: number;
  /** Facts that were laid aside because the reader could not take them. */
  readonly laidAside: number;
}

export const UNREAD: ReaderState = {
  cursor: null,
  factAt: null,
  progress: null,
  failures: 0,
  retryAt: null,
  alone: 0,
  laidAside: 0,
};

const LAYOUT = 1;

export function readerKey(tenant: TenantId, name: string): RowKey {
  return { tenant, kind: "reader", id: name };
}

export function readerToRow(state: ReaderState): { readonly value: string; readonly expires: null } {
  return { value: JSON.stringify({ layout: LAYOUT, ...state }), expires: null };
}

export function readerFromRow(row: Row | undefined): ReaderState {
  if (row === undefined) return UNREAD;
  const { layout, ...state } = JSON.parse(row.value) as ReaderState & { readonly layout: number };
  if (layout !== LAYOUT) throw new Error("a reader's row has a layout that this version does not know");
  return state;
}
