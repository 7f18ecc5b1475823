import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesToUuid, isUuid, uuidToBytes, uuidv7 } from "./uuid.ts";

const random = Uint8Array.of(0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f);

test("the example of RFC 9562 appendix A.6 is written as it stands there", () => {
  assert.equal(uuidv7(0x017f22e279b0, random), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
});

test("any time and any random bytes give a version 7 UUID that keeps the time and 74 of the 80 bits", () => {
  const tenBytes = fc.uint8Array({ minLength: 10, maxLength: 10 });
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 48 - 1 }), tenBytes, (unixMs, dice) => {
      const text = uuidv7(unixMs, dice);
      assert.match(text, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.equal(Number.parseInt(text.slice(0, 8) + text.slice(9, 13), 16), unixMs);
      const kept = Uint8Array.from(dice);
      kept[0] = 0x70 | ((dice[0] ?? 0) & 0x0f);
      kept[2] = 0x80 | ((dice[2] ?? 0) & 0x3f);
      assert.deepEqual(uuidToBytes(text)?.subarray(6), kept);
    }),
  );
});

test("a later millisecond sorts after an earlier one", () => {
  const last = new Uint8Array(10).fill(0xff);
  const first = new Uint8Array(10);
  for (const unixMs of [0, 2 ** 32 - 1, 1_790_000_000_000]) assert.ok(uuidv7(unixMs, last) < uuidv7(unixMs + 1, first));
});

test("a time or a length that no UUID has is the caller's defect and throws", () => {
  for (const unixMs of [-1, 0.5, Number.NaN, 2 ** 48, Infinity])
    assert.throws(() => uuidv7(unixMs, random), RangeError);
  assert.match(uuidv7(2 ** 48 - 1, random), /^ffffffff-ffff-7/);
  for (const length of [0, 9, 11]) assert.throws(() => uuidv7(0, new Uint8Array(length)), RangeError);
  for (const length of [0, 15, 17]) assert.throws(() => bytesToUuid(new Uint8Array(length)), RangeError);
});

test("any sixteen bytes come back from their text", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      assert.deepEqual(uuidToBytes(bytesToUuid(bytes)), bytes);
    }),
  );
});

test("every spelling but the lower-case one with hyphens is refused", () => {
  const text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  for (const other of [
    text.toUpperCase(),
    text.replace("f", "F"),
    text.replaceAll("-", ""),
    `{${text}}`,
    `urn:uuid:${text}`,
    `${text}\n`,
    ` ${text}`,
    text.slice(1),
    text.replace("-", "0"),
    text.replace("0", "g"),
    text.replace("0", "\uff10"),
    "017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
    "",
  ]) {
    assert.equal(uuidToBytes(other), undefined, other);
  }
});

test("a text is a UUID exactly when it has the one spelling, whichever character is another", () => {
  const spelling = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
  const good = "019a9c3e-6f1a-7c41-9a52-3f60d2b7c8e1";
  for (let at = 0; at <= good.length; at += 1) {
    for (const other of ["0", "9", "a", "f", "g", "A", "F", "-", "/", ":", "`", "\n", "\0", "é", ""]) {
      const text = good.slice(0, at) + other + good.slice(at + 1);
      assert.equal(isUuid(text), spelling.test(text) && text.length === 36, JSON.stringify(text));
      assert.equal(uuidToBytes(text) !== undefined, isUuid(text), JSON.stringify(text));
    }
  }
});
