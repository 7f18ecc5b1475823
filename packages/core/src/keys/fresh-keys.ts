// New keys, sealed as they will rest. They are made when a change first asks for them and kept while it decides again, so that
// it may decide twice.

import type { SigningAlg } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { type KeyEncryptionKey, SEAL_IV_LENGTH, seal, sealedFor } from "./envelope.ts";
import type { FreshMacKey } from "./mac-keys.ts";
import { openKeyOf } from "./open-key.ts";
import type { FreshSecretKey } from "./secret-keys.ts";
import type { NewSigningKey } from "./signing.ts";
import type { FreshKey, SealedKey } from "./signing-key.ts";

export interface FreshKeyDeps {
  readonly dice: Dice;
  readonly kek: KeyEncryptionKey;
  readonly newSigningKey: NewSigningKey;
}

export function freshSigningKey(
  { dice, kek, newSigningKey }: FreshKeyDeps,
  tenant: TenantId,
  alg: SigningAlg,
): SealedKey {
  const pkcs8 = newSigningKey(alg);
  const { kid } = openKeyOf(alg, pkcs8);
  return { kid, sealed: sealedOnce({ dice, kek }, pkcs8, sealedFor(tenant, "signing", kid)) };
}

/** Clears what it has sealed: from here on it stands in the clear in no memory that JavaScript reads. */
function sealedOnce(
  { dice, kek }: Pick<FreshKeyDeps, "dice" | "kek">,
  plaintext: Uint8Array,
  bound: Uint8Array,
): string {
  const sealed = seal(kek, plaintext, bound, dice.bytes(SEAL_IV_LENGTH));
  plaintext.fill(0);
  return sealed;
}

/** The `nth` fresh key of an algorithm: always the same one for one change. */
export type FreshSigningKeys = (alg: SigningAlg, publishedIn: number, nth?: number) => FreshKey;

export function freshSigningKeys(deps: FreshKeyDeps, tenant: TenantId): FreshSigningKeys {
  const made = new Map<string, SealedKey>();
  return (alg, publishedIn, nth = 1) => {
    const name = `${alg} ${nth}`;
    const key = made.get(name) ?? freshSigningKey(deps, tenant, alg);
    made.set(name, key);
    return { ...key, publishedIn };
  };
}

export function freshMacKey(deps: Omit<FreshKeyDeps, "newSigningKey">, tenant: TenantId, kid: number): FreshMacKey {
  return { kid, sealed: sealedOnce(deps, deps.dice.bytes(32), sealedFor(tenant, "mac", kid)) };
}

export function freshSecretKey(
  deps: Omit<FreshKeyDeps, "newSigningKey">,
  tenant: TenantId,
  kid: number,
): FreshSecretKey {
  return { kid, sealed: sealedOnce(deps, deps.dice.bytes(32), sealedFor(tenant, "secret", kid)) };
}
