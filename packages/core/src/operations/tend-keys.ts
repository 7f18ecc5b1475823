// What time does to keys: rotates them when they are old, removes retired ones that nobody needs. A timer calls it, on every
// node: whoever comes second finds nothing due.

import type { TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import { type ChangeRingDeps, changeRing, keyFacts, macFacts } from "../keys/change-ring.ts";
import { unreadable } from "../keys/envelope.ts";
import { type FreshKeyDeps, freshMacKey, freshSigningKey } from "../keys/fresh-keys.ts";
import type { KeyPolicy } from "../keys/key-policy.ts";
import { decideKeys } from "../keys/key-set.ts";
import { followingMacKid, isMacRotationDue, rotateMacKeys } from "../keys/mac-keys.ts";
import { ringKey } from "../keys/ring.ts";
import { type Ring, ringFromRow } from "../keys/ring-row.ts";
import { isRemovalDue, isRotationDue } from "../keys/signing-key.ts";

export type TendKeysDeps = ChangeRingDeps & FreshKeyDeps & { readonly policy: KeyPolicy };

export interface TendKeys {
  readonly tenant: TenantId;
}

export interface TendedKeys {
  readonly version: number;
}

/** Throws Faults of the store, and `keys_unreadable` when there are no keys, or something is due and they don't open. */
export async function tendKeys(deps: TendKeysDeps, { tenant }: TendKeys): Promise<TendedKeys> {
  const key = ringKey(tenant);
  const snapshot = await deps.store.read([key]);
  const row = snapshot.get(key);
  if (row === undefined) throw unreadable("there are no keys yet");
  const seen = ringFromRow(row.value);
  if (!isAnythingDue(seen, snapshot.clock, deps.policy)) return { version: row.version };
  const fresh = {
    signing: freshSigningKey(deps, tenant),
    mac: freshMacKey(deps, tenant, followingMacKid(seen.mac)),
  };
  const tended = await changeRing(deps, tenant, (ring, now) => {
    const signing = decideKeys(ring.signing, { kind: "tend", fresh: fresh.signing }, now, deps.policy);
    if (signing.kind === "refused") return signing;
    const mac = rotateMacKeys(ring.mac, fresh.mac, now, deps.policy);
    if (signing.kind === "unchanged" && mac.kind === "unchanged") return { kind: "unchanged" };
    const facts = [
      ...(signing.kind === "changed" ? keyFacts(tenant, now, signing.facts) : []),
      ...(mac.kind === "changed" ? macFacts(tenant, now, mac.facts) : []),
    ];
    const next: Ring = {
      signing: signing.kind === "changed" ? signing.next : ring.signing,
      mac: mac.kind === "changed" ? mac.next : ring.mac,
    };
    return { kind: "changed", next, facts };
  });
  // Only a fresh key that is not fresh is refused.
  if (!tended.ok) throw new Error("a new signing key has a kid that the ring knows");
  return { version: tended.value.version };
}

function isAnythingDue({ signing, mac }: Ring, now: Instant, policy: KeyPolicy): boolean {
  return (
    isRotationDue(signing, now, policy) || isRemovalDue(signing, now, policy) || isMacRotationDue(mac, now, policy)
  );
}
