// Which sessions a revocation ended: a row for each of its changes, ordered as the sessions are. Written with their ends, kept as long as the receipt.

import type { SessionId, TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import type { Row, RowChange } from "../store/store.ts";

/** What every row of a revocation begins with; none of another's does. */
export function affectedPrefix(revocation: string): string {
  return `${revocation}/`;
}

export function affectedRow(
  tenant: TenantId,
  revocation: string,
  sessions: readonly [SessionId, ...SessionId[]],
  expires: Instant,
): RowChange {
  // Each session is ended once, so the last of them names the row, and a list can go on behind any of them.
  const key = {
    tenant,
    kind: "affected",
    id: `${affectedPrefix(revocation)}${sessions.at(-1) ?? sessions[0]}`,
  } as const;
  return { key, expect: "absent", next: { value: JSON.stringify(sessions), expires } };
}

export function affectedFromRow(row: Row): readonly SessionId[] {
  return JSON.parse(row.value) as SessionId[];
}
