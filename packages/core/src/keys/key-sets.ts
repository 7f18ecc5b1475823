// The key sets of a tenant: one of ES256, always, and one of each further algorithm that was added. One key has one algorithm
// (RFC 8725 section 3.1), so each algorithm has its own keys and its own rotation.

import { DEFAULT_SIGNING_ALG, type SigningAlg } from "@hallpass/protocol";
import type { MacKeySet } from "./mac-keys.ts";
import type { SecretKeySet } from "./secret-keys.ts";
import { type KeySet, keyOf } from "./signing-key.ts";

export interface AlgKeySet {
  readonly alg: SigningAlg;
  readonly set: KeySet;
}

/** Everything that the row `keys/ring` holds. */
export interface Ring {
  /** ES256. */
  readonly signing: KeySet;
  readonly further: readonly AlgKeySet[];
  readonly mac: MacKeySet;
  /** Null in rows from before there were any: client secrets are hashed under MAC keys there. */
  readonly secrets: SecretKeySet | null;
}

export function keySetsOf({ signing, further }: Pick<Ring, "signing" | "further">): readonly AlgKeySet[] {
  return [{ alg: DEFAULT_SIGNING_ALG, set: signing }, ...further];
}

export function keySetOf(ring: Ring, alg: SigningAlg): KeySet | undefined {
  return keySetsOf(ring).find((one) => one.alg === alg)?.set;
}

export function keySetWith(ring: Ring, kid: string): AlgKeySet | undefined {
  return keySetsOf(ring).find(({ set }) => keyOf(set, kid) !== undefined);
}

/** The ring with this set in place of the algorithm's, or beside the others if it had none. */
export function withKeySet(ring: Ring, alg: SigningAlg, set: KeySet): Ring {
  if (alg === DEFAULT_SIGNING_ALG) return { ...ring, signing: set };
  return { ...ring, further: [...ring.further.filter((one) => one.alg !== alg), { alg, set }] };
}
