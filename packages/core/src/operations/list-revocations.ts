// Finds revocations: for those who ask what was done, and for a process that goes on with what another has begun.

import type { TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import { type LargeRun, statusOf } from "../revocation/large-run.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { revocationFromRow } from "../revocation/revocation-row.ts";
import { firstIdOf } from "../sessions/session-query.ts";
import type { Row, Store } from "../store/store.ts";

export interface ListRevocations {
  readonly ticket: string | null;
  readonly status: LargeRun["status"] | null;
  /** Asked for at or after it. */
  readonly since: Instant | null;
  readonly after: string | null;
  readonly limit: number;
}

const PAGE = 200;
/** Rows that one call looks at. */
const MOST_LOOKED_AT = 2000;

interface RevocationPage {
  readonly revocations: readonly Revocation[];
  readonly next: string | null;
}

/** Oldest first. May hold fewer than there are, or none: `next` says whether to go on. */
export function listRevocations(
  store: Store,
  tenant: TenantId,
  { ticket, status, since, after, limit }: ListRevocations,
): Promise<RevocationPage> {
  // Their ids begin with a time, as those of sessions do.
  const place = after ?? firstIdOf({ opened: { from: since, before: null } });
  const isWanted = (one: Revocation): boolean =>
    (ticket === null || one.ticket === ticket) && (status === null || statusOf(one) === status);
  return look(store, tenant, { mayBe: () => true, isWanted, place, limit });
}

interface Look {
  /** By the text of its row alone; for most there is then nothing to be read. */
  readonly mayBe: (row: Row) => boolean;
  readonly isWanted: (one: Revocation) => boolean;
  readonly place: string | undefined;
  readonly limit: number;
}

async function look(store: Store, tenant: TenantId, asked: Look): Promise<RevocationPage> {
  const found: Revocation[] = [];
  let { place } = asked;
  for (let looked = 0; looked < MOST_LOOKED_AT; looked += PAGE) {
    const rows: readonly Row[] = await store.list({
      tenant,
      kind: "revocation",
      limit: PAGE,
      ...(place === undefined ? {} : { after: place }),
    });
    for (const row of rows) {
      if (!asked.mayBe(row)) continue;
      const one = revocationFromRow(row);
      if (!asked.isWanted(one)) continue;
      if (found.length === asked.limit) return { revocations: found, next: found.at(-1)?.id ?? null };
      found.push(one);
    }
    if (rows.length < PAGE) return { revocations: found, next: null };
    place = rows.at(-1)?.key.id;
  }
  return { revocations: found, next: place ?? null };
}

/** Those whose runs are not over, also where nothing is left but to count; with `since` those that were asked for at or after it. */
export async function runningRevocations(
  store: Store,
  tenant: TenantId,
  since: Instant | null = null,
): Promise<readonly Revocation[]> {
  const found: Revocation[] = [];
  const isWanted = ({ run }: Revocation): boolean => run?.status === "running";
  let place: string | null | undefined = firstIdOf({ opened: { from: since, before: null } });
  while (place !== null) {
    const page: RevocationPage = await look(store, tenant, { mayBe: mayBeRunning, isWanted, place, limit: PAGE });
    found.push(...page.revocations);
    place = page.next;
  }
  return found;
}

/** As it stands in the row of such a one; inside of a text of the row its quotes would be escaped. */
const RUNNING = '"status":"running"';

/** Whether a revocation's row may be of one whose run is not over; for most there is then nothing to be read. */
export function mayBeRunning({ value }: Pick<Row, "value">): boolean {
  return value.includes(RUNNING);
}
