// Changes on their way to the writer's thread: one flat list of texts and numbers. The platform copies it several times as fast
// as a tree of small objects, or as JSON, whose texts are full of quotes to escape. Notices are few and travel as they are.

import type {
  Change,
  FactDraft,
  Instant,
  NoticeDraft,
  RowChange,
  RowKey,
  RowKind,
  SessionId,
  TenantId,
} from "@hallpass/core";

/** A row's change as it travels to the writer. */
export type SentRow = RowChange & {
  /** The row is there and refers to what it referred to before, and its cut-off is not raised: only its value is written. */
  readonly refsStay?: true;
};

/** Of changes from others all refs are written. */
export interface SentChange extends Change {
  readonly rows: readonly SentRow[];
}

type Flat = string | number | null | NoticeDraft;

export type ChangeMessage = readonly Flat[];

const SAME = 0;
const GONE = 1;
const VALUE = 2;
const RAISING = 3;
/** In the place of the number of refs. */
const AS_BEFORE = -1;

export function changesToMessage(changes: readonly SentChange[]): ChangeMessage {
  const flat: Flat[] = [changes.length];
  for (const { attempt, rows, notices, facts } of changes) {
    flat.push(attempt, rows.length, notices.length, facts.length);
    for (const row of rows) pushRow(flat, row);
    flat.push(...notices);
    for (const { tenant, kind, session, at, body } of facts) flat.push(tenant, kind, session, at, body);
  }
  return flat;
}

function pushRow(flat: Flat[], { key, expect, next, raise, refsStay }: SentRow): void {
  flat.push(key.tenant, key.kind, key.id, expect === "absent" ? null : expect);
  if (next === "same") flat.push(SAME);
  else if (next === "gone") flat.push(GONE);
  else {
    const { value, expires, refs = [] } = next;
    flat.push(raise === true ? RAISING : VALUE, value, expires, refsStay === true ? AS_BEFORE : refs.length);
    if (refsStay === true) return;
    for (const { tenant, kind, id } of refs) flat.push(tenant, kind, id);
  }
}

/** What `changesToMessage` was given. The message comes from this package's own other thread: its shape is not judged again. */
export function changesFromMessage(message: ChangeMessage): readonly SentChange[] {
  const from = new Cursor(message);
  return many(from.number(), changeFrom, from);
}

class Cursor {
  readonly #message: ChangeMessage;
  #at = 0;

  constructor(message: ChangeMessage) {
    this.#message = message;
  }

  next(): Flat {
    const value = this.#message[this.#at] ?? null;
    this.#at += 1;
    return value;
  }

  number(): number {
    return this.next() as number;
  }

  text(): string {
    return this.next() as string;
  }
}

function changeFrom(from: Cursor): SentChange {
  const attempt = from.text();
  const [rows, notices, facts] = [from.number(), from.number(), from.number()];
  return {
    attempt,
    rows: many(rows, rowFrom, from),
    notices: many(notices, noticeFrom, from),
    facts: many(facts, factFrom, from),
  };
}

function rowFrom(from: Cursor): SentRow {
  const key = keyFrom(from);
  const expect = (from.next() as number | null) ?? "absent";
  const form = from.number();
  if (form === SAME) return { key, expect, next: "same" };
  if (form === GONE) return { key, expect, next: "gone" };
  const value = from.text();
  const expires = from.next() as Instant | null;
  const refs = from.number();
  if (refs === AS_BEFORE) return { key, expect, next: { value, expires }, refsStay: true };
  const next = { value, expires, refs: many(refs, keyFrom, from) };
  return form === RAISING ? { key, expect, next, raise: true } : { key, expect, next };
}

function keyFrom(from: Cursor): RowKey {
  return { tenant: from.text() as TenantId, kind: from.text() as RowKind, id: from.text() };
}

function noticeFrom(from: Cursor): NoticeDraft {
  return from.next() as NoticeDraft;
}

function factFrom(from: Cursor): FactDraft {
  return {
    tenant: from.text() as TenantId,
    kind: from.text(),
    session: from.next() as SessionId | null,
    at: from.number() as Instant,
    body: from.text(),
  };
}

function many<T>(count: number, one: (from: Cursor) => T, from: Cursor): readonly T[] {
  const all: T[] = [];
  for (let taken = 0; taken < count; taken += 1) all.push(one(from));
  return all;
}
