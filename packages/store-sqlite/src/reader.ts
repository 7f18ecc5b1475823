// The connection that reads, on the caller's thread: a point read costs less than handing it to another thread would.
// Rows come from what was acknowledged in memory where it is there; several statements of another answer stand in one
// transaction, so that they see one snapshot.

import { DatabaseSync, type StatementSync } from "node:sqlite";
import {
  type Clock,
  type Head,
  type Row,
  type RowKey,
  RowMap,
  type SessionId,
  type Snapshot,
  type Store,
  type StoredFact,
  type StoredNotice,
  type TenantId,
} from "@hallpass/core";
import type { Acknowledged, Found } from "./acknowledged.ts";
import { placeOfCursor } from "./fact-cursor.ts";
import { compareUtf8, packId, unpackId, uuidsAfter } from "./id-order.ts";
import { Names } from "./names.ts";
import { type Packed, unpack } from "./packed-text.ts";
import { type Question, readStatements } from "./read-statements.ts";
import { refsFromRow } from "./refs.ts";
import { kindFromRow, kindToRow } from "./row-kinds.ts";
import { blobAt, instantAt, numberAt, packedAt, type SqlRow, textAt } from "./sqlite-values.ts";

/** The question and answer of a method, as the interface words them. */
type Query<Name extends "notices" | "facts" | "list" | "due"> = Parameters<Store[Name]>[0];
type Answer<Name extends keyof Store> = Store[Name] extends (...given: never) => Promise<infer T> ? T : never;

interface Seen {
  readonly key: RowKey;
  readonly row: Row | undefined;
}

/** Keys beyond which a map finds what a snapshot covers faster than a look through all of it: the audit asks for hundreds at once. */
const LOOKED_THROUGH = 16;

class SeenRows {
  readonly #all: Seen[] = [];
  readonly #byKey: RowMap<Seen> | undefined;

  /** `asked`: for how many keys. */
  constructor(asked: number) {
    this.#byKey = asked > LOOKED_THROUGH ? new RowMap() : undefined;
  }

  add(one: Seen): void {
    if (this.#byKey === undefined) this.#all.push(one);
    else this.#byKey.set(one.key, one);
  }

  find(key: RowKey): Seen | undefined {
    if (this.#byKey !== undefined) return this.#byKey.get(key);
    const { kind, tenant, id } = key;
    for (const one of this.#all)
      if (one.key.id === id && one.key.kind === kind && one.key.tenant === tenant) return one;
    return undefined;
  }
}

export class Reader {
  readonly #db: DatabaseSync;
  readonly #names: Names;
  readonly #sql: Readonly<Record<Question, StatementSync>>;

  constructor(file: string) {
    this.#db = new DatabaseSync(file, { readOnly: true, timeout: 1000 });
    // No memory map: a disk error would then be a signal that kills the process instead of a Fault.
    this.#db.exec("PRAGMA cache_size = -32768");
    this.#names = new Names(this.#db, "read");
    const statements = Object.entries(readStatements).map(([name, sql]) => [name, this.#db.prepare(sql)] as const);
    this.#sql = Object.fromEntries(statements) as Record<Question, StatementSync>;
  }

  /** Undefined while a batch is under way that may have written what is asked for: ask again when it is settled. */
  read(keys: readonly RowKey[], clock: Pick<Clock, "now">, acknowledged: Acknowledged): Snapshot | undefined {
    const seen = new SeenRows(keys.length);
    // Read before the rows: what is issued on this snapshot never lives longer for having waited.
    const now = clock.now();
    for (const key of keys) {
      const found = this.#find(key, acknowledged);
      if (found === undefined) return undefined;
      seen.add({ key, row: found.row });
      for (const ref of found.refs) {
        if (seen.find(ref) !== undefined) continue;
        const referred = this.#find(ref, acknowledged);
        if (referred === undefined) return undefined;
        seen.add({ key: ref, row: referred.row });
      }
    }
    const head = this.#currentHead(acknowledged);
    if (head === undefined) return undefined;
    return {
      has: (key) => seen.find(key) !== undefined,
      get: (key) => {
        const found = seen.find(key);
        if (found === undefined) throw new RangeError("a row was asked for that the snapshot does not cover");
        return found.row;
      },
      head,
      clock: now,
    };
  }

  notices({ tenant, after, upTo, limit }: Query<"notices">): Answer<"notices"> {
    return this.#inOneSnapshot(() => {
      const code = this.#names.codeOf(tenant);
      const rows = code === undefined ? [] : this.#sql.notices.all(code, after.seq, upTo.seq, limit + 1);
      const notices = rows.slice(0, limit).map((row) => noticeFromRow(tenant, row));
      const dropped = this.#sql.dropped.get();
      return {
        notices,
        more: rows.length > limit,
        dropped: { seq: numberAt(dropped, "dropped_seq"), horizon: instantAt(dropped, "dropped_horizon") },
      };
    });
  }

  markAt(pos: Parameters<Store["markAt"]>[0]): string | undefined {
    const isBirth = pos.epoch === 1 && pos.seq === 0;
    const row = isBirth ? this.#sql.birthMark.get() : this.#sql.markAt.get(pos.seq, pos.epoch);
    return row === undefined ? undefined : unpack(packedAt(row, "mark"));
  }

  facts({ tenant, session, after, limit }: Query<"facts">): Answer<"facts"> {
    const start = after === undefined ? 0 : placeOfCursor(after);
    const code = this.#names.codeOf(tenant);
    if (code === undefined) return { facts: [], more: false };
    const rows =
      session === undefined
        ? this.#sql.facts.all(code, start, limit + 1)
        : this.#factsOfSession(code, packId(session), start, limit + 1);
    return { facts: rows.slice(0, limit).map((row) => this.#factFromRow(tenant, row)), more: rows.length > limit };
  }

  #factsOfSession(tenant: number, session: Packed, start: number, most: number): readonly SqlRow[] {
    return this.#inOneSnapshot(() => {
      const indexed = this.#sql.indexedFacts.all(session, start, tenant, start, most);
      if (indexed.length === most) return indexed;
      const sealed = Math.max(start, numberAt(this.#sql.sealedFacts.get(), "place"));
      return [...indexed, ...this.#sql.factsOfSession.all(session, tenant, sealed, most - indexed.length)];
    });
  }

  list({ tenant, kind, after, limit }: Query<"list">): Answer<"list"> {
    const code = this.#names.codeOf(tenant);
    if (code === undefined) return [];
    const start = after ?? "";
    const { bytes, inclusive } = uuidsAfter(start);
    const uuids = inclusive ? this.#sql.listUuidsFrom : this.#sql.listUuidsAfter;
    const rowOf = (row: SqlRow): Row => rowFromRow({ tenant, kind, id: unpackId(packedAt(row, "id")) }, row);
    const [texts, others] = this.#inOneSnapshot(() => [
      this.#sql.listTexts.all(kindToRow(kind), code, start, limit).map(rowOf),
      uuids.all(kindToRow(kind), code, bytes, limit).map(rowOf),
    ]);
    // Each run is in order, and mostly a kind's ids have one form.
    if (texts.length === 0 || others.length === 0) return texts.length === 0 ? others : texts;
    return [...texts, ...others].toSorted((a, b) => compareUtf8(a.key.id, b.key.id)).slice(0, limit);
  }

  due({ kind, by, limit }: Query<"due">): Answer<"due"> {
    return this.#sql.due.all(kindToRow(kind), by, limit).map((row) => ({
      kind: kindFromRow(numberAt(row, "kind")),
      tenant: this.#names.nameOf(numberAt(row, "tenant")) as TenantId,
      id: unpackId(packedAt(row, "id")),
    }));
  }

