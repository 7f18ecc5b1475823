// The algorithms that sign tokens, by their names in JWA (RFC 7518 section 3.1, RFC 9864 section 2.2). Each key has exactly one.
// `EdDSA`, the older name that does not say which curve, is none of them.

export const SIGNING_ALGS = ["ES256", "RS256", "Ed25519"] as const;

export type SigningAlg = (typeof SIGNING_ALGS)[number];

/** What signs where nobody asks for another: the one that every key set has. */
export const DEFAULT_SIGNING_ALG: SigningAlg = "ES256";

export function isSigningAlg(text: string): text is SigningAlg {
  return (SIGNING_ALGS as readonly string[]).includes(text);
}
