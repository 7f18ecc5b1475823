// A change of one key set of a tenant, whichever it is: what rotate, try, restore, remove and compromise have in common.

import type { SigningAlg } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import type { Answer, RefusalCode } from "../kernel/refusal.ts";
import type { Instant } from "../kernel/time.ts";
import { type ChangeRingDeps, changeRing, keyFacts, type RingVersion } from "../keys/change-ring.ts";
import type { KeyPolicy } from "../keys/key-policy.ts";
import { decideKeys, type KeyEvent } from "../keys/key-set.ts";
import { type AlgKeySet, keySetOf, keySetWith, type Ring, withKeySet } from "../keys/key-sets.ts";

export type ChangeKeysDeps = ChangeRingDeps & { readonly policy: KeyPolicy };

/** Whose keys are changed: those of an algorithm, or those that hold a kid. */
export type Which = { readonly alg: SigningAlg } | { readonly kid: string };

export interface ChangeKeys {
  readonly tenant: TenantId;
  readonly which: Which;
  readonly actor: string | null;
}

/** Refuses with `key_not_found`, `signing_alg_unavailable`, or what `decideKeys` refuses. `version` is the ring's if it is changed. */
export async function changeKeys(
  deps: ChangeKeysDeps,
  { tenant, which, actor }: ChangeKeys,
  eventOf: (one: AlgKeySet, now: Instant, version: number) => KeyEvent,
): Promise<Answer<RingVersion>> {
  return changeRing(deps, tenant, (ring, now, version) => {
    const found = find(ring, which);
    if (typeof found === "string") return { kind: "refused", code: found };
    const ruling = decideKeys(found.set, eventOf(found, now, version), now, deps.policy);
    const { alg } = found;
    if (ruling.kind === "refused") return ruling;
    if (ruling.kind === "unchanged") return { kind: "unchanged", alg };
    const next = withKeySet(ring, alg, ruling.next);
    return { kind: "changed", alg, next, facts: keyFacts(tenant, now, ruling.facts, actor) };
  });
}

function find(ring: Ring, which: Which): AlgKeySet | RefusalCode {
  if ("kid" in which) return keySetWith(ring, which.kid) ?? "key_not_found";
  const set = keySetOf(ring, which.alg);
  return set === undefined ? "signing_alg_unavailable" : { alg: which.alg, set };
}
