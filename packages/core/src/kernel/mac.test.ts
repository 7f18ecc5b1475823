import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hmacSha256 } from "./mac.ts";

describe("the MAC of short messages", () => {
  // RFC 4231 sections 4.2 to 4.5, public test vectors of the IETF.
  const vectors: readonly (readonly [key: string, data: string, mac: string])[] = [
    ["0b".repeat(20), "4869205468657265", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
    [
      "4a656665",
      "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ],
    ["aa".repeat(20), "dd".repeat(50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"],
    [
      "0102030405060708090a0b0c0d0e0f10111213141516171819",
      "cd".repeat(50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ],
  ];

  for (const [key, data, mac] of vectors) {
    it(`is that of RFC 4231 for the key ${key.slice(0, 8)}`, () => {
      assert.equal(hex(hmacSha256(bytes(key), "", bytes(data))), mac);
    });
  }

  it("is that of the platform for any key up to a block, any text and any pieces", () => {
    const short = fc.uint8Array({ maxLength: 64 });
    const any = fc.property(short, fc.string({ unit: "grapheme" }), fc.array(fc.uint8Array()), (key, text, pieces) => {
      const expected = createHmac("sha256", key).update(text);
      for (const piece of pieces) expected.update(piece);
      assert.equal(hex(hmacSha256(key, text, ...pieces)), expected.digest("hex"));
    });
    fc.assert(any);
  });

  it("refuses a key that is longer than a block", () => {
    assert.throws(() => hmacSha256(new Uint8Array(65), ""), RangeError);
    assert.equal(hmacSha256(new Uint8Array(64), "").length, 32);
  });
});

function bytes(text: string): Uint8Array {
  return Buffer.from(text, "hex");
}

function hex(mac: Uint8Array): string {
  return Buffer.from(mac).toString("hex");
}
