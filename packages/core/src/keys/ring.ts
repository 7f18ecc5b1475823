// What the operations need of keys. The row `keys/ring` of a tenant holds all of them, sealed; a node opens it once per version.

import type { FeedKey } from "@hallpass/protocol";
import type { TenantId } from "../kernel/ids.ts";
import type { RowKey, Snapshot } from "../store/store.ts";

export interface Signer {
  readonly kid: string;
  readonly alg: "ES256";
  /** The raw signature, r ‖ s, 64 bytes, over the ASCII bytes of the input. */
  sign(signingInput: string): Uint8Array;
  /** The same, together with whatever else is asked for in this turn: signatures in a row cost half as much as signatures between other work. */
  signSoon(signingInput: string): Promise<Uint8Array>;
}

export interface VerificationKey {
  readonly kid: string;
  readonly alg: "ES256";
  verify(signingInput: string, signature: Uint8Array): boolean;
}

export interface MacKeys {
  /** The key for new tokens and secrets: 1 to 255. */
  readonly currentKid: number;
  readonly kids: readonly number[];
  /** 32 bytes: HKDF-SHA256 of that server key with the info; remembered. Undefined when there is no such key. */
  derive(kid: number, info: string): Uint8Array | undefined;
}

export interface OpenKeys {
  /** The row's version: what a verifier acknowledges. */
  readonly version: number;
  readonly signer: Signer;
  /** Undefined for a key that is unknown, removed or compromised. */
  verificationKey(kid: string): VerificationKey | undefined;
  /** What the JWKS and the feed show: next, active and retiring keys. */
  readonly published: readonly FeedKey[];
  readonly mac: MacKeys;
}

export interface KeyRing {
  /** Opens the keys of a snapshot that was read with `ringKey(tenant)`. Throws Fault `keys_unreadable` when there are none, or the key-encryption key does not fit. */
  open(snapshot: Snapshot): OpenKeys;
  /** What was opened last, for checks that must not touch the store: a forged token is refused before any read. */
  latest(): OpenKeys | undefined;
}

export function ringKey(tenant: TenantId): RowKey {
  return { tenant, kind: "keys", id: "ring" };
}
