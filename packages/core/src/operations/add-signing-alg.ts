// Makes keys of a further algorithm, and publishes them. They sign for the clients that are registered with it, and no client
// can be before everyone may know them.

import type { SigningAlg } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import type { Answer } from "../kernel/refusal.ts";
import { changeRing, keyFacts, type RingVersion } from "../keys/change-ring.ts";
import { freshSigningKeys } from "../keys/fresh-keys.ts";
import { furtherKeySet } from "../keys/key-set.ts";
import { keySetOf, withKeySet } from "../keys/key-sets.ts";
import type { RotateKeysDeps } from "./rotate-keys.ts";

export interface AddSigningAlg {
  readonly tenant: TenantId;
  readonly alg: SigningAlg;
}

/** Does nothing where there are keys of the algorithm. Throws Faults of the store and `keys_unreadable`. */
export async function addSigningAlg(
  deps: RotateKeysDeps,
  { tenant, alg }: AddSigningAlg,
): Promise<Answer<RingVersion>> {
  const fresh = freshSigningKeys(deps, tenant);
  return changeRing(deps, tenant, (ring, now, version) => {
    if (keySetOf(ring, alg) !== undefined) return { kind: "unchanged", alg };
    const made = furtherKeySet(fresh(alg, version, 1), fresh(alg, version, 2), now, deps.policy);
    const next = withKeySet(ring, alg, made.next);
    return { kind: "changed", alg, next, facts: keyFacts(tenant, now, made.facts) };
  });
}
