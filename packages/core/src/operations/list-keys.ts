// Which keys there are, in what state and since when: nothing that could sign, and nothing that has to be opened.

import type { SigningAlg } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import { after, type Instant } from "../kernel/time.ts";
import { unreadable } from "../keys/envelope.ts";
import type { KeyPolicy } from "../keys/key-policy.ts";
import { keySetsOf } from "../keys/key-sets.ts";
import { type Listeners, laggardsOf } from "../keys/laggards.ts";
import { ringKey } from "../keys/ring.ts";
import { ringFromRow } from "../keys/ring-row.ts";
import { sealedUnderOf } from "../keys/sealed-under.ts";
import { keysOf, rotationDueAt, type SigningKey } from "../keys/signing-key.ts";
import type { Store } from "../store/store.ts";

export interface ListKeysDeps {
  readonly store: Store;
  readonly policy: KeyPolicy;
}

export interface ListKeys {
  readonly tenant: TenantId;
  readonly listeners: Listeners;
}

type WithoutEnvelope<Key> = Key extends unknown ? Omit<Key, "sealed"> : never;
/** A signing key's kid, state and times. */
export type KeyDescription = WithoutEnvelope<SigningKey> & { readonly alg: SigningAlg };

/** The next rotation of one algorithm's keys by time. */
export interface RotationAhead {
  readonly alg: SigningAlg;
  readonly due: Instant;
  /** When it goes on without those that are waited for. */
  readonly proceeds: Instant;
  /** Verifiers that live and have not acknowledged the next key, by instance. */
  readonly waitingFor: readonly string[];
}

export interface KeyList {
  readonly version: number;
  /** Of each algorithm: active, next, retiring, then removed and compromised ones. */
  readonly keys: readonly KeyDescription[];
  readonly rotations: readonly RotationAhead[];
  readonly macKeys: { readonly current: number; readonly older: readonly number[] };
  /** Null in rings from before there were any. */
  readonly secretKeys: { readonly current: number; readonly older: readonly number[] } | null;
  /** Ids of the key-encryption keys that something is sealed under. */
  readonly sealedUnder: readonly string[];
}

/** Throws Fault `keys_unreadable` when there are no keys, and Faults of the store. */
export async function listKeys({ store, policy }: ListKeysDeps, { tenant, listeners }: ListKeys): Promise<KeyList> {
  const key = ringKey(tenant);
  const snapshot = await store.read([key]);
  const row = snapshot.get(key);
  if (row === undefined) throw unreadable("there are no keys yet");
  const ring = ringFromRow(row.value);
  const sets = keySetsOf(ring);
  return {
    version: row.version,
    keys: sets.flatMap(({ alg, set }) => keysOf(set).map((one) => described(alg, one))),
    rotations: sets.map(({ alg, set }) => {
      const due = rotationDueAt(set, policy);
      const waitingFor = laggardsOf(listeners, set.next.publishedIn ?? row.version, snapshot.clock);
      return { alg, due, proceeds: after(due, policy.patience), waitingFor };
    }),
    macKeys: kidsOf(ring.mac),
    secretKeys: ring.secrets === null ? null : kidsOf(ring.secrets),
    sealedUnder: sealedUnderOf(ring),
  };
}

interface Kids {
  readonly current: { readonly kid: number };
  readonly older: readonly { readonly kid: number }[];
}

function kidsOf({ current, older }: Kids): KeyList["macKeys"] {
  return { current: current.kid, older: older.map(({ kid }) => kid) };
}

function described(alg: SigningAlg, key: SigningKey): KeyDescription {
  if (!("sealed" in key)) return { ...key, alg };
  const { sealed: _, ...description } = key;
  return { ...description, alg };
}
