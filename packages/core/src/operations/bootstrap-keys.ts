// Makes the keys of a tenant that has none: one that signs, one that will, one MAC key, one for secrets. Runs at every start; does nothing
// where there are keys. Keys that are there and can't be read are never replaced: every session would end.

import { DEFAULT_SIGNING_ALG } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import { type ChangeRingDeps, keyFacts, macFacts, type RingVersion, versionOf } from "../keys/change-ring.ts";
import { openRow } from "../keys/create-key-ring.ts";
import { type FreshKeyDeps, freshMacKey, freshSecretKey, freshSigningKeys } from "../keys/fresh-keys.ts";
import { firstKeySet } from "../keys/key-set.ts";
import type { Ring } from "../keys/key-sets.ts";
import { FIRST_MAC_KID, firstMacKeySet } from "../keys/mac-keys.ts";
import { ringKey } from "../keys/ring.ts";
import { ringToRow } from "../keys/ring-row.ts";
import { FIRST_SECRET_KID, rotateSecretKeys } from "../keys/secret-keys.ts";
import { answer, change, write } from "../store/change.ts";

export type BootstrapKeysDeps = ChangeRingDeps & FreshKeyDeps;

export interface BootstrapKeys {
  readonly tenant: TenantId;
}

export interface BootstrappedKeys extends RingVersion {
  /** False when there were keys already. */
  readonly created: boolean;
}

const FIRST_VERSION = 1;

/** Throws Fault `keys_unreadable` when there are keys and this key-encryption key does not open them all. */
export async function bootstrapKeys(deps: BootstrapKeysDeps, { tenant }: BootstrapKeys): Promise<BootstrappedKeys> {
  const key = ringKey(tenant);
  const fresh = freshSigningKeys(deps, tenant);
  const active = fresh(DEFAULT_SIGNING_ALG, FIRST_VERSION, 1);
  const next = fresh(DEFAULT_SIGNING_ALG, FIRST_VERSION, 2);
  const mac = freshMacKey(deps, tenant, FIRST_MAC_KID);
  const secret = freshSecretKey(deps, tenant, FIRST_SECRET_KID);
  return change<BootstrappedKeys>(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    if (row !== undefined) {
      const { ring } = openRow(row, deps.kek);
      return answer({ created: false, ...versionOf(ring, row.version) });
    }
    const now = snapshot.clock;
    const first = firstKeySet(active, next, now);
    const ring: Ring = {
      signing: first.next,
      further: [],
      mac: firstMacKeySet(mac, now),
      secrets: rotateSecretKeys(null, secret, now),
    };
    return write({
      rows: [{ key, expect: "absent", next: { value: ringToRow(ring), expires: null } }],
      facts: [
        ...keyFacts(tenant, now, first.facts),
        ...macFacts(tenant, now, [
          { kind: "mac_key_created", kid: mac.kid },
          { kind: "secret_key_created", kid: secret.kid },
        ]),
      ],
      answer: () => ({ created: true, ...versionOf(ring, FIRST_VERSION) }),
    });
  });
}
