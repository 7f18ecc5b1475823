import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBase64url, parseAccessTokenClaims } from "@hallpass/protocol";
import { platformCrypto } from "./platform-crypto.ts";
import type { Crypto } from "./ports.ts";
import { codeWord, hashCode, jtiWords, KeyMaker, readCode, readUuid, type TokenKeys } from "./token-keys.ts";

const salt = new Uint8Array(16).fill(7);
const sid = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";

function counting() {
  let hashes = 0;
  const crypto: Crypto = platformCrypto();
  const counted: Crypto = { ...crypto, sha256: (bytes) => ((hashes += 1), crypto.sha256(bytes)) };
  const maker = new KeyMaker(counted, salt);
  const keysOf = (given: object): TokenKeys => {
    const said = { iss: "i", sub: "u", aud: "a", client_id: "c", iat: 0, exp: 600, jti: "odd", pos: "1.5", ...given };
    const claims = parseAccessTokenClaims(said);
    const keys = claims === undefined ? undefined : maker.keysOf(claims);
    assert.ok(keys !== undefined && !(keys instanceof Promise));
    return keys;
  };
  return { keysOf, hashes: () => hashes };
}

test("a client is hashed once for all of its tokens, and a subject for each [NOT-2]", () => {
  const { keysOf, hashes } = counting();
  for (let n = 0; n < 10; n += 1) keysOf({});
  assert.equal(hashes(), 1 + 10);
});

test("256 clients are remembered, and one more begins the list anew", () => {
  const { keysOf, hashes } = counting();
  const before = (): number => hashes();
  for (let n = 0; n < 256; n += 1) keysOf({ client_id: `c${n}` });
  const full = before();
  keysOf({ client_id: "c0" });
  assert.equal(hashes(), full + 1, "only its subject");
  keysOf({ client_id: "c256" });
  keysOf({ client_id: "c256" });
  assert.equal(hashes(), full + 1 + 2 + 1);
  keysOf({ client_id: "c0" });
  assert.equal(hashes(), full + 4 + 2);
});

test("a token without session or family has words of zero for them, whatever stood there before", () => {
  const { keysOf } = counting();
  const without = keysOf({});
  assert.deepEqual(
    [without.hasSid, without.fam, [...without.words.subarray(without.sidAt, without.jtiAt)]],
    [false, 0, [0, 0, 0, 0]],
  );
  const withBoth = keysOf({ sid, fam: "AAECAw" });
  assert.deepEqual([withBoth.hasSid, withBoth.fam], [true, 0x00010203]);
});

test("a token with more subjects and ancestors than a sheet has room for has a sheet of its own", () => {
  const { keysOf } = counting();
  const anc = Array.from({ length: 8 }, (_, n) => sid.replace(/..$/, (n + 32).toString(16)));
  const keys = Array.from({ length: 40 }, () => keysOf({ sid, fam: "AAECAw", anc }));
  for (const one of keys) {
    assert.deepEqual(one.matchable.anc, anc);
    assert.equal(one.fam, 0x00010203);
    assert.ok(one.ancEnd < one.words.length);
  }
  const sheets = new Set(keys.map(({ words }) => words));
  assert.ok(sheets.size > 1 && sheets.size < 5, `${sheets.size} sheets`);
});

test("the words of a UUID are its digits, and stand where they are asked for and nowhere else", () => {
  const words = new Uint32Array(6).fill(0xffffffff);
  assert.equal(readUuid("01234567-89ab-cdef-0123-456789abcdef", words, 1), 5);
  assert.deepEqual([...words], [0xffffffff, 0x01234567, 0x89abcdef, 0x01234567, 0x89abcdef, 0xffffffff]);
  assert.equal(readUuid("99999999-aaaa-ffff-0000-999999999999", words, 0), 4);
  assert.deepEqual([...words.subarray(0, 4)], [0x99999999, 0xaaaaffff, 0x00009999, 0x99999999]);
});

test("a jti is four words only where it is base64url of 16 bytes, and nothing is written for any other [AT-7]", () => {
  const words = new Uint32Array(6).fill(9);
  for (const jti of [
    "",
    "order-81",
    encodeBase64url(new Uint8Array(15)),
    encodeBase64url(new Uint8Array(17)),
    `${"A".repeat(21)}=`,
  ])
    assert.equal(jtiWords(jti, words, 1), false, jti);
  assert.deepEqual([...words], [9, 9, 9, 9, 9, 9]);
  assert.equal(jtiWords(encodeBase64url(Uint8Array.from({ length: 16 }, (_, n) => n)), words, 1), true);
  assert.deepEqual([...words], [9, 0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f, 9]);
  assert.throws(() => readCode("order-81", words, 0), TypeError);
});

test("the word of a family is its four bytes, and nothing for a text that is no family", () => {
  assert.equal(codeWord("AAECAw"), 0x00010203);
  assert.equal(codeWord("_____w"), 0xffffffff);
  assert.equal(codeWord("!"), 0);
});

test("texts of one length after each other leave nothing in one another's hash [NOT-2]", async () => {
  const crypto = platformCrypto();
  const maker = new KeyMaker(crypto, salt);
  for (const sub of ["abc", "a\u00e9", "xyz", "\u00e9\u00e9\u00e9", "abc", "\u007f\u0080a"]) {
    const claims = parseAccessTokenClaims({
      iss: "i",
      sub,
      aud: "a",
      client_id: "c",
      iat: 0,
      exp: 1,
      jti: "j",
      pos: "1.0",
    });
    const keys = claims === undefined ? undefined : await maker.keysOf(claims);
    const expected = await globalThis.crypto.subtle.digest(
      "SHA-256",
      Uint8Array.of(...salt, ...new TextEncoder().encode(`subject\0${sub}`)),
    );
    assert.deepEqual(keys?.matchable.subjects, [encodeBase64url(new Uint8Array(expected).subarray(0, 16))], sub);
    assert.equal(keys?.matchable.subjects[0], await hashCode(crypto, salt, "subject", sub));
  }
});
