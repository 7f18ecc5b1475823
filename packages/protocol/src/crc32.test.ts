import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { crc32 } from "./crc32.ts";

test("the check value of CRC-32 holds, and no bytes give zero", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  assert.equal(crc32(new Uint8Array(0)), 0);
});

test("any bytes give what zlib gives, in one piece or in two", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (first, second) => {
      assert.equal(crc32(first), zlibCrc32(first));
      assert.equal(crc32(second, crc32(first)), zlibCrc32(Buffer.concat([first, second])));
    }),
  );
});
