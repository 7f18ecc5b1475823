import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeFormComponent } from "./form-component.ts";

const decode = (encoded: string) => decodeFormComponent(new TextEncoder().encode(encoded));

test("any text without control characters comes back from URLSearchParams's spelling and from encodeURIComponent's", () => {
  const text = fc.string({ unit: "grapheme" }).filter((value) => !/\p{Cc}/u.test(value));
  fc.assert(
    fc.property(text, (value) => {
      assert.equal(decode(new URLSearchParams({ v: value }).toString().slice(2)), value);
      assert.equal(decode(encodeURIComponent(value)), value);
    }),
  );
});

test("plus and %20 are a space, %2B and %2b are a plus [O-43]", () => {
  assert.equal(decode("a+b%20c%2Bd%2be"), "a b c+d+e");
});

test("an escape that is none is refused [O-43]", () => {
  for (const encoded of [
    "%",
    "%4",
    "%zz",
    "%4g",
    "%u0061",
    "a%",
    "%%34",
    "%+1",
    "% 1",
    "%-1",
    "%@1",
    "%`1",
    "%4@",
    "%4`",
    "%z0%9f%98%80",
    "%/0%9f%98%80",
  ]) {
    assert.equal(decode(encoded), undefined, encoded);
  }
});

test("a byte order mark is a character like any other [O-43]", () => {
  assert.equal(decode("%ef%bb%bfa"), "\ufeffa");
});

test("bytes that are not UTF-8 after unescaping are refused, overlong ones too [O-43]", () => {
  for (const encoded of ["%ff", "%c0%af", "%c0%80", "%e0%80%af", "%ed%a0%80", "%e2%82", "%80", "%f5%80%80%80"]) {
    assert.equal(decode(encoded), undefined, encoded);
  }
  assert.equal(decodeFormComponent(Uint8Array.of(0x61, 0xff)), undefined);
});

test("NUL and every other control character are refused [O-43]", () => {
  for (const encoded of ["refresh_token%00", "%0a", "%0D", "%09", "%1f", "%7F", "%c2%80", "%c2%9f", "\n", "\u0000"]) {
    assert.equal(decode(encoded), undefined, JSON.stringify(encoded));
  }
});

test("every single byte, alone and in a long text, is read alike [O-43]", () => {
  const read = (bytes: Uint8Array) => decodeFormComponent(bytes);
  for (let byte = 0; byte < 256; byte += 1) {
    const literal = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    const expected = !literal ? undefined : byte === 0x2b ? " " : String.fromCharCode(byte);
    assert.equal(read(Uint8Array.of(byte)), expected, `byte ${byte}`);
    const long = new Uint8Array(300).fill(0x61).with(299, byte);
    assert.equal(read(long), expected === undefined ? undefined : "a".repeat(299) + expected, `byte ${byte}`);
  }
  for (const length of [0, 255, 256, 257]) assert.equal(read(new Uint8Array(length).fill(0x61)), "a".repeat(length));
});
