// Facts, as the writer keeps them. They are appended in the order of their places and indexed later, a segment of thousands in one
// sorted run: an index that every fact touched would cost a refresh as much as its row. What is not in a segment yet is looked through.
// Retention drops from the oldest segment on, and a segment that is empty goes whole.

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { FactDraft, FactsOf, Instant } from "@hallpass/core";
import { packId } from "./id-order.ts";
import type { Names } from "./names.ts";
import { numberAt } from "./sqlite-values.ts";

/** Places of a segment: as many as sorting and writing takes a few milliseconds, because the next batch waits for it. The schema cuts so, too. */
export const FACTS_PER_SEGMENT = 4096;
/** Segments that one step looks through for facts of a kind. */
const MOST_LOOKED_THROUGH = 8;

interface Segment {
  readonly first: number;
  readonly last: number;
}

export class FactLog {
  readonly #names: Names;
  readonly #sql: ReturnType<typeof prepared>;
  /** Known until something is rolled back: nobody else writes this file. */
  #last: number | undefined;
  #sealed: number | undefined;
  /** Of a kind with a bound of its own: the last segment that holds none any more from that time on. */
  readonly #cleared = new Map<number, { readonly from: Instant; readonly last: number }>();

  constructor(db: DatabaseSync, names: Names) {
    this.#names = names;
    this.#sql = prepared(db);
  }

  /** The place of the last fact that was ever written. */
  get last(): number {
    return (this.#last ??= numberAt(this.#sql.last.get(), "place"));
  }

  get #lastSealed(): number {
    return (this.#sealed ??= numberAt(this.#sql.sealed.get(this.last), "place"));
  }

  /** After a rollback. */
  forget(): void {
    this.#last = undefined;
    this.#sealed = undefined;
    this.#cleared.clear();
  }

  record({ tenant, kind, session, at, body }: FactDraft): void {
    const place = this.last + 1;
    const packed = session === null ? null : packId(session);
    this.#sql.record.run(place, this.#names.codeFor(tenant), this.#names.codeFor(kind), packed, at, body);
    this.#last = place;
  }

  /** Whether so many facts wait for an index that `seal` is worth its transaction. */
  get isSegmentFull(): boolean {
    return this.last - this.#lastSealed >= FACTS_PER_SEGMENT;
  }

  /** Inside a transaction: the first places that are in no segment become one. */
  seal(): void {
    const first = this.#lastSealed + 1;
    const last = first + FACTS_PER_SEGMENT - 1;
    this.#index({ first, last });
    this.#sql.addSegment.run(first, last, first, last);
    this.#sealed = last;
  }

  #index({ first, last }: Segment): void {
    this.#sql.indexSegment.run(last, first, last);
  }

