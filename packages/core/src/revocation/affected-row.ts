// Which sessions a revocation ended, and which its run could not read: a row for each of its changes, ordered as the sessions are.
// Written with the change, kept as long as the receipt.

import type { SessionId, TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import type { Row, RowChange, RowKey } from "../store/store.ts";

/** `besides`: those that were ended before the run had come to them, because they were about to change. */
export type AffectedList = "ended" | "besides" | "unreadable";

const MARK: Readonly<Record<AffectedList, string>> = { ended: "/", besides: "+/", unreadable: "!/" };

/** What every row of a list begins with; none of another's does. */
export function affectedPrefix(revocation: string, list: AffectedList): string {
  return `${revocation}${MARK[list]}`;
}

/** None for no session. */
export function affectedRows(
  tenant: TenantId,
  list: { readonly revocation: string; readonly of: AffectedList },
  sessions: readonly SessionId[],
  expires: Instant,
): readonly RowChange[] {
  // Each session is in one row alone, so the last of them names it, and a list can go on behind any of them.
  const last = sessions.at(-1);
  if (last === undefined) return [];
  const key: RowKey = { tenant, kind: "affected", id: `${affectedPrefix(list.revocation, list.of)}${last}` };
  return [{ key, expect: "absent", next: { value: JSON.stringify(sessions), expires } }];
}

export function affectedFromRow(row: Row): readonly SessionId[] {
  return JSON.parse(row.value) as SessionId[];
}
