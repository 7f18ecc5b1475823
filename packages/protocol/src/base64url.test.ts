import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  decodeBase64url,
  decodeBase64urlInto,
  decodePlainly,
  encodeBase64url,
  encodePlainly,
  isBase64url,
} from "./base64url.ts";

const anyText = fc.uint16Array().map((units) => String.fromCharCode(...units));
const bytesOf = (text: string) => new TextEncoder().encode(text);

test("the vectors of RFC 4648 section 10 hold, without their padding", () => {
  for (const [plain, encoded] of [
    ["", ""],
    ["f", "Zg"],
    ["fo", "Zm8"],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg"],
    ["fooba", "Zm9vYmE"],
    ["foobar", "Zm9vYmFy"],
  ] as const) {
    assert.equal(encodeBase64url(bytesOf(plain)), encoded);
    assert.deepEqual(decodeBase64url(encoded), bytesOf(plain));
  }
});

test("any bytes come back as they were", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encodeBase64url(bytes);
      assert.equal(text, Buffer.from(bytes).toString("base64url"));
      assert.deepEqual(decodeBase64url(text), bytes);
      assert.equal(isBase64url(text), true);
    }),
  );
});

test("a text that decodes is the one its bytes encode to, whatever the text [J-38]", () => {
  const nearlyBase64url = fc.string({
    unit: fc.constantFrom(...Array.from("AQgwxyz019-_+/= \n\u0100\u0141")),
    maxLength: 12,
  });
  fc.assert(
    fc.property(fc.oneof(nearlyBase64url, anyText), (text) => {
      const bytes = decodeBase64url(text);
      assert.equal(isBase64url(text), bytes !== undefined);
      if (bytes !== undefined) assert.equal(encodeBase64url(bytes), text);
    }),
  );
});

test("padding, whitespace and the other alphabet are refused at the end and inside [J-38]", () => {
  for (const intruder of ["=", "==", " ", "\n", "\t", "\r\n", "%3D", "+", "/", ".", "\u0000", "\uff21", "\u0141"]) {
    for (const text of [`Zm9vYmFy${intruder}`, `Zm9v${intruder}YmFy`, `${intruder}Zm9vYmFy`, `Zm9${intruder}`]) {
      assert.equal(decodeBase64url(text), undefined, JSON.stringify(text));
      assert.equal(isBase64url(text), false, JSON.stringify(text));
    }
  }
});

test("every other value of the spare bits is refused [J-38]", () => {
  for (const text of ["Zh", "Zi", "Zv", "Zm9", "Zm-", "Zm_", "AB", "AAB"])
    assert.equal(decodeBase64url(text), undefined, text);
});

test("a length that no bytes have is refused [J-38]", () => {
  for (const text of ["A", "AAAAA", "AAAAAAAAA"]) {
    assert.equal(decodeBase64url(text), undefined);
    assert.equal(isBase64url(text), false);
  }
});

test("long texts, which the platform may read, are judged as short ones are, whatever stands in them [J-38]", () => {
  const long = fc.uint8Array({ minLength: 40, maxLength: 200 }).map(encodeBase64url);
  const intruder = fc.constantFrom(
    ...Array.from("=+/. \n\t\r\f\u0000\u00a0\u0100\u0141\ufeff"),
    "==",
    "\r\n",
    "A",
    "-",
    "_",
    "",
  );
  fc.assert(
    fc.property(long, intruder, fc.nat(), fc.nat(2), (text, inserted, where, replaced) => {
      for (const at of [where % (text.length + 1), text.length]) {
        const judged = text.slice(0, at) + inserted + text.slice(at + replaced);
        const canonical = Buffer.from(judged, "base64url").toString("base64url") === judged;
        assert.equal(isBase64url(judged), canonical, judged);
        const bytes = decodeBase64url(judged);
        assert.equal(bytes !== undefined, canonical, judged);
        if (bytes !== undefined) assert.deepEqual(Buffer.from(bytes), Buffer.from(judged, "base64url"));
      }
    }),
    { numRuns: 1000 },
  );
});

test("with and without the platform's reader and writer a text of any length means the same bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = encodeBase64url(bytes);
      assert.equal(encodePlainly(bytes), text);
      const plain = new Uint8Array(bytes.length);
      assert.equal(decodePlainly(text, plain), true);
      assert.deepEqual(plain, bytes);
      assert.deepEqual(decodeBase64url(text), bytes);
    }),
  );
});

test("a character of no alphabet is refused at each place of a last group, short or long [J-38]", () => {
  for (const before of ["", "AAAA", "A".repeat(400)])
    for (const end of ["!A", "A!", "=A", " A", "!AA", "A!A", "AA!", "=AA", "AA=", "\u0100A", "A"]) {
      assert.equal(decodeBase64url(before + end), undefined, before + end);
      assert.equal(isBase64url(before + end), false, before + end);
    }
});

test("a buffer that is longer keeps what lies behind, and one that is too short gets nothing", () => {
  for (const length of [1, 2, 3, 28, 29, 30, 298, 299, 300]) {
    const bytes = new Uint8Array(length).fill(7);
    const text = encodeBase64url(bytes);
    const roomy = new Uint8Array(length + 2).fill(9);
    assert.equal(decodeBase64urlInto(text, roomy), length);
    assert.deepEqual(roomy, Uint8Array.of(...bytes, 9, 9));
    assert.equal(decodeBase64urlInto(text, new Uint8Array(length - 1)), undefined);
  }
});
