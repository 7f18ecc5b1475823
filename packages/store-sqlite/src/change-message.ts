// Changes on their way to the writer's thread: one flat list of texts and numbers. The platform copies it several times as fast
// as a tree of small objects, or as JSON, whose texts are full of quotes to escape. What starts an epoch is rare and travels as it is.

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
  readonly refsStay?: boolean;
};

/** Of changes from others all refs are written. */
export interface SentChange extends Change {
  readonly rows: readonly SentRow[];
}

/** `true` in the place of a text: that of the same place in the row or fact before. Most of a batch are of one tenant and one kind. */
type Flat = string | number | null | true | NonNullable<NoticeDraft["newEpoch"]>;

export type ChangeMessage = readonly Flat[];

const SAME = 0;
const GONE = 1;
const VALUE = 2;
const RAISING = 3;
/** In the place of the number of refs. */
const AS_BEFORE = -1;

export function changesToMessage(changes: readonly SentChange[]): ChangeMessage {
  const flat: Flat[] = [changes.length];
  let row: SentRow | undefined;
  let fact: FactDraft | undefined;
  for (const { attempt, rows, notices, facts } of changes) {
    flat.push(attempt, rows.length, notices.length, facts.length);
    for (const next of rows) {
      pushRow(flat, next, row?.key);
      row = next;
    }
    for (const notice of notices) pushNotice(flat, notice, row?.key);
    for (const next of facts) {
      pushFact(flat, next, fact, row?.key.id);
      fact = next;
    }
  }
  return flat;
}

/** A notice mostly comes with a row of its tenant. */
function pushNotice(
  flat: Flat[],
  { tenant, mark, body, livesMs, liveUntil, newEpoch }: NoticeDraft,
  before: RowKey | undefined,
): void {
  flat.push(tenant === before?.tenant || tenant, mark, body, livesMs, liveUntil ?? null, newEpoch ?? null);
}

function pushFact(
  flat: Flat[],
  { tenant, kind, session, at, body }: FactDraft,
  before: FactDraft | undefined,
  lastId: string | undefined,
): void {
  flat.push(tenant === before?.tenant || tenant, kind === before?.kind || kind);
  // A fact of a session mostly comes with the session's row.
  flat.push(session !== null && session === lastId ? true : session, at, body);
}

function pushRow(flat: Flat[], { key, expect, next, raise, refsStay }: SentRow, before: RowKey | undefined): void {
  flat.push(key.tenant === before?.tenant || key.tenant, key.kind === before?.kind || key.kind);
  flat.push(key.id, expect === "absent" ? null : expect);
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
  /** The last ones that were read: what `true` stands for. */
  row: RowKey | undefined;
  fact: FactDraft | undefined;

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

  textOr(before: string | null | undefined): string | null {
    const value = this.next();
    return value === true ? (before ?? null) : (value as string | null);
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
  const [tenant, kind] = [from.textOr(from.row?.tenant) as TenantId, from.textOr(from.row?.kind) as RowKind];
  const key: RowKey = { tenant, kind, id: from.text() };
  from.row = key;
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
  const tenant = from.textOr(from.row?.tenant) as TenantId;
  const draft = { tenant, mark: from.text(), body: from.text(), livesMs: from.number() };
  const liveUntil = from.next() as Instant | null;
  const newEpoch = from.next() as NonNullable<NoticeDraft["newEpoch"]> | null;
  return { ...draft, ...(liveUntil !== null && { liveUntil }), ...(newEpoch !== null && { newEpoch }) };
}

function factFrom(from: Cursor): FactDraft {
  const tenant = from.textOr(from.fact?.tenant) as TenantId;
  const kind = from.textOr(from.fact?.kind) as string;
  const session = from.textOr(from.row?.id) as SessionId | null;
  from.fact = { tenant, kind, session, at: from.number() as Instant, body: from.text() };
  return from.fact;
}

function many<T>(count: number, one: (from: Cursor) => T, from: Cursor): readonly T[] {
  const all: T[] = [];
  for (let taken = 0; taken < count; taken += 1) all.push(one(from));
  return all;
}
