// Which key opens as what: one row for each algorithm. ES256 has its own file, because it is on the way of every refresh.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import type { JsonObject, SigningAlg } from "@hallpass/protocol";
import { unreadable } from "./envelope.ts";
import { generateSigningKey, type OpenSigningKey, openSigningKey, viewOf } from "./signing.ts";

/** Bits; RFC 7518 section 3.3 asks for 2048 or more. */
const RSA_BITS = 2048;

interface Algorithm {
  /** A private key, PKCS #8 in DER. */
  readonly generate: () => Uint8Array;
  /** Throws Fault `keys_unreadable` for anything else than a private key of this algorithm. */
  readonly open: (pkcs8: Uint8Array) => OpenSigningKey;
}

const ALGORITHMS: Readonly<Record<SigningAlg, Algorithm>> = {
  ES256: { generate: generateSigningKey, open: openSigningKey },
  RS256: {
    generate: () => generateKeyPairSync("rsa", { modulusLength: RSA_BITS }).privateKey.export(PKCS8),
    open: (pkcs8) => opened("RS256", "sha256", pkcs8, rsaMembers),
  },
  Ed25519: {
    generate: () => generateKeyPairSync("ed25519").privateKey.export(PKCS8),
    // Ed25519 hashes by itself (RFC 8032).
    open: (pkcs8) => opened("Ed25519", null, pkcs8, okpMembers),
  },
};

const PKCS8 = { format: "der", type: "pkcs8" } as const;

export function generateKeyOf(alg: SigningAlg): Uint8Array {
  return ALGORITHMS[alg].generate();
}

export function openKeyOf(alg: SigningAlg, pkcs8: Uint8Array): OpenSigningKey {
  return ALGORITHMS[alg].open(pkcs8);
}

function opened(
  alg: SigningAlg,
  digest: "sha256" | null,
  pkcs8: Uint8Array,
  membersOf: (publicKey: KeyObject) => Readonly<Record<string, string>> | undefined,
): OpenSigningKey {
  const privateKey = privateKeyOf(pkcs8);
  const publicKey = createPublicKey(privateKey);
  // In the order of RFC 7638 section 3.2, and nothing else of an export: what stands here is published.
  const members = membersOf(publicKey);
  if (members === undefined) throw unreadable(`no private key for ${alg}`);
  const kid = createHash("sha256").update(JSON.stringify(members)).digest("base64url");
  const jwk: JsonObject = { ...members, kid, alg, use: "sig" };
  return {
    kid,
    jwk,
    signer: { kid, alg, sign: (input) => new Uint8Array(sign(digest, Buffer.from(input), privateKey)) },
    verifier: { kid, alg, verify: (input, signature) => verify(digest, Buffer.from(input), publicKey, signature) },
  };
}

function privateKeyOf(pkcs8: Uint8Array): KeyObject {
  try {
    return createPrivateKey({ key: viewOf(pkcs8), format: "der", type: "pkcs8" });
  } catch {
    // The cause could quote the key.
    throw unreadable("no private key");
  }
}

function rsaMembers(publicKey: KeyObject): Readonly<Record<string, string>> | undefined {
  const { e, kty, n } = publicKey.export({ format: "jwk" });
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  return kty === "RSA" && e !== undefined && n !== undefined && bits >= RSA_BITS ? { e, kty, n } : undefined;
}

function okpMembers(publicKey: KeyObject): Readonly<Record<string, string>> | undefined {
  const { crv, kty, x } = publicKey.export({ format: "jwk" });
  return kty === "OKP" && crv === "Ed25519" && x !== undefined ? { crv, kty, x } : undefined;
}
