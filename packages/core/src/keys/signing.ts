// ES256 (RFC 7518 section 3.4): one key, one algorithm. A key is opened once and kept as a KeyObject; opening it for every
// call would cost more than the signature.

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
import { derSignature, rawSignature } from "./der-signature.ts";
import { unreadable } from "./envelope.ts";
import type { Signer, VerificationKey } from "./ring.ts";

/** Makes a private key of the algorithm: PKCS #8 in DER, which whoever asked for it clears. The platform's is `generateKeyOf`; a simulation hands in fixed ones. */
export type NewSigningKey = (alg: SigningAlg) => Uint8Array;

export interface OpenSigningKey {
  /** The RFC 7638 thumbprint. */
  readonly kid: string;
  /** Public members only. */
  readonly jwk: JsonObject;
  readonly signer: Omit<Signer, "signSoon">;
  readonly verifier: VerificationKey;
}

const CURVE = "P-256";

export function generateSigningKey(): Uint8Array {
  return generateKeyPairSync("ec", { namedCurve: CURVE }).privateKey.export({ format: "der", type: "pkcs8" });
}

/** Throws Fault `keys_unreadable` for anything that is no P-256 private key. */
export function openSigningKey(pkcs8: Uint8Array): OpenSigningKey {
  const { privateKey, publicKey } = keyPairOf(pkcs8);
  const { crv, kty, x, y } = publicKey.export({ format: "jwk" });
  if (kty !== "EC" || crv !== CURVE || x === undefined || y === undefined) throw unreadable("no P-256 key");
  const kid = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
  return {
    kid,
    // Written member by member, so that nothing else of an export can ever be published.
    jwk: { kty, crv, x, y, kid, alg: "ES256", use: "sig" },
    signer: { kid, alg: "ES256", sign: (input) => rawSignature(sign("sha256", bytesOf(input), privateKey)) },
    verifier: {
      kid,
      alg: "ES256",
      // OpenSSL refuses r and s outside of 1..n-1.
      verify: (input, signature) =>
        signature.length === 64 && verify("sha256", bytesOf(input), publicKey, derSignature(signature)),
    },
  };
}

function keyPairOf(pkcs8: Uint8Array): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  try {
    const privateKey = createPrivateKey({ key: viewOf(pkcs8), format: "der", type: "pkcs8" });
    return { privateKey, publicKey: createPublicKey(privateKey) };
  } catch {
    // The cause could quote the key.
    throw unreadable("no private key");
  }
}

/** The same bytes and no copy of them, which would stay in memory. */
export function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A signing input is ASCII (RFC 7515). */
function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
