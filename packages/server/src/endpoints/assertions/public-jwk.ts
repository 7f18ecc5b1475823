// A client's public key as it may be registered or published (RFC 7517): one kind for each algorithm, whole, on its curve, nothing private.

import { createPublicKey, type KeyObject } from "node:crypto";
import type { PublicJwk } from "@hallpass/core";
import { decodeBase64url, isJsonObject, type JsonObject, type JsonValue, MAX_KID_LENGTH } from "@hallpass/protocol";
import { isWeakModulus, isWeakPoint } from "./weak-keys.ts";

/** What may sign an assertion. No MACs: a secret that can be shared proves nothing, and ours rest as hashes. */
export type AssertionAlgorithm = "ES256" | "EdDSA" | "Ed25519" | "PS256" | "RS256";

const KIND_OF: Readonly<Record<AssertionAlgorithm, PublicJwk["kty"]>> = {
  ES256: "EC",
  EdDSA: "OKP",
  Ed25519: "OKP",
  PS256: "RSA",
  RS256: "RSA",
};

export const ASSERTION_ALGORITHMS: readonly AssertionAlgorithm[] = Object.keys(KIND_OF) as AssertionAlgorithm[];

const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const KID = new RegExp(`^[\\x21-\\x7e]{1,${MAX_KID_LENGTH}}$`);

/** Bytes of a modulus: 2,048 bits to 4,096, because whoever sends a signature makes us pay for it. */
const MODULUS = { least: 256, most: 512 };

export function isAssertionAlgorithm(alg: string): alg is AssertionAlgorithm {
  return (ASSERTION_ALGORITHMS as readonly string[]).includes(alg);
}

/** Undefined for a key that can't verify an assertion here, or holds what is private. Members that nobody asks for are left out. */
export function parsePublicJwk(value: JsonValue): PublicJwk | undefined {
  if (!isJsonObject(value) || PRIVATE.some((name) => Object.hasOwn(value, name))) return undefined;
  const { kid, alg, use, key_ops: operations } = value;
  if (use !== undefined && use !== "sig") return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) return undefined;
  if (kid !== undefined && !(typeof kid === "string" && KID.test(kid))) return undefined;
  const material = materialOf(value);
  if (material === undefined) return undefined;
  if (alg !== undefined && !(typeof alg === "string" && isAssertionAlgorithm(alg) && KIND_OF[alg] === material.kty))
    return undefined;
  const jwk = { ...material, ...(kid === undefined ? {} : { kid }), ...(alg === undefined ? {} : { alg }) };
  return keyOf(jwk) === undefined ? undefined : jwk;
}

function materialOf({ kty, crv, x, y, n, e }: JsonObject): PublicJwk | undefined {
  if (kty === "EC" && crv === "P-256" && hasBytes(x, 32, 32) && hasBytes(y, 32, 32)) return { kty, crv, x, y };
  if (kty === "OKP" && crv === "Ed25519" && hasBytes(x, 32, 32) && !isWeakPoint(bytesOf(x))) return { kty, crv, x };
  // Any other exponent is a mistake or a trap.
  if (kty === "RSA" && e === "AQAB" && hasBytes(n, MODULUS.least, MODULUS.most) && !isWeakModulus(bytesOf(n)))
    return { kty, n, e };
  return undefined;
}

function hasBytes(text: JsonValue | undefined, least: number, most: number): text is string {
  if (typeof text !== "string" || text.length > most * 2) return false;
  const length = decodeBase64url(text)?.length ?? 0;
  return length >= least && length <= most;
}

function bytesOf(text: string): Uint8Array {
  return decodeBase64url(text) ?? new Uint8Array(0);
}

/** Keys are parsed with every row they stand in, and opened once for it. */
const opened = new WeakMap<PublicJwk, KeyObject>();

/** Undefined for a point that is not on its curve. */
export function keyOf(jwk: PublicJwk): KeyObject | undefined {
  const known = opened.get(jwk);
  if (known !== undefined) return known;
  try {
    const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
    opened.set(jwk, key);
    return key;
  } catch {
    return undefined;
  }
}

/** Those that could have made a signature of this header; with a `kid`, those of that name, or nameless ones if none has it. */
export function candidates(
  jwks: readonly PublicJwk[],
  alg: AssertionAlgorithm,
  kid: string | undefined,
): readonly PublicJwk[] {
  const fitting = jwks.filter((jwk) => jwk.kty === KIND_OF[alg] && (jwk.alg === undefined || isSame(jwk.alg, alg)));
  if (kid === undefined) return fitting;
  const named = fitting.filter((jwk) => jwk.kid === kid);
  return named.length > 0 ? named : fitting.filter((jwk) => jwk.kid === undefined);
}

/** RFC 9864: Ed25519 is the name of what EdDSA means for this curve. */
function isSame(one: string, other: AssertionAlgorithm): boolean {
  const name = (alg: string): string => (alg === "EdDSA" ? "Ed25519" : alg);
  return name(one) === name(other);
}
