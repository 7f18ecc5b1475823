// A public key of the issuer's set as this verifier reads it: one row for each algorithm that it can verify. Anything else, and
// every second spelling, is no key (JWKS-4), and every token that names it is refused.

import { decodeBase64url, isSigningAlg, type JsonObject, type SigningAlg } from "@hallpass/protocol";
import type { PublicJwk } from "./ports.ts";

export interface ReadJwk {
  readonly alg: SigningAlg;
  readonly jwk: PublicJwk;
  /** What the thumbprint is of: the required members in the order of RFC 7638 section 3.2. */
  readonly written: string;
}

/** The algorithm is the key's: the header of a token only has to agree with it (AT-1). */
export function readJwk(jwk: JsonObject): ReadJwk | undefined {
  const { alg, use } = jwk;
  if (typeof alg !== "string" || !isSigningAlg(alg) || (use !== undefined && use !== "sig") || "d" in jwk)
    return undefined;
  const read = READERS[alg](jwk);
  return read === undefined ? undefined : { alg, jwk: read, written: JSON.stringify(read) };
}

const READERS: Readonly<Record<SigningAlg, (jwk: JsonObject) => PublicJwk | undefined>> = {
  ES256: ({ crv, kty, x, y }) =>
    kty === "EC" && crv === "P-256" && isBytes(x, 32) && isBytes(y, 32) ? { crv, kty, x, y } : undefined,
  // Only the exponent that everybody uses: others are slow to verify, or weak.
  RS256: ({ e, kty, n }) => (kty === "RSA" && e === "AQAB" && isModulus(n) ? { e, kty, n } : undefined),
  // RFC 8037: a key on Ed448 has the same kty.
  Ed25519: ({ crv, kty, x }) => (kty === "OKP" && crv === "Ed25519" && isBytes(x, 32) ? { crv, kty, x } : undefined),
};

function isBytes(text: unknown, length: number): text is string {
  return typeof text === "string" && decodeBase64url(text)?.length === length;
}

/** 2,048 to 4,096 bits (RFC 7518 section 3.3), without leading zeros (section 6.3.1.1). */
function isModulus(text: unknown): text is string {
  const bytes = typeof text === "string" ? decodeBase64url(text) : undefined;
  return bytes !== undefined && bytes.length >= 256 && bytes.length <= 512 && (bytes[0] ?? 0) >= 0x80;
}