  close(): void {
    this.#db.close();
  }

  #inOneSnapshot<T>(work: () => T): T {
    this.#sql.begin.run();
    try {
      return work();
    } finally {
      this.#sql.end.run();
    }
  }

  // Nothing is acknowledged between two of these: they run in one turn, so what they find together is one state.
  #find(key: RowKey, acknowledged: Acknowledged): Found | undefined {
    const known = acknowledged.find(key);
    if (known !== undefined) return known;
    if (acknowledged.isUnderWay(key)) return undefined;
    const found = this.#row(key);
    acknowledged.remember(key, found);
    return found;
  }

  #currentHead(acknowledged: Acknowledged): Head | undefined {
    if (acknowledged.head !== undefined) return acknowledged.head;
    if (acknowledged.isHeadUnderWay) return undefined;
    const head = this.#head();
    acknowledged.rememberHead(head);
    return head;
  }

  #row(key: RowKey): Found {
    const tenant = this.#names.codeOf(key.tenant);
    const row = tenant === undefined ? undefined : this.#sql.row.get(kindToRow(key.kind), tenant, packId(key.id));
    if (row === undefined) return { row: undefined, refs: [] };
    return { row: rowFromRow(key, row), refs: refsFromRow(blobAt(row, "refs"), this.#names) };
  }

  #head(): Head {
    const row = this.#sql.head.get();
    return { pos: { epoch: numberAt(row, "epoch"), seq: numberAt(row, "seq") }, mark: unpack(packedAt(row, "mark")) };
  }

  #factFromRow(tenant: TenantId, row: SqlRow): StoredFact {
    const session = row["session"] === null ? null : (unpackId(packedAt(row, "session")) as SessionId);
    const kind = this.#names.nameOf(numberAt(row, "kind"));
    const cursor = String(numberAt(row, "place"));
    return { tenant, kind, session, at: instantAt(row, "at"), body: textAt(row, "body"), cursor };
  }
}

function rowFromRow(key: RowKey, row: SqlRow): Row {
  const epoch = row["not_before_epoch"];
  return {
    key,
    value: textAt(row, "value"),
    version: numberAt(row, "version"),
    attempt: unpack(packedAt(row, "attempt")),
    notBefore: typeof epoch === "number" ? { epoch, seq: numberAt(row, "not_before_seq") } : null,
    raisedAt: row["raised_at"] === null ? null : instantAt(row, "raised_at"),
    expires: row["expires"] === null ? null : instantAt(row, "expires"),
  };
}

function noticeFromRow(tenant: TenantId, row: SqlRow): StoredNotice {
  return {
    pos: { epoch: numberAt(row, "epoch"), seq: numberAt(row, "seq") },
    tenant,
    mark: unpack(packedAt(row, "mark")),
    body: textAt(row, "body"),
    at: instantAt(row, "at"),
    until: instantAt(row, "until"),
  };
}
