// One change inside the writer's transaction: first every row is compared, then everything is written.

import type { DatabaseSync, StatementResultingChanges, StatementSync } from "node:sqlite";
import {
  type FactsOf,
  type Fence,
  type Instant,
  livesUntil,
  type NoticeDraft,
  type Outcome,
  placeAfter,
  type RowChange,
  type RowKey,
  type Store,
} from "@hallpass/core";
import type { Position } from "@hallpass/protocol";
import type { SentChange, SentRow } from "./change-message.ts";
import type { FactLog } from "./fact-log.ts";
import { packId } from "./id-order.ts";
import type { Names } from "./names.ts";
import { type Packed, pack } from "./packed-text.ts";
import { refsToRow } from "./refs.ts";
import { kindToRow } from "./row-kinds.ts";
import { numberAt, packedAt } from "./sqlite-values.ts";

export interface DropBounds {
  readonly horizon: Instant;
  readonly factsBefore: Instant;
  readonly factsOf?: readonly FactsOf[];
  readonly limit: number;
  readonly fence?: Fence;
}

export type Dropped = Awaited<ReturnType<Store["drop"]>>;

interface WrittenHead {
  readonly pos: Position;
  readonly mark: Packed;
}

interface Commit {
  readonly pos: Position;
  readonly at: Instant;
}

type Value = Exclude<RowChange["next"], string>;
type Made = SentRow & { readonly expect: "absent"; readonly next: Value };
type PlainUpdate = SentRow & { readonly expect: number; readonly next: Value };

/** New rows, and at most one that is there already. */
interface Straight {
  readonly made: readonly Made[];
  readonly updated: PlainUpdate | undefined;
}

/** Undefined for a change whose rows have to be compared before any of them is written. */
function straightOf(rows: readonly SentRow[]): Straight | undefined {
  const made: Made[] = [];
  let updated: PlainUpdate | undefined;
  for (const row of rows) {
    if (isMade(row)) made.push(row);
    else if (updated === undefined && isPlainUpdate(row)) updated = row;
    else return undefined;
  }
  return { made, updated };
}

function isMade(row: SentRow): row is Made {
  return row.expect === "absent" && typeof row.next === "object";
}

function isPlainUpdate(row: SentRow): row is PlainUpdate {
  return row.expect !== "absent" && typeof row.next === "object" && row.raise !== true;
}

export class ChangeWriter {
  readonly #names: Names;
  readonly #sql: ReturnType<typeof prepared>;
  readonly #facts: FactLog;
  /** Known until something is rolled back: nobody else writes this file. */
  #known: WrittenHead | undefined;

  #last: Extract<Outcome, { kind: "committed" }> | undefined;

  constructor(db: DatabaseSync, names: Names, facts: FactLog) {
    this.#names = names;
    this.#facts = facts;
    this.#sql = prepared(db);
  }

