// Drops server keys that nothing refers to any more. A MAC key goes when no session that was opened under it can live, and no
// client's secret is still hashed under it; a key for secrets when the last such secret was used again, or given up.

import { clientFromRow } from "../clients/client-row.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import { type ChangeRingDeps, changeRing, macFacts } from "../keys/change-ring.ts";
import { unreadable } from "../keys/envelope.ts";
import type { KeyPolicy } from "../keys/key-policy.ts";
import type { Ring } from "../keys/key-sets.ts";
import { outlivedMacKids } from "../keys/mac-keys.ts";
import { ringKey } from "../keys/ring.ts";
import { ringFromRow } from "../keys/ring-row.ts";
import { FIRST_SECRET_KID, settledSecretKids } from "../keys/secret-keys.ts";
import type { Store } from "../store/store.ts";

export type DropUnusedKeysDeps = ChangeRingDeps & { readonly policy: KeyPolicy };

const PAGE = 500;

/** The kids that were dropped. Looks at every client, but only when a key may go. Throws Faults of the store and `keys_unreadable`. */
export async function dropUnusedKeys(
  deps: DropUnusedKeysDeps,
  { tenant }: { readonly tenant: TenantId },
): Promise<readonly number[]> {
  const key = ringKey(tenant);
  const snapshot = await deps.store.read([key]);
  const row = snapshot.get(key);
  if (row === undefined) throw unreadable("there are no keys yet");
  if (mayGo(ringFromRow(row.value), snapshot.clock, deps.policy).length === 0) return [];
  const used = await kidsOfSecrets(deps.store, tenant);
  const dropped = new Set<number>();
  await changeRing(deps, tenant, (ring, now) => {
    dropped.clear();
    for (const kid of mayGo(ring, now, deps.policy)) if (!used.has(kid)) dropped.add(kid);
    if (dropped.size === 0) return { kind: "unchanged" };
    const facts = [...dropped].map((kid) => ({
      kind: kid < FIRST_SECRET_KID ? ("mac_key_removed" as const) : ("secret_key_removed" as const),
      kid,
    }));
    const next: Ring = {
      ...ring,
      mac: { ...ring.mac, older: ring.mac.older.filter(({ kid }) => !dropped.has(kid)) },
      secrets:
        ring.secrets === null
          ? null
          : { ...ring.secrets, older: ring.secrets.older.filter(({ kid }) => !dropped.has(kid)) },
    };
    return { kind: "changed", next, facts: macFacts(tenant, now, facts) };
  });
  return [...dropped];
}

function mayGo(ring: Ring, now: Instant, policy: KeyPolicy): readonly number[] {
  // Without a key of their own, secrets are hashed under the current MAC key, and every older one may be needed.
  if (ring.secrets === null) return [];
  return [...outlivedMacKids(ring.mac, now, policy), ...settledSecretKids(ring.secrets, now, policy)];
}

async function kidsOfSecrets(store: Store, tenant: TenantId): Promise<ReadonlySet<number>> {
  const kids = new Set<number>();
  let after: string | undefined;
  do {
    const rows = await store.list({
      tenant,
      kind: "client",
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    for (const row of rows) for (const { kid } of clientFromRow(row).secrets) kids.add(kid);
    after = rows.length < PAGE ? undefined : rows.at(-1)?.key.id;
  } while (after !== undefined);
  return kids;
}
