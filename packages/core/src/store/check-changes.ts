// What changes must look like before a store looks at them. Whoever breaks one of these rules has a defect,
// not bad luck, so it throws; nothing was written. Every store calls it first.

import { isChecked } from "./checked-batches.ts";
import { RowMap } from "./row-map.ts";
import type { Change, RowChange, RowKey } from "./store.ts";

export const MOST_ROWS = 16;
const MOST_ID_BYTES = 512;
const MOST_FACT_BYTES = 4096;

/** A row's key as one text; two keys have the same text exactly if they are the same row. */
export function rowKeyText(key: RowKey): string {
  return `${key.kind}/${key.tenant}/${key.id}`;
}

/** Throws a RangeError for a change that no store may take, or for two changes of one call that touch one row. */
export function checkChanges(changes: readonly Change[]): void {
  if (isChecked(changes)) return;
  const touched = new RowMap<boolean>();
  for (const change of changes) {
    checkShape(change);
    checkNamedOnce(change.rows);
    // A call with one change, as operations make them, needs no look at others.
    if (changes.length === 1) return;
    for (const row of change.rows) {
      const onlyCompares = row.next === "same";
      const others = touched.get(row.key);
      if (others !== undefined && !(onlyCompares && others))
        throw new RangeError("two changes of one call touch the same row");
      touched.set(row.key, onlyCompares);
    }
  }
}

/** At most sixteen rows: comparing them with one another costs less than a set of texts. */
function checkNamedOnce(rows: readonly RowChange[]): void {
  rows.forEach(({ key }, at) => {
    for (let before = 0; before < at; before += 1) {
      const other = rows[before]?.key;
      if (other?.id === key.id && other.kind === key.kind && other.tenant === key.tenant) {
        throw new RangeError("a change names a row twice");
      }
    }
  });
}

function checkShape(change: Change): void {
  const { attempt, rows, notices, facts } = change;
  if (attempt === "") throw new RangeError("a change has an attempt");
  if (rows.length > MOST_ROWS) throw new RangeError(`a change has at most ${MOST_ROWS} rows`);
  if (rows.length + notices.length + facts.length === 0) throw new RangeError("a change has a row, a notice or a fact");
  for (const row of rows) checkRow(row, notices.length);
  for (const fact of facts) {
    if (longerThan(fact.body, MOST_FACT_BYTES)) throw new RangeError(`a fact has at most ${MOST_FACT_BYTES} bytes`);
  }
}

function checkRow({ key, expect, next, raise }: RowChange, notices: number): void {
  if (key.id === "" || longerThan(key.id, MOST_ID_BYTES)) {
    throw new RangeError(`a row's id has 1 to ${MOST_ID_BYTES} bytes`);
  }
  if (raise === true && (typeof next === "string" || notices === 0)) {
    throw new RangeError("raising a cut-off needs a new value and a notice");
  }
  if (expect === "absent" && next === "gone") throw new RangeError("what must not exist can't be removed");
}

function longerThan(text: string, bytes: number): boolean {
  if (text.length * 3 <= bytes) return false;
  return text.length > bytes || new TextEncoder().encode(text).length > bytes;
}