  /** As this transaction leaves it so far. */
  get head(): WrittenHead {
    if (this.#known !== undefined) return this.#known;
    const row = this.#sql.head.get();
    this.#known = { pos: { epoch: numberAt(row, "epoch"), seq: numberAt(row, "seq") }, mark: packedAt(row, "mark") };
    return this.#known;
  }

  /** After a rollback. */
  forget(): void {
    this.#known = undefined;
  }

  /** Whether the head moved. It is written once for a batch, and only if there was a notice. */
  writeHead(before: WrittenHead): boolean {
    const { head } = this;
    if (head === before) return false;
    this.#sql.setHead.run(head.pos.epoch, head.pos.seq, head.mark);
    return true;
  }

  apply(change: SentChange, at: Instant): Outcome {
    const straight = straightOf(change.rows);
    if (straight !== undefined) return this.#applyStraight(change, straight, at);
    const places: (number | undefined)[] = [];
    for (const row of change.rows) {
      const found = this.#find(row);
      if (row.expect !== (found?.version ?? "absent")) return { kind: "conflict" };
      places.push(found?.place);
    }
    for (const notice of change.notices) this.#append(notice, at);
    const { pos } = this.head;
    const attempt = pack(change.attempt);
    change.rows.forEach((row, i) => this.#write(row, places[i], attempt, { pos, at }));
    for (const fact of change.facts) this.#facts.record(fact);
    return this.#committed(pos, at);
  }

  drop({ horizon, factsBefore, factsOf = [], limit, fence }: DropBounds): Dropped {
    if (fence !== undefined && this.#find(fence)?.version !== fence.version) return { more: false, fenced: true };
    const dropped = this.#sql.dropNotices.all(horizon, limit);
    const facts = this.#facts.dropBefore(factsBefore, limit);
    const ofKinds = factsOf.map((of) => this.#facts.dropOf(of, limit));
    if (facts + ofKinds.reduce((sum, { dropped: count }) => sum + count, 0) > 0)
      this.#sql.setFactFloor.run(this.#facts.last);
    if (dropped.length > 0) {
      const seq = Math.max(...dropped.map((row) => numberAt(row, "seq")));
      this.#sql.noteDropped.run(seq, horizon);
    }
    const isMore = this.#sql.anyToDrop.get(horizon) !== undefined || this.#facts.isOlderThan(factsBefore);
    return { more: ofKinds.some(({ more }) => more) || isMore };
  }

  /**
   * Each row is compared and written by one statement: a refresh, a session that is opened, one that is revoked. The row that was there comes
   * last, so all that a conflict leaves to be undone are new rows.
   */
  #applyStraight(change: SentChange, { made, updated }: Straight, at: Instant): Outcome {
    const pos = change.notices.reduce(placeAfter, this.head.pos);
    const attempt = pack(change.attempt);
    const places: (number | bigint)[] = [];
    const areNew = made.every((row) => {
      const { changes, lastInsertRowid } = this.#insert(row, attempt, { pos, at });
      if (changes !== 0) places.push(lastInsertRowid);
      return changes !== 0;
    });
    if (!areNew || (updated !== undefined && !this.#update(updated, attempt))) {
      for (const place of places) this.#sql.remove.run(place);
      return { kind: "conflict" };
    }
    for (const notice of change.notices) this.#append(notice, at);
    for (const fact of change.facts) this.#facts.record(fact);
    return this.#committed(this.head.pos, at);
  }

  /** Changes nothing where the row is there. */
  #insert({ key, next, raise }: Made, attempt: Packed, commit: Commit): StatementResultingChanges {
    const { pos } = commit;
    const [epoch, seq, at] = raise === true ? [pos.epoch, pos.seq, commit.at] : [null, null, null];
    const tenant = this.#names.codeFor(key.tenant);
    const refs = refsToRow(next.refs ?? [], this.#names);
    const kind = kindToRow(key.kind);
    return this.#sql.insert.run(kind, tenant, packId(key.id), attempt, next.expires, epoch, seq, at, refs, next.value);
  }

  /** Whether the row had the version expected. */
  #update({ key, expect, next, refsStay }: PlainUpdate, attempt: Packed): boolean {
    const tenant = this.#names.codeOf(key.tenant);
    if (tenant === undefined) return false;
    const { value, expires, refs = [] } = next;
    const [kind, id] = [kindToRow(key.kind), packId(key.id)];
    const { changes } =
      refsStay === true
        ? this.#sql.updateValueIf.run(attempt, expires, value, kind, tenant, id, expect)
        : this.#sql.updateIf.run(attempt, expires, refsToRow(refs, this.#names), value, kind, tenant, id, expect);
    return changes !== 0;
  }

  /** One object for all of a batch that say the same: it travels to the other thread once. */
  #committed(pos: Position, at: Instant): Outcome {
    if (this.#last?.pos !== pos || this.#last.at !== at) this.#last = { kind: "committed", pos, at };
    return this.#last;
  }

  #find({ key }: { readonly key: RowKey }): { readonly place: number; readonly version: number } | undefined {
    const tenant = this.#names.codeOf(key.tenant);
    if (tenant === undefined) return undefined;
    const row = this.#sql.find.get(kindToRow(key.kind), tenant, packId(key.id));
    return row === undefined ? undefined : { place: numberAt(row, "place"), version: numberAt(row, "version") };
  }

  #append(draft: NoticeDraft, at: Instant): void {
    const pos = placeAfter(this.head.pos, draft);
    const mark = pack(draft.mark);
    const tenant = this.#names.codeFor(draft.tenant);
    this.#sql.append.run(pos.seq, pos.epoch, tenant, mark, draft.body, at, livesUntil(draft, at));
    this.#known = { pos, mark };
  }

  #write({ key, next, raise, refsStay }: SentRow, place: number | undefined, attempt: Packed, commit: Commit): void {
    if (next === "same") return;
    if (next === "gone") {
      if (place !== undefined) this.#sql.remove.run(place);
      return;
    }
    const { pos } = commit;
    if (refsStay === true && place !== undefined) {
      this.#sql.updateValue.run(attempt, next.expires, next.value, place);
      return;
    }
    if (place === undefined) {
      this.#insert({ key, expect: "absent", next, ...(raise === true ? { raise } : {}) }, attempt, commit);
      return;
    }
    const refs = refsToRow(next.refs ?? [], this.#names);
    if (raise === true) {
      this.#sql.raise.run(attempt, next.expires, pos.epoch, pos.seq, commit.at, refs, next.value, place);
    } else {
      this.#sql.update.run(attempt, next.expires, refs, next.value, place);
    }
  }
}

function prepared(
  db: DatabaseSync,
): Record<
  | "head"
  | "setHead"
  | "find"
  | "insert"
  | "update"
  | "updateValue"
  | "updateIf"
  | "updateValueIf"
  | "raise"
  | "remove"
  | "append"
  | "dropNotices"
  | "anyToDrop"
  | "setFactFloor"
  | "noteDropped",
  StatementSync
> {
  const sql = (text: string): StatementSync => db.prepare(text);
  return {
    head: sql("SELECT epoch, seq, mark FROM head"),
    setHead: sql("UPDATE head SET epoch = ?, seq = ?, mark = ?"),
    find: sql("SELECT place, version FROM rows WHERE kind = ? AND tenant = ? AND id = ?"),
    insert: sql(
      `INSERT INTO rows (kind, tenant, id, version, attempt, expires, not_before_epoch, not_before_seq, raised_at, refs, value)
       VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, tenant, id) DO NOTHING`,
    ),
    update: sql("UPDATE rows SET version = version + 1, attempt = ?, expires = ?, refs = ?, value = ? WHERE place = ?"),
    updateValue: sql("UPDATE rows SET version = version + 1, attempt = ?, expires = ?, value = ? WHERE place = ?"),
    updateValueIf: sql(
      `UPDATE rows SET version = version + 1, attempt = ?, expires = ?, value = ?
       WHERE kind = ? AND tenant = ? AND id = ? AND version = ?`,
    ),
    updateIf: sql(
      `UPDATE rows SET version = version + 1, attempt = ?, expires = ?, refs = ?, value = ?
       WHERE kind = ? AND tenant = ? AND id = ? AND version = ?`,
    ),
    raise: sql(
      `UPDATE rows SET version = version + 1, attempt = ?, expires = ?,
       not_before_epoch = ?, not_before_seq = ?, raised_at = ?, refs = ?, value = ? WHERE place = ?`,
    ),
    remove: sql("DELETE FROM rows WHERE place = ?"),
    append: sql("INSERT INTO notices (seq, epoch, tenant, mark, body, at, until) VALUES (?, ?, ?, ?, ?, ?, ?)"),
    dropNotices: sql(
      `DELETE FROM notices WHERE seq IN (SELECT seq FROM notices WHERE until <= ? ORDER BY until LIMIT ?)
       RETURNING seq`,
    ),
    setFactFloor: sql("UPDATE head SET fact_floor = ?"),
    anyToDrop: sql("SELECT 1 FROM notices WHERE until <= ? LIMIT 1"),
    noteDropped: sql("UPDATE head SET dropped_seq = max(dropped_seq, ?), dropped_horizon = max(dropped_horizon, ?)"),
  };
}
