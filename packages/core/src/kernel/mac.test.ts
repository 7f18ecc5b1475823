import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CHARACTERS, characterAt } from "../testing/characters.ts";
import { hmacSha256, macFits, shortMac } from "./mac.ts";

const anyCharacter = fc.nat(CHARACTERS - 1).map(characterAt);

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
    const any = fc.property(
      short,
      fc.string({ unit: anyCharacter }),
      fc.array(fc.uint8Array()),
      (key, text, pieces) => {
        const expected = createHmac("sha256", key).update(text);
        for (const piece of pieces) expected.update(piece);
        assert.equal(hex(hmacSha256(key, text, ...pieces)), expected.digest("hex"));
      },
    );
    fc.assert(any);
  });

  it("fits where every byte shown is its own, and nowhere else", () => {
    const length = fc.integer({ min: 1, max: 32 });
    const any = fc.property(
      fc.uint8Array({ maxLength: 64 }),
      fc.string(),
      fc.uint8Array(),
      length,
      (key, text, piece, n) => {
        const mac = shortMac(n, key, text, piece);
        assert.equal(hex(mac), hex(hmacSha256(key, text, piece).subarray(0, n)));
        assert.ok(macFits(mac, key, text, piece));
        for (let at = 0; at < n; at += 1) {
          const other = mac.with(at, (mac[at] ?? 0) ^ 1);
          assert.ok(!macFits(other, key, text, piece), `byte ${at} of ${n} differs`);
        }
        // Of so many bytes no two are the same by chance; of one they are each 256th time.
        if (n >= 8) assert.ok(!macFits(mac, key, `${text}.`, piece));
      },
    );
    fc.assert(any);
  });

  it("fits nothing that is empty or longer than a MAC", () => {
    const key = new Uint8Array(32);
    const mac = hmacSha256(key, "text");
    assert.ok(macFits(mac, key, "text"));
    assert.ok(!macFits(new Uint8Array(0), key, "text"));
    assert.ok(!macFits(Buffer.concat([mac, Uint8Array.of(0)]), key, "text"));
  });

  it("is that of the platform where a message is longer than the place for short ones", () => {
    for (const size of [959, 960, 961, 5000]) {
      const piece = new Uint8Array(size).fill(7);
      const expected = createHmac("sha256", "key").update(piece).digest("hex");
      assert.equal(hex(hmacSha256(Buffer.from("key"), "", piece)), expected, `${size} bytes`);
    }
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
