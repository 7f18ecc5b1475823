import assert from "node:assert/strict";
import { test } from "node:test";
import { platformCrypto, synchronousCrypto, webCrypto } from "./platform-crypto.ts";
import type { PublicJwk } from "./ports.ts";

const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
assert.ok("publicKey" in pair);
const { x = "" } = await crypto.subtle.exportKey("jwk", pair.publicKey);
const jwk: PublicJwk = { crv: "Ed25519", kty: "OKP", x };

test("a fault in checking a signature is no yes: the token is refused [J-16]", async () => {
  const throwing = (): never => {
    throw new Error("a fault");
  };
  const node = synchronousCrypto({ createPublicKey: throwing, verify: throwing, hash: throwing });
  const key = await webCrypto().importKey(jwk);
  assert.equal(node.verifyEs256(key, "a.b", new Uint8Array(64)), false);
  assert.equal(node.verifyOther("Ed25519", key, "a.b", new Uint8Array(64)), false);
  // A key of another algorithm is a fault to WebCrypto.
  assert.equal(await webCrypto().verifyEs256(key, "a.b", new Uint8Array(64)), false);
  assert.equal(await webCrypto().verifyOther("RS256", key, "a.b", new Uint8Array(64)), false);
});

test("a key of the issuer's is for verifying, and leaves the process no more", async () => {
  const key = (await webCrypto().importKey(jwk)) as CryptoKey;
  assert.deepEqual([key.extractable, key.usages], [false, ["verify"]]);
});

test("a platform without node:crypto is asked for what every platform has, and keeps to what it was when it was loaded", async (t) => {
  const node = Object.getOwnPropertyDescriptor(globalThis, "process") ?? assert.fail();
  const restore = (): boolean => Reflect.defineProperty(globalThis, "process", node);
  t.after(restore);
  const bytes = Uint8Array.of(1, 2, 3);
  const expected = await webCrypto().sha256(bytes);
  for (const process of [undefined, {}, { getBuiltinModule: () => undefined }]) {
    const chosen = platformCrypto();
    Object.defineProperty(globalThis, "process", { value: process, configurable: true });
    chosen.load?.();
    restore();
    const digest = chosen.sha256(bytes);
    assert.ok(digest instanceof Promise);
    assert.deepEqual(await digest, expected);
  }
  assert.deepEqual(platformCrypto().sha256(bytes), expected);
});
