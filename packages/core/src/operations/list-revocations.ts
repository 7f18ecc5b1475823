// Finds revocations: for those who ask what was done, and for a process that goes on with what another has begun.

import type { TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { revocationFromRow } from "../revocation/revocation-row.ts";
import { firstIdOf } from "../sessions/session-query.ts";
import type { Row, Store } from "../store/store.ts";

export interface ListRevocations {
  readonly ticket: string | null;
  readonly status: "running" | "complete" | null;
  /** Asked for at or after it. */
  readonly since: Instant | null;
  readonly after: string | null;
  readonly limit: number;
}

const PAGE = 200;
/** Rows that one call looks at. */
const MOST_LOOKED_AT = 2000;

/** Oldest first. May hold fewer than there are, or none: `next` says whether to go on. */
export async function listRevocations(
  store: Store,
  tenant: TenantId,
  { ticket, status, since, after, limit }: ListRevocations,
): Promise<{ readonly revocations: readonly Revocation[]; readonly next: string | null }> {
  const found: Revocation[] = [];
  // Their ids begin with a time, as those of sessions do.
  let place = after ?? firstIdOf({ opened: { from: since, before: null } });
  for (let looked = 0; looked < MOST_LOOKED_AT; looked += PAGE) {
    const rows: readonly Row[] = await store.list({
      tenant,
      kind: "revocation",
      limit: PAGE,
      ...(place === undefined ? {} : { after: place }),
    });
    for (const row of rows) {
      const one = revocationFromRow(row);
      if (ticket !== null && one.ticket !== ticket) continue;
      if (status !== null && (one.run?.status ?? "complete") !== status) continue;
      if (found.length === limit) return { revocations: found, next: found.at(-1)?.id ?? null };
      found.push(one);
    }
    if (rows.length < PAGE) return { revocations: found, next: null };
    place = rows.at(-1)?.key.id;
  }
  return { revocations: found, next: place ?? null };
}

/** Large revocations whose runs are not complete. */
export async function runningRevocations(store: Store, tenant: TenantId): Promise<readonly Revocation[]> {
  const running: Revocation[] = [];
  let after: string | null = null;
  do {
    const page = await listRevocations(store, tenant, {
      ticket: null,
      status: "running",
      since: null,
      after,
      limit: PAGE,
    });
    running.push(...page.revocations);
    after = page.next;
  } while (after !== null);
  return running;
}
