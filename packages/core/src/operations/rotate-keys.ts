// Rotates the signing keys of an algorithm by hand: next signs from now on, active retires, a fresh key becomes next.

import type { SigningAlg } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import type { Answer } from "../kernel/refusal.ts";
import type { RingVersion } from "../keys/change-ring.ts";
import { type FreshKeyDeps, freshSigningKeys } from "../keys/fresh-keys.ts";
import { type Listeners, laggardsOf } from "../keys/laggards.ts";
import { type ChangeKeysDeps, changeKeys } from "./change-keys.ts";

export type RotateKeysDeps = ChangeKeysDeps & FreshKeyDeps;

export interface RotateKeys {
  readonly tenant: TenantId;
  readonly alg: SigningAlg;
  /** Even if somebody may not know the next key yet, and refuse what it signs for a while: who that is stands in the fact. */
  readonly force: boolean;
  readonly listeners: Listeners;
}

/**
 * Refuses with `key_too_fresh` unless next has been published for long enough, with `verifiers_behind` while a verifier that
 * lives has not acknowledged it, and with `signing_alg_unavailable`. Throws Faults of the store and `keys_unreadable`.
 */
export async function rotateKeys(deps: RotateKeysDeps, request: RotateKeys): Promise<Answer<RingVersion>> {
  const { tenant, alg, force, listeners } = request;
  const fresh = freshSigningKeys(deps, tenant);
  return changeKeys(deps, { tenant, which: { alg }, actor: null }, ({ set }, now, version) => ({
    kind: "rotate",
    force,
    fresh: fresh(alg, version),
    laggards: laggardsOf(listeners, set.next.publishedIn ?? version - 1, now),
  }));
}
