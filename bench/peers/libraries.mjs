// Libraries that are measured in the process of the measurement, at their fastest settings; their types, for where they are not installed,
// stand in libraries.d.mts.

import { createPrivateKey, createPublicKey } from "node:crypto";
import { createSigner, createVerifier } from "fast-jwt";
import { importPKCS8, importSPKI, jwtVerify, SignJWT } from "jose";
import jsonwebtoken from "jsonwebtoken";

export function fastJwtVerifier({ publicKey, issuer, audience, cache }) {
  return createVerifier({ key: publicKey, algorithms: ["ES256"], allowedIss: issuer, allowedAud: audience, cache });
}

export async function joseVerifier({ publicKey, issuer, audience }) {
  const key = await importSPKI(publicKey, "ES256");
  return async (token) => (await jwtVerify(token, key, { issuer, audience, algorithms: ["ES256"] })).payload;
}

export function jsonwebtokenVerifier({ publicKey, issuer, audience }) {
  const key = createPublicKey(publicKey);
  return (token) => jsonwebtoken.verify(token, key, { issuer, audience, algorithms: ["ES256"] });
}

export function fastJwtSigner(privateKey) {
  return createSigner({ key: privateKey, algorithm: "ES256", noTimestamp: true });
}

export async function joseSigner(privateKey) {
  const key = await importPKCS8(privateKey, "ES256");
  return (claims) => new SignJWT(claims).setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "k1" }).sign(key);
}

export function jsonwebtokenSigner(privateKey) {
  const key = createPrivateKey(privateKey);
  return (claims) => jsonwebtoken.sign(claims, key, { algorithm: "ES256", noTimestamp: true });
}
