// Takes a retiring key out of what is published, once no token can need it any more. Sooner is `compromiseKey`.

import type { TenantId } from "../kernel/ids.ts";
import type { Answer } from "../kernel/refusal.ts";
import { type ChangeRingDeps, changeRing, keyFacts, type RingVersion } from "../keys/change-ring.ts";
import type { KeyPolicy } from "../keys/key-policy.ts";
import { decideKeys } from "../keys/key-set.ts";

export type RemoveKeyDeps = ChangeRingDeps & { readonly policy: KeyPolicy };

export interface RemoveKey {
  readonly tenant: TenantId;
  readonly kid: string;
}

/** Refuses with `key_not_found`, or `key_state` for a key that is not retiring or may still be needed. Throws Faults of the store and `keys_unreadable`. */
export async function removeKey(deps: RemoveKeyDeps, { tenant, kid }: RemoveKey): Promise<Answer<RingVersion>> {
  return changeRing(deps, tenant, (ring, now) => {
    const ruling = decideKeys(ring.signing, { kind: "remove", kid }, now, deps.policy);
    if (ruling.kind !== "changed") return ruling;
    return { kind: "changed", next: { ...ring, signing: ruling.next }, facts: keyFacts(tenant, now, ruling.facts) };
  });
}
