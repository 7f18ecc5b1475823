// Rows that this node has seen, in memory. They are never believed: a read tells the server which attempt wrote what is remembered,
// and a row that still stands there by the same attempt need not travel again, nor be parsed. An attempt is made for one try of one
// change, so it never names two contents of a row; not even after a failover or a restore.

import { type Change, type Outcome, type Row, type RowChange, type RowKey, RowMap } from "@hallpass/core";

/** A row, and what it refers to. */
export interface Found {
  readonly row: Row;
  readonly refs: readonly RowKey[];
}

/** Rows in each of two generations; a row of about a kilobyte each. */
const MOST = 10_000;
/** Characters. Whoever writes longer values, such as the audit's blocks, reads them seldom. */
const LONGEST = 16_384;

export class Remembered {
  #recent = new RowMap<Found>();
  #older = new RowMap<Found>();

  find(key: RowKey): Found | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const older = this.#older.get(key);
    if (older !== undefined) this.remember(key, older);
    return older;
  }

  remember(key: RowKey, found: Found): void {
    if (found.row.value.length > LONGEST) return this.forget(key);
    this.#recent.set(key, found);
    if (this.#recent.size < MOST) return;
    this.#older = this.#recent;
    this.#recent = new RowMap();
  }

  forget(key: RowKey): void {
    this.#recent.delete(key);
    this.#older.delete(key);
  }

  /** What this node has written is what it will read next. */
  wrote({ rows, attempt }: Change, outcome: Outcome): void {
    if (outcome.kind !== "committed") return;
    for (const row of rows) {
      if (row.next === "same") continue;
      const found = row.next === "gone" ? undefined : this.#written(row, row.next, attempt, outcome);
      if (found === undefined) this.forget(row.key);
      else this.remember(row.key, found);
    }
  }

  /** Undefined when what stood there before is not remembered: its cut-off stays, and only the server knows it. */
  #written(
    { key, expect, raise }: RowChange,
    { value, expires, refs = [] }: Exclude<RowChange["next"], string>,
    attempt: string,
    { pos, at }: Extract<Outcome, { kind: "committed" }>,
  ): Found | undefined {
    const before = expect === "absent" ? undefined : this.find(key)?.row;
    if (expect !== "absent" && before?.version !== expect) return undefined;
    const cutOff =
      raise === true
        ? { notBefore: pos, raisedAt: at }
        : { notBefore: before?.notBefore ?? null, raisedAt: before?.raisedAt ?? null };
    return { row: { key, value, version: (before?.version ?? 0) + 1, attempt, expires, ...cutOff }, refs };
  }
}
