// Has signing keys refused, everywhere and for ever. If the active one is among them, next signs in the same change; if both
// are, a fresh key does. Done once a verifier has acknowledged the version that is answered; JWKS readers follow when they
// fetch again, and until then don't know a key that is fresh.

import { DEFAULT_SIGNING_ALG } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import type { Answer, RefusalCode } from "../kernel/refusal.ts";
import { type ChangeRingDeps, changeRing, keyFacts, type RingVersion } from "../keys/change-ring.ts";
import { type FreshKeyDeps, freshSigningKeys } from "../keys/fresh-keys.ts";
import type { KeyPolicy } from "../keys/key-policy.ts";
import { decideKeys, type KeyFact } from "../keys/key-set.ts";
import { keySetsOf, keySetWith, type Ring, withKeySet } from "../keys/key-sets.ts";
import { keyOf } from "../keys/signing-key.ts";

export type CompromiseKeysDeps = ChangeRingDeps & FreshKeyDeps & { readonly policy: KeyPolicy };

export interface CompromiseKeys {
  readonly tenant: TenantId;
  /** Of any algorithm; all in one change. */
  readonly kids: readonly string[];
  readonly actor: string | null;
}

/** Refuses with `key_not_found` if it doesn't know one of them: then nothing is changed. Again for the same keys: the same answer, and nothing is written. Throws Faults of the store and `keys_unreadable`. */
export async function compromiseKeys(deps: CompromiseKeysDeps, request: CompromiseKeys): Promise<Answer<RingVersion>> {
  const { tenant, kids, actor } = request;
  const fresh = freshSigningKeys(deps, tenant);
  return changeRing(deps, tenant, (ring, now, version) => {
    if (kids.some((kid) => keySetWith(ring, kid) === undefined)) return { kind: "refused", code: "key_not_found" };
    const facts: KeyFact[] = [];
    let next: Ring = ring;
    let refusal: RefusalCode | undefined;
    for (const { alg, set } of keySetsOf(ring)) {
      const named = kids.filter((kid) => keyOf(set, kid) !== undefined);
      if (named.length === 0) continue;
      const pair = [fresh(alg, version, 1), fresh(alg, version, 2)] as const;
      const ruling = decideKeys(set, { kind: "compromise", kids: named, fresh: pair }, now, deps.policy);
      if (ruling.kind === "refused") refusal = ruling.code;
      if (ruling.kind !== "changed") continue;
      next = withKeySet(next, alg, ruling.next);
      facts.push(...ruling.facts);
    }
    if (refusal !== undefined) return { kind: "refused", code: refusal };
    const { alg } = keySetWith(ring, kids[0] ?? "") ?? { alg: DEFAULT_SIGNING_ALG };
    if (facts.length === 0) return { kind: "unchanged", alg };
    return { kind: "changed", alg, next, facts: keyFacts(tenant, now, facts, actor) };
  });
}
