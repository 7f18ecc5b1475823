import assert from "node:assert/strict";
import { test } from "node:test";
import { type KeysFrame, newReadLists, TextTable } from "@hallpass/protocol";
import { KeySet } from "./key-set.ts";
import { Knowledge } from "./knowledge.ts";
import { Memory } from "./memory.ts";
import { newCounters } from "./metrics.ts";
import { platformCrypto } from "./platform-crypto.ts";
import { newKey, signJws } from "./testing/test-issuer.ts";
import { hashCode } from "./token-keys.ts";
import { readToken } from "./token-reader.ts";

const [first, second] = [await newKey(), await newKey()];
const frame = (version: number, ...keys: (typeof first)[]): KeysFrame => ({
  type: "keys",
  version,
  keys: keys.map(({ wire }) => wire),
});

test("an older set than the one held is not applied, unless it opens a connection [K-08] [LEASE-7]", () => {
  const keys = new KeySet();
  assert.equal(keys.replace(frame(2, second), true), "applied");
  assert.equal(keys.replace(frame(1, first), false), "went_back");
  assert.deepEqual([keys.version, keys.find(first.wire.kid)], [2, undefined]);
  assert.equal(keys.replace(frame(1, first), true), "went_back");
  assert.deepEqual([keys.version, keys.find(second.wire.kid)], [1, undefined]);
});

test("unknown members of a key are ignored, and a key of no use here spoils no other [JWKS-4]", async () => {
  const { kid, jwk } = first.wire;
  const more = { ...jwk, kid, x5t: "AAAA", key_ops: ["verify"], "https://example.com/note": { of: "later" } };
  const useless = [{ kty: "OKP", crv: "Ed448", x: "AA" }, { kty: "RSA" }, { ...jwk, alg: "ES512" }, {}];
  const wire = [
    ...useless.map((other, index) => ({ kid: `other-${index}`, state: "active" as const, jwk: other })),
    { ...first.wire, jwk: more },
  ];
  const keys = new KeySet();
  assert.equal(keys.replace({ type: "keys", version: 1, keys: wire }, true), "applied");
  const crypto = platformCrypto();
  assert.notEqual(await keys.find(kid)?.open(crypto), undefined);
  for (const index of useless.keys()) assert.equal(await keys.find(`other-${index}`)?.open(crypto), undefined);
});

test("a key that stays is the same object, one that left and came back is another", () => {
  const keys = new KeySet();
  keys.replace(frame(1, first), true);
  const key = keys.find(first.wire.kid);
  assert.ok(key !== undefined);
  keys.replace(frame(2, first, second), false);
  assert.equal(keys.trusts(key), true);
  keys.replace(frame(3, second), false);
  keys.replace(frame(4, first, second), false);
  assert.equal(keys.trusts(key), false);
});

test("a salt that changes while a hash is waited for is noticed, and hashed again [NOT-2]", async () => {
  const sync = platformCrypto();
  const knowledge = new Knowledge(() => undefined);
  const welcome = (salt: string): void => {
    knowledge.welcome({
      type: "welcome",
      feed: 1,
      issuer: "https://auth.example",
      tenant: "t",
      node: "n",
      salt,
      skew_s: 5,
      max_lifetime_s: 600,
      token_expires_ms: 1,
      resumed: false,
    });
  };
  welcome("AAAAAAAAAAAAAAAAAAAAAA");
  knowledge.applyKeys(frame(1, first), true);
  let hashes = 0;
  const crypto = {
    ...sync,
    sha256: async (bytes: Uint8Array): Promise<Uint8Array> => {
      hashes += 1;
      const digest = await sync.sha256(bytes);
      if (hashes === 2) welcome("_____________________w");
      return digest;
    },
  };
  const claims = { iss: "i", sub: "u", aud: "a", client_id: "c", iat: 1, exp: 2, jti: "j", pos: "1.0" };
  const token = await signJws(first.sign, { alg: "ES256", typ: "at+jwt", kid: first.wire.kid }, claims);
  const read = await readToken(
    {
      crypto,
      knowledge,
      memory: new Memory(10),
      counters: newCounters(),
      headers: new TextTable(),
      lists: newReadLists(),
    },
    token,
  );
  assert.ok(typeof read !== "string");
  assert.deepEqual(read.keys.matchable.subjects, [await hashCode(sync, knowledge.salt, "subject", "u")]);
});
