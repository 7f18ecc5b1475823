// New keys, sealed as they will rest. They are made before a change decides, so that it may decide twice.

import type { TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { type KeyEncryptionKey, SEAL_IV_LENGTH, seal, sealedFor } from "./envelope.ts";
import type { FreshMacKey } from "./mac-keys.ts";
import { type NewSigningKey, openSigningKey } from "./signing.ts";
import type { FreshKey } from "./signing-key.ts";

export interface FreshKeyDeps {
  readonly dice: Dice;
  readonly kek: KeyEncryptionKey;
  readonly newSigningKey: NewSigningKey;
}

export function freshSigningKey({ dice, kek, newSigningKey }: FreshKeyDeps, tenant: TenantId): FreshKey {
  const pkcs8 = newSigningKey();
  const { kid } = openSigningKey(pkcs8);
  return { kid, sealed: seal(kek, pkcs8, sealedFor(tenant, "signing", kid), dice.bytes(SEAL_IV_LENGTH)) };
}

export function freshMacKey(
  { dice, kek }: Omit<FreshKeyDeps, "newSigningKey">,
  tenant: TenantId,
  kid: number,
): FreshMacKey {
  return { kid, sealed: seal(kek, dice.bytes(32), sealedFor(tenant, "mac", kid), dice.bytes(SEAL_IV_LENGTH)) };
}
