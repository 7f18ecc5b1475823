import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { describe, it } from "node:test";
import { encodeBase64url } from "@hallpass/protocol";
import { CompactSign, calculateJwkThumbprint, compactVerify, importJWK, type JWK } from "jose";
import { Fault } from "../kernel/fault.ts";
import { derSignature, rawSignature } from "./der-signature.ts";
import { generateSigningKey, openSigningKey } from "./signing.ts";

const pkcs8 = generateSigningKey();
const key = openSigningKey(pkcs8);
const jwk = key.jwk as JWK;
const HEADER = encodeBase64url(new TextEncoder().encode('{"alg":"ES256"}'));
const ORDER = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");

describe("a signing key", () => {
  it("has the RFC 7638 thumbprint as its kid [AT-1] [K-08]", async () => {
    assert.equal(key.kid, await calculateJwkThumbprint(jwk, "sha256"));
    assert.equal(key.jwk["kid"], key.kid);
  });

  it("signs what others verify [AT-1]", async () => {
    const publicKey = await importJWK(jwk, "ES256");
    for (let count = 0; count < 300; count += 1) {
      const input = `${HEADER}.${encodeBase64url(Buffer.from(String(count)))}`;
      const signature = key.signer.sign(input);
      assert.equal(signature.length, 64);
      await compactVerify(`${input}.${encodeBase64url(signature)}`, publicKey);
    }
  });

  it("verifies what others sign", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const other = openSigningKey(privateKey.export({ format: "der", type: "pkcs8" }));
    for (let count = 0; count < 300; count += 1) {
      const payload = Buffer.from(String(count));
      const jws = await new CompactSign(payload).setProtectedHeader({ alg: "ES256" }).sign(privateKey);
      const end = jws.lastIndexOf(".");
      assert.ok(other.verifier.verify(jws.slice(0, end), Buffer.from(jws.slice(end + 1), "base64url")));
    }
  });

  it("verifies nothing else: another input, another key, another length, r or s out of 1..n-1 [AT-V4]", () => {
    const signature = key.signer.sign("input");
    const other = openSigningKey(generateSigningKey());
    assert.ok(key.verifier.verify("input", signature));
    assert.ok(!key.verifier.verify("Input", signature));
    assert.ok(!other.verifier.verify("input", signature));
    for (const length of [0, 63, 65, 72]) assert.ok(!key.verifier.verify("input", new Uint8Array(length).fill(1)));
    const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
    const zero = new Uint8Array(32);
    const most = new Uint8Array(32).fill(255);
    for (const [left, right] of [
      [zero, s],
      [r, zero],
      [zero, zero],
      [ORDER, s],
      [r, ORDER],
      [most, most],
    ] as const) {
      assert.ok(!key.verifier.verify("input", Buffer.concat([left, right])));
    }
    assert.ok(!key.verifier.verify("input", Buffer.concat([r, Uint8Array.of(0), s])), "the same numbers, longer");
    const der = derSignature(signature);
    assert.ok(!key.verifier.verify("input", der));
  });

  it("publishes public members, kid, use and alg, and nothing else [JWKS-1] [JWKS-2] [K-13]", () => {
    assert.deepEqual(Object.keys(key.jwk).toSorted(), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert.deepEqual([key.jwk["kty"], key.jwk["crv"], key.jwk["use"]], ["EC", "P-256", "sig"]);
  });

  it("has exactly one algorithm [JWKS-3]", () => {
    assert.deepEqual([key.jwk["alg"], key.signer.alg, key.verifier.alg], ["ES256", "ES256", "ES256"]);
  });

  it("is no key of another curve, no other kind of key, no other bytes", () => {
    const others = [
      generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey.export({ format: "der", type: "pkcs8" }),
      generateKeyPairSync("ed25519").privateKey.export({ format: "der", type: "pkcs8" }),
      new Uint8Array(0),
      pkcs8.subarray(0, pkcs8.length - 1),
    ];
    for (const bytes of others) {
      assert.throws(
        () => openSigningKey(bytes),
        (error: unknown) => error instanceof Fault && error.code === "keys_unreadable",
      );
    }
  });
});

describe("a signature", () => {
  it("is the same number in both forms, however many leading zeros r and s have", () => {
    const digits = [1, 0x7f, 0x80, 0xff].flatMap((lead) =>
      [0, 1, 30, 31].map((zeros) =>
        Uint8Array.from({ length: 32 }, (_, at) => (at < zeros ? 0 : at === zeros ? lead : 5)),
      ),
    );
    for (const r of digits) {
      for (const s of digits) {
        const raw = Buffer.concat([r, s]);
        assert.deepEqual(Buffer.from(rawSignature(derSignature(raw))), raw);
      }
    }
  });

  it("has the DER form that OpenSSL reads", () => {
    const publicKey = createPublicKey({ key: jwk, format: "jwk" });
    for (let count = 0; count < 300; count += 1) {
      const input = `message ${count}`;
      assert.ok(verify("sha256", Buffer.from(input), publicKey, derSignature(key.signer.sign(input))));
    }
  });
});
