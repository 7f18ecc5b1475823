// Seals every key of a tenant again under the key-encryption key that is current, in one change: a crash leaves all as they
// were or all as they should be, and the next start finds out which. Afterwards nothing needs the one before.

import { fact } from "../facts.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { type ChangeRingDeps, changeRing } from "../keys/change-ring.ts";
import { type KeyEncryptionKey, open, SEAL_IV_LENGTH, type SealedPurpose, seal, sealedFor } from "../keys/envelope.ts";
import type { AlgKeySet, Ring } from "../keys/key-sets.ts";
import { sealedUnderOf } from "../keys/sealed-under.ts";

/** The ids of the key-encryption keys that something was sealed under; empty when there was nothing to do. Throws Fault `keys_unreadable` when one of them is not at hand, and Faults of the store. */
export async function rewrapKeys(
  deps: ChangeRingDeps,
  { tenant }: { readonly tenant: TenantId },
): Promise<readonly string[]> {
  let from: readonly string[] = [];
  await changeRing(deps, tenant, (ring, now) => {
    from = sealedUnderOf(ring).filter((id) => id !== deps.kek.id);
    if (from.length === 0) return { kind: "unchanged" };
    const next = rewrapped(ring, tenant, deps.kek, deps.dice);
    return { kind: "changed", next, facts: [fact(tenant, now, "keys_rewrapped", { from, to: deps.kek.id })] };
  });
  return from;
}

function rewrapped(ring: Ring, tenant: TenantId, kek: KeyEncryptionKey, dice: Dice): Ring {
  function again<K extends { readonly kid: string | number; readonly sealed: string }>(
    purpose: SealedPurpose,
    key: K,
  ): K {
    const bound = sealedFor(tenant, purpose, key.kid);
    // Bytes that were used once: a change that decides again draws others.
    const iv = dice.bytes(SEAL_IV_LENGTH);
    return { ...key, sealed: open(kek, key.sealed, bound, (plaintext) => seal(kek, plaintext, bound, iv)) };
  }
  const setAgain = (set: AlgKeySet["set"]): AlgKeySet["set"] => ({
    ...set,
    active: again("signing", set.active),
    next: again("signing", set.next),
    retiring: set.retiring.map((key) => again("signing", key)),
  });
  const { signing, further, mac, secrets } = ring;
  return {
    signing: setAgain(signing),
    further: further.map(({ alg, set }) => ({ alg, set: setAgain(set) })),
    mac: { current: again("mac", mac.current), older: mac.older.map((key) => again("mac", key)) },
    secrets:
      secrets === null
        ? null
        : { current: again("secret", secrets.current), older: secrets.older.map((key) => again("secret", key)) },
  };
}
