// Keys of each algorithm against another implementation (jose), both ways.

import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { encodeBase64url, SIGNING_ALGS } from "@hallpass/protocol";
import { CompactSign, calculateJwkThumbprint, compactVerify, importJWK } from "jose";
import { Fault } from "../kernel/fault.ts";
import { generateKeyOf, openKeyOf } from "./open-key.ts";

const text = (value: string): string => encodeBase64url(new TextEncoder().encode(value));

for (const alg of SIGNING_ALGS) {
  describe(`a key of ${alg}`, () => {
    const pkcs8 = generateKeyOf(alg);
    const key = openKeyOf(alg, pkcs8);

    it("signs what jose verifies under the published key, and is named by its thumbprint [KEY-8] [JWKS-2]", async () => {
      const input = `${text(JSON.stringify({ alg }))}.${text("payload")}`;
      const jws = `${input}.${encodeBase64url(key.signer.sign(input))}`;
      const { payload } = await compactVerify(jws, await importJWK(key.jwk, alg), { algorithms: [alg] });
      assert.equal(new TextDecoder().decode(payload), "payload");
      assert.equal(await calculateJwkThumbprint(key.jwk), key.kid);
      assert.deepEqual([key.jwk["kid"], key.jwk["alg"], key.jwk["use"]], [key.kid, alg, "sig"]);
    });

    it("verifies what jose signs, and nothing that is changed or cut short [KEY-8]", async () => {
      const key8 = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
      const jws = await new CompactSign(new TextEncoder().encode("payload")).setProtectedHeader({ alg }).sign(key8);
      const [header = "", payload = "", signature = ""] = jws.split(".");
      const bytes = Buffer.from(signature, "base64url");
      assert.ok(key.verifier.verify(`${header}.${payload}`, bytes));
      assert.ok(!key.verifier.verify(`${header}.${payload}A`, bytes));
      assert.ok(!key.verifier.verify(`${header}.${payload}`, bytes.subarray(0, -1)));
      assert.ok(!key.verifier.verify(`${header}.${payload}`, new Uint8Array(0)));
    });

    it("opens as no other algorithm [JWKS-3] [K-12]", () => {
      for (const other of SIGNING_ALGS.filter((one) => one !== alg)) {
        assert.throws(() => openKeyOf(other, pkcs8), isUnreadable, other);
      }
      assert.throws(() => openKeyOf(alg, pkcs8.subarray(0, 20)), isUnreadable);
    });
  });
}

describe("a key that is too weak", () => {
  it("is none: RSA below 2,048 bits, Ed448 [JWKS-9] [ALG-3]", () => {
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
    const other = generateKeyPairSync("ed448").privateKey;
    for (const [alg, key] of [
      ["RS256", weak],
      ["Ed25519", other],
    ] as const) {
      assert.throws(() => openKeyOf(alg, key.export({ format: "der", type: "pkcs8" })), isUnreadable);
    }
  });
});

function isUnreadable(error: unknown): boolean {
  return error instanceof Fault && error.code === "keys_unreadable";
}
