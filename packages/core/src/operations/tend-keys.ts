// What time does to keys: rotates them when they are old, removes retired ones that nobody needs. A timer calls it, on every
// node: whoever comes second finds nothing due.

import type { TenantId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import { type ChangeRingDeps, changeRing, keyFacts, macFacts } from "../keys/change-ring.ts";
import { unreadable } from "../keys/envelope.ts";
import { type FreshKeyDeps, freshMacKey, freshSecretKey, freshSigningKeys } from "../keys/fresh-keys.ts";
import type { KeyPolicy } from "../keys/key-policy.ts";
import { decideKeys, type KeyFact } from "../keys/key-set.ts";
import { keySetsOf, type Ring, withKeySet } from "../keys/key-sets.ts";
import { type Listeners, laggardsOf } from "../keys/laggards.ts";
import { followingMacKid, isMacRotationDue, type MacFact, rotateMacKeys } from "../keys/mac-keys.ts";
import { ringKey } from "../keys/ring.ts";
import { ringFromRow } from "../keys/ring-row.ts";
import { followingSecretKid, isSecretRotationDue, rotateSecretKeys, type SecretKeyFact } from "../keys/secret-keys.ts";
import { isRemovalDue, isRotationDue } from "../keys/signing-key.ts";

export type TendKeysDeps = ChangeRingDeps & FreshKeyDeps & { readonly policy: KeyPolicy };

export interface TendKeys {
  readonly tenant: TenantId;
  /** Asked only when a rotation is due. */
  readonly listeners: () => Promise<Listeners>;
}

export interface TendedKeys {
  readonly version: number;
}

/** Throws Faults of the store, and `keys_unreadable` when there are no keys, or something is due and they don't open. */
export async function tendKeys(deps: TendKeysDeps, { tenant, listeners }: TendKeys): Promise<TendedKeys> {
  const { policy } = deps;
  const key = ringKey(tenant);
  const snapshot = await deps.store.read([key]);
  const row = snapshot.get(key);
  if (row === undefined) throw unreadable("there are no keys yet");
  const seen = ringFromRow(row.value);
  if (!isAnythingDue(seen, snapshot.clock, policy)) return { version: row.version };
  const known: Listeners = await listeners();
  const signing = freshSigningKeys(deps, tenant);
  const mac = freshMacKey(deps, tenant, followingMacKid(seen.mac));
  const secret = freshSecretKey(deps, tenant, followingSecretKid(seen.secrets));
  const tended = await changeRing(deps, tenant, (ring, now, version) => {
    const facts: KeyFact[] = [];
    let next: Ring = ring;
    for (const { alg, set } of keySetsOf(ring)) {
      // A key that nothing is due for needs no fresh one, which may take long to make.
      if (!isRotationDue(set, now, policy) && !isRemovalDue(set, now, policy)) continue;
      const laggards = laggardsOf(known, set.next.publishedIn ?? version - 1, now);
      const ruling = decideKeys(set, { kind: "tend", fresh: signing(alg, version), laggards }, now, policy);
      if (ruling.kind === "refused") return ruling;
      if (ruling.kind === "unchanged") continue;
      next = withKeySet(next, alg, ruling.next);
      facts.push(...ruling.facts);
    }
    const others = othersTended(next, { mac, secret }, now, policy);
    if (facts.length === 0 && others.facts.length === 0) return { kind: "unchanged" };
    const all = [...keyFacts(tenant, now, facts), ...macFacts(tenant, now, others.facts)];
    return { kind: "changed", next: others.ring, facts: all };
  });
  // Only a fresh key that is not fresh is refused.
  if (!tended.ok) throw new Error("a new signing key has a kid that the ring knows");
  return { version: tended.value.version };
}

function othersTended(
  ring: Ring,
  fresh: {
    readonly mac: Parameters<typeof rotateMacKeys>[1];
    readonly secret: Parameters<typeof rotateSecretKeys>[1];
  },
  now: Instant,
  policy: KeyPolicy,
): { readonly ring: Ring; readonly facts: readonly (MacFact | SecretKeyFact)[] } {
  const mac = rotateMacKeys(ring.mac, fresh.mac, now, policy);
  const due = isSecretRotationDue(ring.secrets, now, policy);
  const secrets = due ? rotateSecretKeys(ring.secrets, fresh.secret, now) : ring.secrets;
  const created: readonly SecretKeyFact[] =
    secrets === ring.secrets ? [] : [{ kind: "secret_key_created", kid: fresh.secret.kid }];
  return {
    ring: { ...ring, mac: mac.kind === "changed" ? mac.next : ring.mac, secrets },
    facts: [...(mac.kind === "changed" ? mac.facts : []), ...created],
  };
}

function isAnythingDue(ring: Ring, now: Instant, policy: KeyPolicy): boolean {
  return (
    keySetsOf(ring).some(({ set }) => isRotationDue(set, now, policy) || isRemovalDue(set, now, policy)) ||
    isMacRotationDue(ring.mac, now, policy) ||
    isSecretRotationDue(ring.secrets, now, policy)
  );
}
