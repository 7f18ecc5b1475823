// What the operations need of keys. The row `keys/ring` of a tenant holds all of them, sealed; a node opens it once per version.

import type { FeedKey, SigningAlg } from "@hallpass/protocol";
import type { ClientId, SessionId, TenantId } from "../kernel/ids.ts";
import type { RowKey, Snapshot } from "../store/store.ts";
import type { AccessTokenRead, SessionTokenRead } from "../tokens/presented.ts";
import { unreadable } from "./envelope.ts";
import type { Seen } from "./seen.ts";

export interface Signer {
  readonly kid: string;
  readonly alg: SigningAlg;
  /** The signature over the ASCII bytes of the input, as JWS has it: of ES256 the raw one, r ‖ s, 64 bytes. */
  sign(signingInput: string): Uint8Array;
  /** The same, together with whatever else is asked for in this turn: signatures in a row cost half as much as signatures between other work. */
  signSoon(signingInput: string): Promise<Uint8Array>;
}

export interface VerificationKey {
  readonly kid: string;
  readonly alg: SigningAlg;
  verify(signingInput: string, signature: Uint8Array): boolean;
}

export interface MacKeys {
  /** The key for new tokens: 1 to 255. */
  readonly currentKid: number;
  /** The key for new hashes of clients' secrets: 256 or more, or in rings from before there were any, the current kid. */
  readonly secretKid: number;
  readonly kids: readonly number[];
  /** 32 bytes: HKDF-SHA256 of that server key, or key for secrets, with the info; remembered. Undefined when there is no such key. */
  derive(kid: number, info: string): Uint8Array | undefined;
  /** Secrets of clients and session tokens that were found to have one of these keys' hashes: by the client's id, and by its mark. */
  readonly secrets: Seen<FittingSecret>;
  readonly sessionTokens: Seen<FittingSessionToken>;
  /** Authorization headers in which a client has shown such a secret, by the header's mark. */
  readonly headers: Seen<RecognizedSecret>;
}

/** What has the hash, under the key `kid`. */
export interface FittingSecret {
  readonly kid: number;
  readonly hash: string;
  /** `secretMark` of it. */
  readonly mark: string;
}

/** The secret of this client that has this hash under the key `kid`. Whether it is still the client's, its row says. */
export interface RecognizedSecret {
  readonly clientId: ClientId;
  readonly kid: number;
  readonly hash: string;
}

export interface FittingSessionToken {
  readonly kid: number;
  readonly hash: string;
  readonly read: SessionTokenRead;
}

export interface SignedFor {
  readonly alg: SigningAlg;
  readonly client: ClientId;
  /** Null for a token of the client_credentials grant. */
  readonly session: SessionId | null;
}

export interface OpenKeys {
  /** The row's version: what a verifier acknowledges. */
  readonly version: number;
  /** The active key of ES256. */
  readonly signer: Signer;
  /** Whose signature an access token gets: the active key of its algorithm, or the next one while that is tried. Undefined when there are no keys of the algorithm. */
  signerFor(token: SignedFor): Signer | undefined;
  /** Undefined for a key that is unknown, removed or compromised. */
  verificationKey(kid: string): VerificationKey | undefined;
  /** What the JWKS and the feed show: next, active and retiring keys. */
  readonly published: readonly FeedKey[];
  readonly mac: MacKeys;
  /** Those that were found to be signed by one of these keys. */
  readonly accessTokens: Seen<AccessTokenRead>;
}

/** Throws Fault `keys_unreadable`: a client is registered with an algorithm only where there are keys of it, and those stay. */
export function signerOf(keys: Pick<OpenKeys, "signerFor">, token: SignedFor): Signer {
  const signer = keys.signerFor(token);
  if (signer === undefined) throw unreadable(`there are no keys of ${token.alg}`);
  return signer;
}

export interface KeyRing {
  /** Opens the keys of a snapshot that was read with `ringKey(tenant)`. Throws Fault `keys_unreadable` when there are none, or the key-encryption key does not fit. */
  open(snapshot: Snapshot): OpenKeys;
  /** What was opened last, for checks that must not touch the store: a forged token is refused before any read. */
  latest(): OpenKeys | undefined;
  /** Signatures made by this ring since it was created, by algorithm and by what the key was then. */
  signatures(): readonly SignatureCount[];
}

export interface SignatureCount {
  readonly alg: SigningAlg;
  readonly state: "active" | "next";
  readonly count: number;
}

export function ringKey(tenant: TenantId): RowKey {
  return { tenant, kind: "keys", id: "ring" };
}
