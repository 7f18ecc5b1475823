// Which keys there are, in what state and since when: nothing that could sign, and nothing that has to be opened.

import type { TenantId } from "../kernel/ids.ts";
import { unreadable } from "../keys/envelope.ts";
import { ringKey } from "../keys/ring.ts";
import { ringFromRow } from "../keys/ring-row.ts";
import { keysOf, type SigningKey } from "../keys/signing-key.ts";
import type { Store } from "../store/store.ts";

export interface ListKeysDeps {
  readonly store: Store;
}

export interface ListKeys {
  readonly tenant: TenantId;
}

type WithoutEnvelope<Key> = Key extends unknown ? Omit<Key, "sealed"> : never;
/** A signing key's kid, state and times. */
export type KeyDescription = WithoutEnvelope<SigningKey>;

export interface KeyList {
  readonly version: number;
  /** Active, next, retiring, then removed and compromised ones. */
  readonly keys: readonly KeyDescription[];
  readonly macKeys: { readonly current: number; readonly older: readonly number[] };
}

/** Throws Fault `keys_unreadable` when there are no keys, and Faults of the store. */
export async function listKeys({ store }: ListKeysDeps, { tenant }: ListKeys): Promise<KeyList> {
  const key = ringKey(tenant);
  const row = (await store.read([key])).get(key);
  if (row === undefined) throw unreadable("there are no keys yet");
  const { signing, mac } = ringFromRow(row.value);
  return {
    version: row.version,
    keys: keysOf(signing).map(described),
    macKeys: { current: mac.current.kid, older: mac.older.map(({ kid }) => kid) },
  };
}

function described(key: SigningKey): KeyDescription {
  if (!("sealed" in key)) return key;
  const { sealed: _, ...description } = key;
  return description;
}
