// What one statement answers to all reads that it was sent for: of each row that is remembered only whether it still stands there.

import { type Head, type Instant, type RowKey, type RowKind, RowMap, type Snapshot } from "@hallpass/core";
import { quoted } from "./array-text.ts";
import type { Found, Remembered } from "./remembered.ts";
import { refsFromRow, rowFromRow, type SqlRow } from "./rows.ts";

export interface AskedRow {
  readonly key: RowKey;
  readonly remembered: Found | undefined;
}

/** Every row of these reads once, and what they refer to as far as it is remembered. The server adds what is not. */
export function askedRows(reads: readonly (readonly RowKey[])[], remembered: Remembered): readonly AskedRow[] {
  const asked: AskedRow[] = [];
  const known = new RowMap<true>();
  const add = (key: RowKey): void => {
    if (known.has(key)) return;
    known.set(key, true);
    asked.push({ key, remembered: remembered.find(key) });
  };
  for (const keys of reads) for (const key of keys) add(key);
  // Only now: what is added refers to further rows, which nobody has asked for.
  const own = asked.length;
  for (let at = 0; at < own; at += 1) for (const ref of asked[at]?.remembered?.refs ?? []) add(ref);
  return asked;
}

/** Kinds of rows that are asked for in order to see that they are not there. */
const MOSTLY_ABSENT: ReadonlySet<RowKind> = new Set(["revoked_token", "idempotency", "one_time"]);

/** Whether the statement `readSame` will do, as far as a node can tell: it can't answer for a row that is there and not remembered. */
export function isAllRemembered(asked: readonly AskedRow[]): boolean {
  return asked.every(({ key, remembered }) => remembered !== undefined || MOSTLY_ABSENT.has(key.kind));
}

/** The values of the statements `read` and `readSame`: tenants, kinds, ids and attempts, each an array as PostgreSQL writes it. */
export function askedTexts(asked: readonly AskedRow[]): readonly string[] {
  let [tenants, kinds, ids, attempts] = ["{", "{", "{", "{"];
  let before = "";
  for (const { key, remembered } of asked) {
    tenants += before + quoted(key.tenant);
    kinds += before + quoted(key.kind);
    ids += before + quoted(key.id);
    attempts += before + quoted(remembered?.row.attempt ?? "");
    before = ",";
  }
  return [`${tenants}}`, `${kinds}}`, `${ids}}`, `${attempts}}`];
}

export interface Answered {
  readonly rows: RowMap<Found>;
  readonly head: Head;
  readonly clock: Instant;
}

/** What the statement `read` says. */
export interface Answer {
  readonly head: Head;
  readonly clock: Instant;
  /** Places, from one, of the rows that still stand there as they are remembered. */
  readonly same: readonly number[];
  readonly found: readonly SqlRow[];
}

export function answerFromText(text: string): Answer {
  const [epoch, seq, mark = "", clock, same = ""] = text.split(" ", 5);
  const foundAt = [epoch, seq, mark, clock, same].join(" ").length + 1;
  return {
    head: { pos: { epoch: Number(epoch), seq: Number(seq) }, mark },
    clock: Number(clock) as Instant,
    same: same === "" ? [] : same.split(",").map(Number),
    found: foundAt < text.length ? (JSON.parse(text.slice(foundAt)) as readonly SqlRow[]) : [],
  };
}

/** Remembers what is new, and forgets what is no longer there. */
export function answeredBy(answer: Answer, asked: readonly AskedRow[], remembered: Remembered): Answered {
  const rows = new RowMap<Found>();
  for (const place of answer.same) {
    const one = asked[place - 1];
    if (one?.remembered !== undefined) rows.set(one.key, one.remembered);
  }
  for (const line of answer.found) {
    const found = { row: rowFromRow(line), refs: refsFromRow(line) };
    rows.set(found.row.key, found);
    remembered.remember(found.row.key, found);
  }
  for (const { key, remembered: before } of asked) if (before !== undefined && !rows.has(key)) remembered.forget(key);
  return { rows, head: answer.head, clock: answer.clock };
}

/** So few are found faster by looking at each. */
const FEW = 16;

/** What one read asked for and what that refers to, out of what was answered to all. */
export function snapshotOf(keys: readonly RowKey[], { rows, head, clock }: Answered): Snapshot {
  const covered = keys.length > FEW ? coveredBy(keys, rows) : undefined;
  const has = (key: RowKey): boolean =>
    covered?.has(key) ?? keys.some((own) => isSame(own, key) || refersTo(rows.get(own), key));
  return {
    has,
    get: (key) => {
      if (!has(key)) throw new RangeError("a row was asked for that the snapshot does not cover");
      return rows.get(key)?.row;
    },
    head,
    clock,
  };
}

function coveredBy(keys: readonly RowKey[], rows: RowMap<Found>): RowMap<true> {
  const covered = new RowMap<true>();
  for (const key of keys) {
    covered.set(key, true);
    for (const ref of rows.get(key)?.refs ?? []) covered.set(ref, true);
  }
  return covered;
}

function refersTo(found: Found | undefined, key: RowKey): boolean {
  return found !== undefined && found.refs.some((ref) => isSame(ref, key));
}

function isSame(one: RowKey, other: RowKey): boolean {
  return one.id === other.id && one.kind === other.kind && one.tenant === other.tenant;
}
