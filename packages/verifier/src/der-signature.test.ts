import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { derWriter } from "./der-signature.ts";

// The same, by the book: X.690 section 8.3, the fewest bytes that still begin with a bit of 0.
function integer(bytes: Uint8Array): number[] {
  const digits = BigInt(`0x${Buffer.from(bytes).toString("hex")}`).toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  const value = [...Buffer.from(even, "hex")];
  const signed = (value[0] ?? 0) > 0x7f ? [0, ...value] : value;
  return [2, signed.length, ...signed];
}

test("any r and s are written as DER writes integers, whatever was written before [AT-V4]", () => {
  const write = derWriter();
  const half = fc.oneof(
    fc.uint8Array({ minLength: 32, maxLength: 32 }),
    fc
      .tuple(fc.nat(32), fc.uint8Array({ minLength: 32, maxLength: 32 }))
      .map(([zeros, bytes]) => bytes.fill(0, 0, zeros)),
  );
  fc.assert(
    fc.property(half, half, (r, s) => {
      const inside = [...integer(r), ...integer(s)];
      assert.deepEqual([...write(Uint8Array.of(...r, ...s))], [0x30, inside.length, ...inside]);
    }),
  );
});
