// Reads a revocation again, and who is in the fleet, for its receipt.

import type { TenantId } from "../kernel/ids.ts";
import { type Answer, granted, refused } from "../kernel/refusal.ts";
import { type FleetMember, memberFromRow } from "../revocation/fleet.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { revocationFromRow, revocationKey } from "../revocation/revocation-row.ts";
import type { Store } from "../store/store.ts";

export async function readRevocation(store: Store, tenant: TenantId, id: string): Promise<Answer<Revocation>> {
  const key = revocationKey(tenant, id);
  const row = (await store.read([key])).get(key);
  return row === undefined ? refused("revocation_not_found") : granted(revocationFromRow(row));
}

const PAGE = 500;

/** Every verifier that may hold a lease, and those that were silent lately. */
export async function readFleet(store: Store, tenant: TenantId): Promise<readonly FleetMember[]> {
  const members: FleetMember[] = [];
  let after: string | undefined;
  for (;;) {
    const rows = await store.list({ tenant, kind: "verifier", limit: PAGE, ...(after === undefined ? {} : { after }) });
    members.push(...rows.map(memberFromRow));
    const last = rows.at(-1);
    if (rows.length < PAGE || last === undefined) return members;
    after = last.key.id;
  }
}
