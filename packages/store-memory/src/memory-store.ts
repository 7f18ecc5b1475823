// The store's promises in their plainest form. Every method does its work in one step, so nothing can come in between.

import {
  type Change,
  type Clock,
  checkChanges,
  type Dice,
  Fault,
  instantOf,
  latest,
  type Outcome,
  type Row,
  type RowKey,
  rowKeyText,
  type Snapshot,
  type Store,
  type StoreTraits,
} from "@hallpass/core";
import { encodeBase64url } from "@hallpass/protocol";
import { applyChange } from "./apply-change.ts";
import { type Book, emptyBook, type KeptFact } from "./book.ts";

export interface MemoryStoreOptions {
  readonly clock: Pick<Clock, "now">;
  readonly dice: Dice;
  /** For tests of what others do with a weaker or a shared store; says nothing true about this one. */
  readonly traits?: Partial<StoreTraits>;
}

/** An empty store. It has no other node, loses everything on exit and never faults until it is closed. */
export function createMemoryStore({ clock, dice, traits }: MemoryStoreOptions): Store {
  const book = emptyBook(encodeBase64url(dice.bytes(8)));
  const wakers = new Set<() => void>();
  let closed = false;

  async function step<T>(work: () => T): Promise<T> {
    if (closed) throw new Fault("store_unavailable");
    return work();
  }

  return {
    traits: { name: "memory", durability: "none", head: "linearizable", nodes: "one", ...traits },
    read: (keys) => step(() => snapshotOf(book, keys, clock)),
    commit: (changes) => step(() => commit(book, changes, clock, wakers)),
    notices: (range) => step(() => noticesIn(book, range)),
    markAt: (pos) => step(() => markAt(book, pos)),
    facts: (query) => step(() => factsAfter(book, query)),
    list: (query) => step(() => rowsOfKind(book, query)),
    due: (query) => step(() => dueKeys(book, query)),
    drop: (bounds) => step(() => drop(book, bounds)),
    onHeadMoved: (wake) => {
      wakers.add(wake);
      return () => wakers.delete(wake);
    },
    close: async () => {
      closed = true;
      wakers.clear();
    },
  };
}

function snapshotOf(book: Book, keys: readonly RowKey[], clock: Pick<Clock, "now">): Snapshot {
  const seen = new Map<string, Row | undefined>();
  for (const key of keys) {
    const kept = book.rows.get(rowKeyText(key));
    seen.set(rowKeyText(key), kept?.row);
    for (const ref of kept?.refs ?? []) seen.set(rowKeyText(ref), book.rows.get(rowKeyText(ref))?.row);
  }
  return {
    has: (key) => seen.has(rowKeyText(key)),
    get: (key) => {
      if (!seen.has(rowKeyText(key))) throw new RangeError("a row was asked for that the snapshot does not cover");
      return seen.get(rowKeyText(key));
    },
    head: book.head,
    clock: clock.now(),
  };
}

function commit(
  book: Book,
  changes: readonly Change[],
  clock: Pick<Clock, "now">,
  wakers: ReadonlySet<() => void>,
): readonly Outcome[] {
  checkChanges(changes);
  const before = book.head;
  const at = clock.now();
  const outcomes = changes.map((change) => applyChange(book, change, at));
  if (book.head !== before) for (const wake of wakers) queueMicrotask(wake);
  return outcomes;
}

type Query<Name extends "notices" | "facts" | "list" | "due" | "drop"> = Parameters<Store[Name]>[0];
type Answer<Name extends keyof Store> = Store[Name] extends (...given: never) => Promise<infer T> ? T : never;

function noticesIn(book: Book, { tenant, after, upTo, limit }: Query<"notices">): Answer<"notices"> {
  const all = book.notices.filter(
    (notice) => notice.tenant === tenant && notice.pos.seq > after.seq && notice.pos.seq <= upTo.seq,
  );
  return { notices: all.slice(0, limit), more: all.length > limit, dropped: book.dropped };
}

function markAt(book: Book, pos: Parameters<Store["markAt"]>[0]): string | undefined {
  if (pos.epoch === 1 && pos.seq === 0) return book.birthMark;
  return book.notices.find((notice) => notice.pos.seq === pos.seq && notice.pos.epoch === pos.epoch)?.mark;
}

function factsAfter(book: Book, { tenant, session, after, limit }: Query<"facts">): Answer<"facts"> {
  const start = after === undefined ? 0 : parseCursor(after);
  const all = book.facts.filter(
    ({ seq, fact }) => seq > start && fact.tenant === tenant && (session === undefined || fact.session === session),
  );
  const facts = all.slice(0, limit).map(({ seq, fact }) => ({ ...fact, cursor: String(seq) }));
  return { facts, more: all.length > limit };
}

function parseCursor(text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw new RangeError("not a cursor of this store");
  return Number(text);
}

function rowsOfKind(book: Book, { tenant, kind, after, limit }: Query<"list">): Answer<"list"> {
  return [...book.rows.values()]
    .map(({ row }) => row)
    .filter(({ key }) => key.tenant === tenant && key.kind === kind)
    .filter(({ key }) => after === undefined || compareUtf8(key.id, after) > 0)
    .toSorted((a, b) => compareUtf8(a.key.id, b.key.id))
    .slice(0, limit);
}

function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function dueKeys(book: Book, { kind, by, limit }: Query<"due">): Answer<"due"> {
  return [...book.rows.values()]
    .flatMap(({ row: { key, expires } }) =>
      key.kind === kind && expires !== null && expires <= by ? [{ key, expires }] : [],
    )
    .toSorted((a, b) => a.expires - b.expires)
    .slice(0, limit)
    .map(({ key }) => key);
}

function drop(book: Book, { horizon, factsBefore, factsOf = [], limit, fence }: Query<"drop">): Answer<"drop"> {
  if (fence !== undefined && book.rows.get(rowKeyText(fence.key))?.row.version !== fence.version)
    return { more: false, fenced: true };
  const over = new Set(book.notices.filter((notice) => notice.until <= horizon).slice(0, limit));
  const isStale = ({ fact: { at, kind } }: KeptFact): boolean =>
    at < factsBefore || factsOf.some((of) => of.kind === kind && of.from <= at && at < of.before);
  const stale = new Set(book.facts.filter(isStale).slice(0, limit));
  if (over.size > 0) {
    const seq = Math.max(book.dropped.seq, ...[...over].map((notice) => notice.pos.seq));
    book.dropped = { seq, horizon: latest(instantOf(horizon), book.dropped.horizon) };
  }
  book.notices = book.notices.filter((notice) => !over.has(notice));
  book.facts = book.facts.filter((fact) => !stale.has(fact));
  const more = book.notices.some((notice) => notice.until <= horizon) || book.facts.some(isStale);
  return { more };
}
