// Whether a receipt says what the issuer signed: the JWS is by a key of its JWKS, over the same object.

import type { webcrypto } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { decodeBase64url, RECEIPT_TYPE, type SignedReceipt } from "@hallpass/protocol";

interface Jwks {
  readonly keys: readonly (webcrypto.JsonWebKey & { readonly kid: string })[];
}

export async function isSigned(receipt: SignedReceipt, issuer: string): Promise<boolean> {
  const { jws, ...said } = receipt;
  const [header = "", payload = "", signature = ""] = jws.split(".");
  const { kid, typ, alg } = fromJson(header);
  const { keys } = (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as Jwks;
  const jwk = keys.find((one) => one.kid === kid);
  if (jwk === undefined || typ !== RECEIPT_TYPE || alg !== "ES256") return false;
  const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  const signed = Buffer.from(`${header}.${payload}`);
  const fits = await crypto.subtle.verify(
    { name: "ECDSA", hash: "SHA-256" },
    key,
    Buffer.from(bytesOf(signature)),
    signed,
  );
  return fits && isDeepStrictEqual(fromJson(payload), said);
}

function fromJson(part: string): Readonly<Record<string, unknown>> {
  return JSON.parse(new TextDecoder().decode(bytesOf(part))) as Readonly<Record<string, unknown>>;
}

function bytesOf(part: string): Uint8Array {
  return decodeBase64url(part) ?? new Uint8Array(0);
}
