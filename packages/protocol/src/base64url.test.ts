import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeBase64url, encodeBase64url, isBase64url } from "./base64url.ts";

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
