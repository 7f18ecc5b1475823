// What one statement answers to all reads that it was sent for: of each row that is remembered only whether it still stands there.

import { type Head, type Instant, type Row, type RowKey, rowKeyText, type Snapshot } from "@hallpass/core";
import type { Found, Remembered } from "./remembered.ts";
import { refsFromRow, rowFromRow, type SqlRow } from "./rows.ts";

export interface AskedRow {
  readonly key: RowKey;
  readonly text: string;
  readonly remembered: Found | undefined;
}

/** Every row of these reads once, and what they refer to as far as it is remembered. The server adds what is not. */
export function askedRows(reads: readonly (readonly RowKey[])[], remembered: Remembered): readonly AskedRow[] {
  const asked = new Map<string, AskedRow>();
  const add = (key: RowKey): AskedRow => {
    const text = rowKeyText(key);
    const known = asked.get(text);
    if (known !== undefined) return known;
    const one = { key, text, remembered: remembered.find(text) };
    asked.set(text, one);
    return one;
  };
  for (const keys of reads) for (const key of keys) for (const ref of add(key).remembered?.refs ?? []) add(ref);
  return [...asked.values()];
}

export interface Answered {
  readonly rows: ReadonlyMap<string, Found>;
  readonly head: Head;
  readonly clock: Instant;
}

/** Remembers what is new, and forgets what is no longer there. */
export function answeredBy([first]: readonly SqlRow[], asked: readonly AskedRow[], remembered: Remembered): Answered {
  if (first === undefined) throw new Error("the store has no head");
  const rows = new Map<string, Found>();
  for (const place of ((first["same"] ?? "") as string).split(" ")) {
    const one = asked[Number(place) - 1];
    if (one?.remembered !== undefined) rows.set(one.text, one.remembered);
  }
  for (const line of (first["found"] ?? []) as readonly SqlRow[]) {
    const found = { row: rowFromRow(line), refs: refsFromRow(line) };
    const text = rowKeyText(found.row.key);
    rows.set(text, found);
    remembered.remember(text, found);
  }
  for (const one of asked) if (one.remembered !== undefined && !rows.has(one.text)) remembered.forget(one.text);
  return {
    rows,
    head: { pos: { epoch: Number(first["epoch"]), seq: Number(first["seq"]) }, mark: String(first["mark"]) },
    clock: Number(first["clock"]) as Instant,
  };
}

/** What one read asked for and what that refers to, out of what was answered to all. */
export function snapshotOf(keys: readonly RowKey[], { rows, head, clock }: Answered): Snapshot {
  const seen = new Map<string, Row | undefined>();
  for (const key of keys) {
    const text = rowKeyText(key);
    const found = rows.get(text);
    seen.set(text, found?.row);
    for (const ref of found?.refs ?? []) {
      const named = rowKeyText(ref);
      seen.set(named, rows.get(named)?.row);
    }
  }
  return {
    has: (key) => seen.has(rowKeyText(key)),
    get: (key) => {
      const text = rowKeyText(key);
      if (!seen.has(text)) throw new RangeError("a row was asked for that the snapshot does not cover");
      return seen.get(text);
    },
    head,
    clock,
  };
}
