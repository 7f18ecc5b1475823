// The border between a line of PostgreSQL and our rows. What stands there was written by this package: it is not judged again.

import type { Instant, Row, RowKey, RowKind, SessionId, StoredFact, StoredNotice, TenantId } from "@hallpass/core";

export type SqlRow = Readonly<Record<string, unknown>>;

export function keyFromRow(row: SqlRow): RowKey {
  return { tenant: row["tenant"] as TenantId, kind: row["kind"] as RowKind, id: row["id"] as string };
}

export function rowFromRow(row: SqlRow): Row {
  const epoch = row["not_before_epoch"] as number | null;
  return {
    key: keyFromRow(row),
    value: row["value"] as string,
    version: row["version"] as number,
    attempt: row["attempt"] as string,
    notBefore: epoch === null ? null : { epoch, seq: row["not_before_seq"] as number },
    raisedAt: row["raised_at"] as Instant | null,
    expires: row["expires"] as Instant | null,
  };
}

export function refsFromRow(row: SqlRow): readonly RowKey[] {
  const refs = (row["refs"] ?? []) as readonly [TenantId, RowKind, string][];
  return refs.map(([tenant, kind, id]) => ({ tenant, kind, id }));
}

export function noticeFromRow(tenant: TenantId, row: SqlRow): StoredNotice {
  return {
    pos: { epoch: row["epoch"] as number, seq: row["seq"] as number },
    tenant,
    mark: row["mark"] as string,
    body: row["body"] as string,
    at: row["at"] as Instant,
    until: row["until"] as Instant,
  };
}

export function factFromRow(row: SqlRow): StoredFact {
  return {
    tenant: row["tenant"] as TenantId,
    kind: row["kind"] as string,
    session: row["session"] as SessionId | null,
    at: row["at"] as Instant,
    body: row["body"] as string,
    cursor: `${String(row["xid"])}.${String(row["place"])}`,
  };
}

/** The transaction and the place of a cursor. Throws a RangeError for a text that is none. */
export function parseFactCursor(text: string): readonly [xid: number, place: number] {
  const match = /^([1-9][0-9]{0,14})\.([1-9][0-9]{0,14})$/.exec(text);
  if (match === null) throw new RangeError("not a cursor of this store");
  return [Number(match[1]), Number(match[2])];
}
