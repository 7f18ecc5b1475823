// The keys of a client as they are registered over /v1.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { exportJWK } from "jose";
import { keysFor, own, register, stranger } from "../../testing/assertions.ts";
import { scene } from "../../testing/scene.ts";

const rsa = await keysFor("RS256");
const wide = await keysFor("ES384");
const secret = await exportJWK(own.privateKey);

describe("keys are registered with the method that needs them, and nowhere else", () => {
  const rows: readonly [title: string, more: object, code: string][] = [
    ["no keys at all", {}, "client_keys_misplaced"],
    [
      "keys in two places",
      { jwks: { keys: [own.jwk] }, jwks_uri: "https://client.example/jwks" },
      "client_keys_misplaced",
    ],
    [
      "keys for a secret",
      { token_endpoint_auth_method: "client_secret_basic", jwks: { keys: [own.jwk] } },
      "client_keys_misplaced",
    ],
    ["no key in the set", { jwks: { keys: [] } }, "request_invalid"],
    ["nine keys", { jwks: { keys: Array.from({ length: 9 }, () => rsa.jwk) } }, "request_invalid"],
    ["two keys of one name", { jwks: { keys: [own.jwk, stranger.jwk] } }, "request_invalid"],
    ["a private key", { jwks: { keys: [secret] } }, "request_invalid"],
    ["a symmetric key", { jwks: { keys: [{ kty: "oct", k: "AAAA" }] } }, "request_invalid"],
    ["a key for encryption", { jwks: { keys: [{ ...own.jwk, use: "enc" }] } }, "request_invalid"],
    ["a key for another algorithm", { jwks: { keys: [{ ...own.jwk, alg: "RS256" }] } }, "request_invalid"],
    ["a point that is not on its curve", { jwks: { keys: [{ ...own.jwk, y: own.jwk.x }] } }, "request_invalid"],
    ["a curve that nobody asked for", { jwks: { keys: [wide.jwk] } }, "request_invalid"],
    ["a short modulus", { jwks: { keys: [{ ...rsa.jwk, n: String(rsa.jwk.n).slice(0, 171) }] } }, "request_invalid"],
    ["another exponent", { jwks: { keys: [{ ...rsa.jwk, e: "Aw" }] } }, "request_invalid"],
    ["http", { jwks_uri: "http://client.example/jwks" }, "request_invalid"],
    ["a file", { jwks_uri: "file:///etc/passwd" }, "request_invalid"],
    ["credentials in the address", { jwks_uri: "https://a:b@client.example/jwks" }, "request_invalid"],
    ["a fragment", { jwks_uri: "https://client.example/jwks#x" }, "request_invalid"],
    ["an address in a second spelling", { jwks_uri: "https://2130706433/jwks" }, "request_invalid"],
  ];
  for (const [title, more, code] of rows) {
    test(`${title} is refused [CAUTH-7] [CAUTH-12] [E-18]`, async () => {
      const stage = await scene();
      const answer = await register(stage, "signer", more);
      assert.deepEqual([answer.status, answer.json["code"]], [400, code], answer.text);
      assert.deepEqual(stage.facts(), []);
    });
  }

  test("what is shown of them is what was registered, without what nobody asked for [CAUTH-12]", async () => {
    const stage = await scene();
    const keys = [{ ...own.jwk, alg: "ES256", use: "sig", x5c: ["MIIB"] }];
    const { json } = await register(stage, "signer", { jwks: { keys } });
    assert.deepEqual(json["jwks"], { keys: [{ ...own.jwk, alg: "ES256" }] });
    const published = await register(stage, "other", { jwks_uri: "https://client.example/jwks" });
    assert.equal(published.json["jwks_uri"], "https://client.example/jwks");
  });
});
