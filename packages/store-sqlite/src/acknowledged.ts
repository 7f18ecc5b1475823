// What this process has acknowledged, in memory. Every write of this file passes here (the file is locked), so a row that
// is remembered needs no look at the file. Reads see exactly the acknowledged state: what a batch under way may or may not
// have written already is invisible until its outcome is here, and a row of that batch that is not remembered waits for it.

import {
  type Change,
  type Head,
  type Outcome,
  type Row,
  type RowChange,
  type RowKey,
  type RowKind,
  RowMap,
} from "@hallpass/core";
import type { SentChange, SentRow } from "./change-message.ts";
import { RecentFacts } from "./recent-facts.ts";

/** A row, or that there is none, and what it refers to. */
export interface Found {
  readonly row: Row | undefined;
  readonly refs: readonly RowKey[];
}

const ABSENT: Found = { row: undefined, refs: [] };

/** A change whose rows were compared with what is remembered of them. */
export interface ComparedChange extends SentChange {
  readonly rows: readonly ComparedRow[];
}

/**
 * `before`: what is remembered of the row, which stays so until the outcome is known; undefined for nothing, and `written` where an earlier
 * change of the batch writes the row as well. Nothing has to be looked up a second time when the outcome is here.
 */
type ComparedRow = SentRow & { readonly before: Found | "written" | undefined };

const NOTHING: Pick<RowMap<true>, "has"> = new RowMap<true>();
/** Rows remembered in each of two generations; a row of about a kilobyte each. Those of a session and its subject count as two. */
const MOST = 20_000;
/** Characters. Whoever writes longer values, such as the audit's blocks, reads them seldom: the file tells. */
const LONGEST = 16_384;
/** Written for whoever asks later, which is mostly nobody: in memory they would take the place of sessions. */
const KEPT_FOR_LATER: ReadonlySet<RowKind> = new Set(["revocation", "dead_letter", "audit", "audit_checkpoint"]);

export class Acknowledged {
  readonly facts: RecentFacts = new RecentFacts();
  #recent = new RowMap<Found>();
  #older = new RowMap<Found>();
  #underWay = NOTHING;
  #head: Head | undefined;
  #headUnderWay = false;

  /** Undefined when the file has to tell. */
  find(key: RowKey): Found | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const older = this.#older.get(key);
    if (older !== undefined) this.remember(key, older);
    return older;
  }

  remember(key: RowKey, found: Found): void {
    if (found.row !== undefined && found.row.value.length > LONGEST) return this.#drop(key);
    this.#recent.set(key, found);
    if (this.#recent.size < MOST) return;
    this.#older = this.#recent;
    this.#recent = new RowMap();
  }

  get head(): Head | undefined {
    return this.#head;
  }

  rememberHead(head: Head): void {
    this.#head = head;
  }

  /** Whether the file may hold of this row what is not acknowledged yet. */
  isUnderWay(key: RowKey): boolean {
    return this.#underWay.has(key);
  }

  /** Whether the file may hold a head that is not acknowledged yet. */
  get isHeadUnderWay(): boolean {
    return this.#headUnderWay;
  }

  /**
   * A batch goes to the writer, and no other is under way: what is remembered is what the file holds. So rows are compared here,
   * unless an earlier change of the batch writes them, and what was only to be compared, and fits, need not go there.
   */
  begin(changes: readonly Change[]): readonly (ComparedChange | "conflict")[] {
    const written = new RowMap<true>();
    const compared = changes.map((change) => this.#compare(change, written));
    this.#underWay = written;
    this.#headUnderWay = changes.some(({ notices }) => notices.length > 0);
    return compared;
  }

  /** Adds what the change writes to `written`. */
  #compare(change: Change, written: RowMap<true>): ComparedChange | "conflict" {
    const rows: ComparedRow[] = [];
    const own: RowKey[] = [];
    for (const row of change.rows) {
      const before = written.has(row.key) ? "written" : this.find(row.key);
      const found = before === "written" ? undefined : before;
      if (found !== undefined && row.expect !== (found.row?.version ?? "absent")) return "conflict";
      if (row.next !== "same") own.push(row.key);
      if (row.next !== "same" || found === undefined)
        rows.push({ ...row, before, refsStay: staysAsBefore(row, found) });
    }
    for (const key of own) written.set(key, true);
    const { attempt, notices, facts } = change;
    return { attempt, rows, notices, facts };
  }

  /** Its outcomes are here, and nobody has heard of them yet. `factsAfter` is the place of the last fact before the batch. */
  settle(changes: readonly ComparedChange[], outcomes: readonly Outcome[], factsAfter: number): void {
    this.facts.add(changes, outcomes, factsAfter);
    changes.forEach((change, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined || outcome.kind === "unknown") this.#forget();
      else if (outcome.kind === "committed") this.#apply(change, outcome);
    });
    this.#underWay = NOTHING;
    this.#headUnderWay = false;
  }

  #apply(change: ComparedChange, outcome: Extract<Outcome, { kind: "committed" }>): void {
    const last = change.notices.at(-1);
    if (last !== undefined) this.#head = { pos: outcome.pos, mark: last.mark };
    for (const row of change.rows) {
      if (row.next === "same") continue;
      const before = row.before === "written" ? this.find(row.key) : row.before;
      const next = row.next === "gone" ? ABSENT : toRemember(row, row.next, before, change.attempt, outcome);
      if (next !== undefined) this.remember(row.key, next);
      else if (before !== undefined) this.#drop(row.key);
    }
  }

  #drop(key: RowKey): void {
    this.#recent.delete(key);
    this.#older.delete(key);
  }

  /** Nobody knows what the file holds: from here on it is asked again. */
  #forget(): void {
    this.#recent.clear();
    this.#older.clear();
    this.#head = undefined;
    this.facts.forget();
  }
}

/**
 * Undefined for a new row that waits for later, and when what stood there before is not remembered: its cut-off stays, and only the file
 * knows it.
 */
function toRemember(
  { key, expect, raise, refsStay }: SentRow,
  { value, expires, parsed, refs = [] }: Exclude<RowChange["next"], string>,
  before: Found | undefined,
  attempt: string,
  { pos, at }: Extract<Outcome, { kind: "committed" }>,
): Found | undefined {
  if (expect === "absent" && KEPT_FOR_LATER.has(key.kind)) return undefined;
  const known = expect === "absent" ? ABSENT : before;
  if (known === undefined) return undefined;
  const version = expect === "absent" ? 1 : expect + 1;
  const notBefore = raise === true ? pos : (known.row?.notBefore ?? null);
  const raisedAt = raise === true ? at : (known.row?.raisedAt ?? null);
  const row: Row = { key, value, version, attempt, notBefore, raisedAt, expires };
  if (parsed !== undefined) row.parsed = parsed;
  // What stays is as old as the row: the collector has moved it already.
  return { row, refs: refsStay === true ? known.refs : refs };
}

/** Whether a row that is there refers to what it is to refer to, one after another: a refresh changes none of it. */
function staysAsBefore({ expect, next, raise }: RowChange, found: Found | undefined): boolean {
  if (expect === "absent" || raise === true || typeof next === "string" || found === undefined) return false;
  const { refs = [] } = next;
  return refs.length === found.refs.length && refs.every((ref, at) => isSameKey(ref, found.refs[at]));
}

function isSameKey(one: RowKey, other: RowKey | undefined): boolean {
  return one.id === other?.id && one.kind === other.kind && one.tenant === other.tenant;
}
