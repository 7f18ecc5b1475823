// The set of a revocation by query is decided at its beginning. What looks at sessions' devices and assurance takes its time, so whoever
// changes those meanwhile has to know which runs are under way: their ids stand in one row. A session that such a change would bring into
// the set is marked as outside; one that it would take out is ended first (operations/beside-runs.ts).

import type { SessionId, TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import type { Row, RowChange, RowKey } from "../store/store.ts";

/** No revocation's id, with which all others of its kind begin. */
export function queryRunsKey(tenant: TenantId): RowKey {
  return { tenant, kind: "affected", id: "running" };
}

export function queryRunsFromRow(row: Row | undefined): readonly string[] {
  return row === undefined ? [] : (JSON.parse(row.value) as string[]);
}

export function queryRunsRow(tenant: TenantId, row: Row | undefined, runs: readonly string[]): RowChange {
  return {
    key: queryRunsKey(tenant),
    expect: row?.version ?? "absent",
    next: { value: JSON.stringify(runs), expires: null },
  };
}

/** Of which runs a session is outside whatever its row says now. */
export function sparedKey(tenant: TenantId, session: SessionId): RowKey {
  return { tenant, kind: "affected", id: `spared/${session}` };
}

export function isSparedBy(row: Row | undefined, revocation: string): boolean {
  return queryRunsFromRow(row).includes(revocation);
}

export function sparedRow(
  tenant: TenantId,
  session: SessionId,
  row: Row | undefined,
  { runs, expires }: { readonly runs: readonly string[]; readonly expires: Instant },
): RowChange {
  return {
    key: sparedKey(tenant, session),
    expect: row?.version ?? "absent",
    next: { value: JSON.stringify([...queryRunsFromRow(row), ...runs]), expires },
  };
}
