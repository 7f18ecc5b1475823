// Lets the next key sign for one client, or a share of all sessions, before it signs for everybody; or takes that back.

import type { SigningAlg } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import type { Answer } from "../kernel/refusal.ts";
import type { RingVersion } from "../keys/change-ring.ts";
import { type Listeners, laggardsOf } from "../keys/laggards.ts";
import type { Trial } from "../keys/signing-key.ts";
import { type ChangeKeysDeps, changeKeys } from "./change-keys.ts";

export interface TryKey {
  readonly tenant: TenantId;
  readonly alg: SigningAlg;
  /** Null takes it back: what next has signed meanwhile still verifies. */
  readonly trial: Trial | null;
  readonly force: boolean;
  readonly listeners: Listeners;
  readonly actor: string | null;
}

/** Refuses as `rotateKeys` does; taking back is never refused. Throws Faults of the store and `keys_unreadable`. */
export async function tryKey(deps: ChangeKeysDeps, request: TryKey): Promise<Answer<RingVersion>> {
  const { tenant, alg, trial, force, listeners, actor } = request;
  return changeKeys(deps, { tenant, which: { alg }, actor }, ({ set }, now, version) => ({
    kind: "try",
    trial,
    force,
    laggards: laggardsOf(listeners, set.next.publishedIn ?? version - 1, now),
  }));
}
