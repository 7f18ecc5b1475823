// Rotates the signing keys by hand: next signs from now on, active retires, a fresh key becomes next.

import type { TenantId } from "../kernel/ids.ts";
import type { Answer } from "../kernel/refusal.ts";
import { type ChangeRingDeps, changeRing, keyFacts, type RingVersion } from "../keys/change-ring.ts";
import { type FreshKeyDeps, freshSigningKey } from "../keys/fresh-keys.ts";
import type { KeyPolicy } from "../keys/key-policy.ts";
import { decideKeys } from "../keys/key-set.ts";

export type RotateKeysDeps = ChangeRingDeps & FreshKeyDeps & { readonly policy: KeyPolicy };

export interface RotateKeys {
  readonly tenant: TenantId;
  /** Even if somebody may still remember a JWKS without the next key, and refuse what it signs for a while. */
  readonly force: boolean;
}

/** Refuses with `key_too_fresh` unless next has been published for long enough. Throws Faults of the store and `keys_unreadable`. */
export async function rotateKeys(deps: RotateKeysDeps, { tenant, force }: RotateKeys): Promise<Answer<RingVersion>> {
  const fresh = freshSigningKey(deps, tenant);
  return changeRing(deps, tenant, (ring, now) => {
    const ruling = decideKeys(ring.signing, { kind: "rotate", force, fresh }, now, deps.policy);
    if (ruling.kind !== "changed") return ruling;
    return { kind: "changed", next: { ...ring, signing: ruling.next }, facts: keyFacts(tenant, now, ruling.facts) };
  });
}
