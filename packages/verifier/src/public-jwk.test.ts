import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBase64url, type JsonObject } from "@hallpass/protocol";
import { readJwk } from "./public-jwk.ts";

const text = (length: number, first = 0x80): string =>
  encodeBase64url(Uint8Array.from({ length }, (_, index) => (index === 0 ? first : 7)));

const KEYS = {
  ES256: { crv: "P-256", kty: "EC", x: text(32), y: text(32, 1) },
  RS256: { e: "AQAB", kty: "RSA", n: text(256) },
  Ed25519: { crv: "Ed25519", kty: "OKP", x: text(32) },
} as const;

for (const [alg, key] of Object.entries(KEYS)) {
  test(`a key of ${alg} is read with its required members alone, in the order of a thumbprint [JWKS-4] [AT-1]`, () => {
    const read = readJwk({ ...key, alg, use: "sig", kid: "k", key_ops: ["verify"] });
    assert.deepEqual(read, { alg, jwk: key, written: JSON.stringify(key) });
    assert.deepEqual(readJwk({ ...key, alg }), read, "the use may be left out");
  });

  test(`a key of ${alg} that lacks a member, has another one or says another use is none [JWKS-4]`, () => {
    const refused: JsonObject[] = [
      { ...key },
      { ...key, alg: "none" },
      { ...key, alg: 7 },
      { ...key, alg, use: "enc" },
      { ...key, alg, use: null },
      { ...key, alg, d: text(32) },
      ...Object.keys(KEYS).flatMap((other) => (other === alg ? [] : [{ ...key, alg: other }])),
    ];
    for (const name of Object.keys(key)) {
      for (const value of [undefined, null, 7, "", "x", text(31), text(33), `${text(32)}=`, "AQAC"])
        refused.push({ ...key, alg, [name]: value });
    }
    for (const one of refused) assert.equal(readJwk(one), undefined, JSON.stringify(one));
  });
}

test("a modulus has 2,048 to 4,096 bits and no leading zero [JWKS-4]", () => {
  const reads = (n: string): boolean => readJwk({ ...KEYS.RS256, alg: "RS256", n }) !== undefined;
  assert.deepEqual(
    [255, 256, 512, 513].map((length) => reads(text(length))),
    [false, true, true, false],
  );
  assert.deepEqual(
    [0, 0x7f, 0x80, 0xff].map((first) => reads(text(256, first))),
    [false, false, true, true],
  );
});
