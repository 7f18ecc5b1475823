// Keys that look like keys.

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import { parsePublicJwk } from "./public-jwk.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" });
const okp = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
const other = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey.export({ format: "jwk" });

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const bytesOf = (text: unknown): Buffer => Buffer.from(String(text), "base64url");
const numbered = (value: bigint, length: number): string =>
  b64(Buffer.from(value.toString(16).padStart(length * 2, "0"), "hex"));
const modulus = BigInt(`0x${bytesOf(rsa.n).toString("hex")}`);
const FIELD = 2n ** 255n - 19n;
const point = (y: bigint, sign = 0): string => {
  const bytes = Buffer.from(Buffer.from(y.toString(16).padStart(64, "0"), "hex").toReversed());
  bytes.writeUInt8((bytes[31] ?? 0) | sign, 31);
  return b64(bytes);
};
/** Every factor a power of 65537 modulo each of the primes, as that library made them: 65537 to some power, modulo all of them. */
const PRIMORIAL = [11n, 13n, 17n, 19n, 37n, 53n, 61n, 71n, 73n, 79n, 97n, 103n, 107n, 109n, 127n, 151n, 157n].reduce(
  (product, prime) => product * prime,
);
const ofRoca = (): bigint => {
  const rest = 65_537n ** 5n % PRIMORIAL;
  for (let times = 2n ** 2047n / PRIMORIAL + 1n; ; times += 1n) {
    const candidate = times * PRIMORIAL + rest;
    if ([2n, 3n, 5n, 7n, 23n, 29n, 31n, 41n, 43n, 47n].every((prime) => candidate % prime !== 0n)) return candidate;
  }
};
const ORDER_8 = 0x5fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;

describe("a key that protects nothing is no key [J-18] [CAUTH-12]", () => {
  const rows: readonly [title: string, jwk: object][] = [
    [
      "a modulus with zeros in front",
      { ...rsa, n: b64(Buffer.concat([Buffer.alloc(192), bytesOf(rsa.n).subarray(192)])) },
    ],
    ["a modulus of one zero in front", { ...rsa, n: b64(Buffer.concat([Buffer.alloc(1), bytesOf(rsa.n)])) }],
    ["an even modulus", { ...rsa, n: numbered(modulus - 1n, 256) }],
    ["a modulus with a small factor", { ...rsa, n: numbered(modulus - (modulus % 47n), 256) }],
    ["a modulus of 1024 bits", { ...rsa, n: b64(bytesOf(rsa.n).subarray(128)) }],
    ["a modulus of 4104 bits", { ...rsa, n: b64(Buffer.alloc(513, 0xff)) }],
    ["a modulus of the broken library", { ...rsa, n: numbered(ofRoca(), 256) }],
    ...["", "AQ", "Aw", "AQAA", "AAEAAQ"].map((e): [string, object] => [`the exponent "${e}"`, { ...rsa, e }]),
    ["the point 0", { ...okp, x: point(0n) }],
    ["the point 0 with its sign", { ...okp, x: point(0n, 0x80) }],
    ["the identity", { ...okp, x: point(1n) }],
    ["the identity with a sign", { ...okp, x: point(1n, 0x80) }],
    ["the point of order 2", { ...okp, x: point(FIELD - 1n) }],
    ["a point of order 8", { ...okp, x: point(ORDER_8) }],
    ["its twin", { ...okp, x: point(ORDER_8, 0x80) }],
    ["the other y of order 8", { ...okp, x: point(FIELD - ORDER_8) }],
    ["a second spelling of 0", { ...okp, x: point(FIELD) }],
    ["a second spelling of 1", { ...okp, x: point(FIELD + 1n) }],
    ["31 bytes", { ...okp, x: b64(bytesOf(okp.x).subarray(1)) }],
    ["33 bytes", { ...okp, x: b64(Buffer.concat([bytesOf(okp.x), Buffer.alloc(1)])) }],
    ["X25519", { ...okp, crv: "X25519" }],
    ["a point off its curve", { ...ec, y: ec.x }],
    ["an x beyond the field", { ...ec, x: b64(Buffer.alloc(32, 0xff)) }],
    ["P-384 under the name of P-256", { ...other, crv: "P-256" }],
    ["P-256 under the name of P-384", { ...ec, crv: "P-384" }],
    ["coordinates with a zero in front", { ...ec, x: b64(Buffer.concat([Buffer.alloc(1), bytesOf(ec.x)])) }],
    ["the point at infinity", { ...ec, x: b64(Buffer.alloc(32)), y: b64(Buffer.alloc(32)) }],
    ["a symmetric key", { kty: "oct", k: "AAAA" }],
    ...["d", "p", "q", "dp", "dq", "qi", "oth", "k"].map((name): [string, object] => [
      `a member that is private: ${name}`,
      { ...ec, [name]: "AAAA" },
    ]),
  ];
  for (const [title, jwk] of rows)
    test(`${title} [J-18]`, () => assert.equal(parsePublicJwk(JSON.parse(JSON.stringify(jwk))), undefined));

  for (const [title, jwk] of [
    ["RSA", rsa],
    ["Ed25519", okp],
    ["P-256", ec],
  ] as const)
    test(`and one of ${title} that is one is taken`, () =>
      assert.notEqual(parsePublicJwk(JSON.parse(JSON.stringify(jwk))), undefined));
});
