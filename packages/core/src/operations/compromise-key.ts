// Has a signing key refused, everywhere and for ever. If it was the active one, next signs in the same change.
// Done once a verifier has acknowledged the version that is answered; JWKS readers follow when they fetch again.

import type { TenantId } from "../kernel/ids.ts";
import type { Answer } from "../kernel/refusal.ts";
import { type ChangeRingDeps, changeRing, keyFacts, type RingVersion } from "../keys/change-ring.ts";
import { type FreshKeyDeps, freshSigningKey } from "../keys/fresh-keys.ts";
import type { KeyPolicy } from "../keys/key-policy.ts";
import { decideKeys } from "../keys/key-set.ts";

export type CompromiseKeyDeps = ChangeRingDeps & FreshKeyDeps & { readonly policy: KeyPolicy };

export interface CompromiseKey {
  readonly tenant: TenantId;
  readonly kid: string;
  readonly actor: string | null;
}

/** Refuses with `key_not_found`. Again for the same key: the same answer, and nothing is written. Throws Faults of the store and `keys_unreadable`. */
export async function compromiseKey(deps: CompromiseKeyDeps, request: CompromiseKey): Promise<Answer<RingVersion>> {
  const { tenant, kid, actor } = request;
  const fresh = freshSigningKey(deps, tenant);
  return changeRing(deps, tenant, (ring, now) => {
    const ruling = decideKeys(ring.signing, { kind: "compromise", kid, fresh }, now, deps.policy);
    if (ruling.kind !== "changed") return ruling;
    const facts = keyFacts(tenant, now, ruling.facts, actor);
    return { kind: "changed", next: { ...ring, signing: ruling.next }, facts };
  });
}
