// The connection that reads, on the caller's thread: a point read costs less than handing it to another thread would.
// Several statements of one answer stand in one transaction, so that they see one snapshot.

import { DatabaseSync, type StatementSync } from "node:sqlite";
import {
  type Clock,
  type Head,
  type Row,
  type RowKey,
  rowKeyText,
  type SessionId,
  type Snapshot,
  type Store,
  type StoredFact,
  type StoredNotice,
  type TenantId,
} from "@hallpass/core";
import { compareUtf8, packId, unpackId, uuidsAfter } from "./id-order.ts";
import { Names } from "./names.ts";
import { unpack } from "./packed-text.ts";
import { type Question, readStatements } from "./read-statements.ts";
import { refsFromRow } from "./refs.ts";
import { kindFromRow, kindToRow } from "./row-kinds.ts";
import { blobAt, instantAt, numberAt, packedAt, type SqlRow, textAt } from "./sqlite-values.ts";

/** The question and answer of a method, as the interface words them. */
type Query<Name extends "notices" | "facts" | "list" | "due"> = Parameters<Store[Name]>[0];
type Answer<Name extends keyof Store> = Store[Name] extends (...given: never) => Promise<infer T> ? T : never;

type Place = readonly [kind: number, tenant: number, id: string | Uint8Array];
type Found = readonly [row: Row | undefined, refs: readonly RowKey[]];

const NOTHING: Found = [undefined, []];
const LASTING: ReadonlySet<RowKey["kind"]> = new Set(["keys", "issuer", "client"] as const);
const MOST_LASTING = 1000;

export class Reader {
  readonly #lasting = new Map<string, Found>();
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

  read(keys: readonly RowKey[], clock: Pick<Clock, "now">): Snapshot {
    const seen = new Map<string, Row | undefined>();
    // Read before the rows: what is issued on this snapshot never lives longer for having waited.
    const now = clock.now();
    const head = this.#inOneSnapshot(() => {
      for (const key of keys) {
        const [row, refs] = this.#row(key);
        seen.set(rowKeyText(key), row);
        for (const ref of refs) {
          const text = rowKeyText(ref);
          if (!seen.has(text)) seen.set(text, this.#row(ref)[0]);
        }
      }
      return this.#head();
    });
    return {
      has: (key) => seen.has(rowKeyText(key)),
      get: (key) => {
        const text = rowKeyText(key);
        const row = seen.get(text);
        if (row === undefined && !seen.has(text)) {
          throw new RangeError("a row was asked for that the snapshot does not cover");
        }
        return row;
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
    const start = after === undefined ? 0 : parseCursor(after);
    const code = this.#names.codeOf(tenant);
    if (code === undefined) return { facts: [], more: false };
    const rows =
      session === undefined
        ? this.#sql.facts.all(code, start, limit + 1)
        : this.#sql.factsOfSession.all(packId(session), code, start, limit + 1);
    return { facts: rows.slice(0, limit).map((row) => this.#factFromRow(tenant, row)), more: rows.length > limit };
  }

  list({ tenant, kind, after, limit }: Query<"list">): Answer<"list"> {
    const code = this.#names.codeOf(tenant);
    if (code === undefined) return [];
    const start = after ?? "";
    const { bytes, inclusive } = uuidsAfter(start);
    const uuids = inclusive ? this.#sql.listUuidsFrom : this.#sql.listUuidsAfter;
    return this.#inOneSnapshot(() =>
      [
        ...this.#sql.listTexts.all(kindToRow(kind), code, start, limit),
        ...uuids.all(kindToRow(kind), code, bytes, limit),
      ].map((row) => rowFromRow({ tenant, kind, id: unpackId(packedAt(row, "id")) }, row)),
    )
      .toSorted((a, b) => compareUtf8(a.key.id, b.key.id))
      .slice(0, limit);
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

  #row(key: RowKey): Found {
    const tenant = this.#names.codeOf(key.tenant);
    if (tenant === undefined) return NOTHING;
    const place = [kindToRow(key.kind), tenant, packId(key.id)] as const;
    return LASTING.has(key.kind) ? this.#lastingRow(key, place) : this.#wholeRow(key, place);
  }

  #wholeRow(key: RowKey, place: Place): Found {
    const row = this.#sql.row.get(...place);
    return row === undefined ? NOTHING : [rowFromRow(key, row), refsFromRow(blobAt(row, "refs"), this.#names)];
  }

  /** A row that every request reads and hardly any changes: its stamp, read in this snapshot, says whether the one in memory is still it. */
  #lastingRow(key: RowKey, place: Place): Found {
    const text = rowKeyText(key);
    const known = this.#lasting.get(text);
    const stamp = known === undefined ? undefined : this.#sql.rowStamp.get(...place);
    if (known?.[0] !== undefined && stamp !== undefined) {
      if (known[0].version === numberAt(stamp, "version") && known[0].attempt === unpack(packedAt(stamp, "attempt")))
        return known;
    }
    const found = this.#wholeRow(key, place);
    if (this.#lasting.size >= MOST_LASTING) this.#lasting.clear();
    if (found[0] !== undefined) this.#lasting.set(text, found);
    return found;
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

function parseCursor(text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw new RangeError("not a cursor of this store");
  return Number(text);
}
