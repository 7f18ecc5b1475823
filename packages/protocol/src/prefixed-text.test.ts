import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatPrefixed, parsePrefixed } from "./prefixed-text.ts";

const PREFIX = "hpr_";
const REPLACEMENTS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ \n\u0000\u0410\uff21";

const secret = fc.uint8Array({ minLength: 16, maxLength: 64 });

test("the bytes come back from what was written for them", () => {
  fc.assert(
    fc.property(secret, (bytes) => {
      assert.deepEqual(parsePrefixed(PREFIX, formatPrefixed(PREFIX, bytes), bytes.length), bytes);
    }),
  );
});

test("a known text stays as it is, so that tokens already given out stay valid", () => {
  const text = formatPrefixed("hps_", Uint8Array.of(0, 1, 2, 3));
  assert.equal(text, "hps_AAECAwF0zKNg");
  assert.deepEqual(parsePrefixed("hps_", text, 4), Uint8Array.of(0, 1, 2, 3));
});

test("every proper prefix and every appended character is refused [J-48]", () => {
  fc.assert(
    fc.property(secret, (bytes) => {
      const text = formatPrefixed(PREFIX, bytes);
      for (let length = 0; length < text.length; length += 1) {
        assert.equal(parsePrefixed(PREFIX, text.slice(0, length), bytes.length), undefined);
      }
      for (const character of REPLACEMENTS)
        assert.equal(parsePrefixed(PREFIX, text + character, bytes.length), undefined);
    }),
    { numRuns: 20 },
  );
});

test("every change of a single character is refused, at every place [J-48]", () => {
  fc.assert(
    fc.property(secret, (bytes) => {
      const text = formatPrefixed(PREFIX, bytes);
      for (let at = 0; at < text.length; at += 1) {
        for (const character of REPLACEMENTS) {
          if (character === text[at]) continue;
          const changed = text.slice(0, at) + character + text.slice(at + 1);
          assert.equal(parsePrefixed(PREFIX, changed, bytes.length), undefined, changed);
        }
      }
    }),
    { numRuns: 20 },
  );
});

test("a text whose case was flipped or folded is refused [J-48]", () => {
  const text = formatPrefixed(
    PREFIX,
    Uint8Array.from({ length: 58 }, (_, index) => index * 37),
  );
  for (const changed of [text.toLowerCase(), text.toUpperCase(), PREFIX.toUpperCase() + text.slice(PREFIX.length)]) {
    assert.equal(parsePrefixed(PREFIX, changed, 58), undefined);
  }
});

test("the bytes of one kind of secret under another kind's prefix are refused [J-48]", () => {
  const text = formatPrefixed("hps_", new Uint8Array(32));
  assert.equal(parsePrefixed("hpc_", `hpc_${text.slice(4)}`, 32), undefined);
  assert.equal(parsePrefixed("hpc_", text, 32), undefined);
});

test("another number of bytes than expected is refused, however well written [J-48]", () => {
  const text = formatPrefixed(PREFIX, new Uint8Array(32));
  for (const length of [0, 31, 33]) assert.equal(parsePrefixed(PREFIX, text, length), undefined);
});