  /** Drops at most `limit` facts that are older than `before`, the oldest segments first. */
  dropBefore(before: Instant, limit: number): number {
    let dropped = 0;
    while (dropped < limit) {
      const segment = segmentAt(this.#sql.oldSegment.get(before));
      if (segment === undefined) break;
      const { first, last } = segment;
      const most = limit - dropped;
      const count = Number(this.#sql.dropIn.run(first, last, before, most).changes);
      dropped += count;
      if (count < most) this.#trim(segment);
    }
    if (dropped < limit) {
      const first = this.#lastSealed + 1;
      dropped += Number(this.#sql.dropIn.run(first, this.last, before, limit - dropped).changes);
    }
    return dropped;
  }

  /** Drops at most `limit` facts of the kind between its bounds; `more` says that another step may find some. */
  dropOf({ kind, from, before }: FactsOf, limit: number): { readonly dropped: number; readonly more: boolean } {
    const code = this.#names.codeOf(kind);
    if (code === undefined) return { dropped: 0, more: false };
    const known = this.#cleared.get(code);
    let cleared = known !== undefined && known.from <= from ? known.last : 0;
    let after = cleared;
    let dropped = 0;
    for (let looked = 0; dropped < limit; looked += 1) {
      const row = this.#sql.segmentWith.get(after, from, before);
      const segment = segmentAt(row);
      if (segment === undefined) break;
      if (looked === MOST_LOOKED_THROUGH) return { dropped, more: true };
      const { first, last } = segment;
      const most = limit - dropped;
      const count = Number(this.#sql.dropOfIn.run(first, last, code, from, before, most).changes);
      dropped += count;
      if (count === most) return { dropped, more: true };
      if (count > 0 && this.#trim(segment)) this.#indexAnew(segment);
      // Not past one that was passed over because all of it is younger than the bound, which will move.
      if (numberAt(row, "newest") < before && this.#sql.passedOver.get(cleared, last, from) === undefined) {
        cleared = last;
        this.#cleared.set(code, { from, last });
      }
      after = last;
    }
    if (dropped < limit) {
      const first = this.#lastSealed + 1;
      dropped += Number(this.#sql.dropOfIn.run(first, this.last, code, from, before, limit - dropped).changes);
    }
    return { dropped, more: dropped === limit };
  }

  /** What was dropped out of the middle leaves no entries behind, which would be as many as there were refreshes. */
  #indexAnew(segment: Segment): void {
    this.#sql.dropIndex.run(segment.last);
    this.#index(segment);
  }

  isOlderThan(before: Instant): boolean {
    return (
      this.#sql.oldSegment.get(before) !== undefined || this.#sql.olderAfter.get(this.#lastSealed, before) !== undefined
    );
  }

  /** What is left of a segment says how old its oldest is; an empty one goes, with its index. Whether anything is left. */
  #trim({ first, last }: Segment): boolean {
    const oldest = this.#sql.oldestIn.get(first, last)?.["at"];
    if (typeof oldest === "number") {
      this.#sql.setOldest.run(oldest, last);
      return true;
    }
    this.#sql.dropIndex.run(last);
    this.#sql.dropSegment.run(last);
    return false;
  }
}

function segmentAt(row: ReturnType<StatementSync["get"]>): Segment | undefined {
  return row === undefined ? undefined : { first: numberAt(row, "first"), last: numberAt(row, "last") };
}

function prepared(
  db: DatabaseSync,
): Record<
  | "last"
  | "sealed"
  | "record"
  | "indexSegment"
  | "addSegment"
  | "oldSegment"
  | "segmentWith"
  | "passedOver"
  | "dropIn"
  | "dropOfIn"
  | "olderAfter"
  | "oldestIn"
  | "setOldest"
  | "dropIndex"
  | "dropSegment",
  StatementSync
> {
  const sql = (text: string): StatementSync => db.prepare(text);
  return {
    last: sql("SELECT max(fact_floor, ifnull((SELECT max(place) FROM facts), 0)) AS place FROM head"),
    // Where the facts of no segment begin: after the last segment, or later if what followed it is gone.
    sealed: sql(
      `SELECT ifnull((SELECT min(place) - 1 FROM facts WHERE place > ifnull((SELECT max(last) FROM fact_segments), 0)), ?) AS place`,
    ),
    record: sql("INSERT INTO facts (place, tenant, kind, session, at, body) VALUES (?, ?, ?, ?, ?, ?)"),
    // Sorted, so that it is appended to the index page after page.
    indexSegment: sql(
      `INSERT INTO fact_index (segment, session, place)
       SELECT ?, session, place FROM facts WHERE place >= ? AND place <= ? AND session IS NOT NULL ORDER BY session, place`,
    ),
    addSegment: sql(
      `INSERT INTO fact_segments (first, last, oldest, newest)
       SELECT ?, ?, min(at), max(at) FROM facts WHERE place >= ? AND place <= ? HAVING count(*) > 0`,
    ),
    oldSegment: sql("SELECT first, last FROM fact_segments WHERE oldest < ? ORDER BY last LIMIT 1"),
    segmentWith: sql(
      `SELECT first, last, newest FROM fact_segments WHERE last > ? AND newest >= ? AND oldest < ? ORDER BY last LIMIT 1`,
    ),
    passedOver: sql("SELECT 1 FROM fact_segments WHERE last > ? AND last < ? AND newest >= ? LIMIT 1"),
    dropIn: sql(
      `DELETE FROM facts WHERE place IN
       (SELECT place FROM facts WHERE place >= ? AND place <= ? AND at < ? ORDER BY place LIMIT ?)`,
    ),
    dropOfIn: sql(
      `DELETE FROM facts WHERE place IN
       (SELECT place FROM facts WHERE place >= ? AND place <= ? AND kind = ? AND at >= ? AND at < ? ORDER BY place LIMIT ?)`,
    ),
    olderAfter: sql("SELECT 1 FROM facts WHERE place > ? AND at < ? LIMIT 1"),
    oldestIn: sql("SELECT min(at) AS at FROM facts WHERE place >= ? AND place <= ?"),
    setOldest: sql("UPDATE fact_segments SET oldest = ? WHERE last = ?"),
    dropIndex: sql("DELETE FROM fact_index WHERE segment = ?"),
    dropSegment: sql("DELETE FROM fact_segments WHERE last = ?"),
  };
}
