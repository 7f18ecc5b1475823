// The public keys by which a client authenticates with private_key_jwt: written down with it, or published by it.

/** The members of RFC 7517 and 7518 that a public key can have here; a private one is never let in. */
export interface PublicJwk {
  readonly kty: "EC" | "RSA" | "OKP";
  readonly kid?: string;
  readonly alg?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

export type ClientKeys =
  | { readonly kind: "registered"; readonly jwks: readonly PublicJwk[] }
  /** An https address that shows a JWK Set. */
  | { readonly kind: "published"; readonly uri: string };

export const MAX_CLIENT_KEYS = 8;

export function sameKeys(one: ClientKeys | undefined, other: ClientKeys): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}
