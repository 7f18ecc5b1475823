// The border between a revocation and its row. Position and time of the commit are the row's own cut-off: the store stamps them.

import type { TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import type { Row, RowKey } from "../store/store.ts";
import type { Revocation } from "./receipt.ts";

const LAYOUT = 1;
type Asked = Omit<Revocation, "id" | "pos" | "committed">;

export function revocationKey(tenant: TenantId, id: string): RowKey {
  return { tenant, kind: "revocation", id };
}

/** Of a revocation that was read before it takes what was asked and how far it is; position and time are the row's. */
export function revocationToRow(
  { targets, reason, ticket, actor, endedSessions, ended, run, tokensExpireBy }: Asked,
  expires: Instant,
): { readonly value: string; readonly expires: Instant } {
  // Without those that are undefined: JSON leaves them out.
  const row = { layout: LAYOUT, targets, reason, ticket, actor, endedSessions, ended, run, tokensExpireBy };
  return { value: JSON.stringify(row), expires };
}

export function revocationFromRow(row: Row): Revocation {
  const { layout, ...asked } = JSON.parse(row.value) as Asked & { readonly layout: number };
  if (layout !== LAYOUT) throw new Error("a revocation's row has a layout that this version does not know");
  if (row.notBefore === null || row.raisedAt === null) throw new Error("a revocation's row was never stamped");
  return { id: row.key.id, pos: row.notBefore, committed: row.raisedAt, ...asked };
}

/** How long a receipt can be read again, in milliseconds. */
export const RECEIPT_KEPT: number = 30 * 24 * 60 * 60 * 1000;
