import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { compareUtf8, packId, unpackId, uuidsAfter } from "./id-order.ts";
import { pack, unpack } from "./packed-text.ts";

/** Texts that are UUIDs, nearly UUIDs, marks, nearly marks, or anything. */
const text = fc.oneof(
  fc.uuid(),
  fc.uuid().map((uuid) => uuid.slice(0, 20)),
  fc.tuple(fc.uuid(), fc.nat(35), fc.constantFrom("-", "g", "A", "0", "f", " ", "é", "\u{1f3ab}")).map(spoiled),
  fc.uuid().map((uuid) => `${uuid}0`),
  fc.base64String({ minLength: 8, maxLength: 12 }),
  fc.string({ unit: "grapheme" }),
);

test("a text that was packed is the same text again, and different texts rest differently", () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.equal(unpack(pack(a)), a);
      assert.equal(unpackId(packId(a)), a);
      if (a !== b) assert.notDeepEqual(packId(a), packId(b));
    }),
  );
});

test("UUIDs come after a text exactly when the bytes say so, whatever the text is", () => {
  fc.assert(
    fc.property(fc.uuid(), text, (uuid, start) => {
      const { bytes, inclusive } = uuidsAfter(start);
      const order = Buffer.compare(Buffer.from(uuid.replaceAll("-", ""), "hex"), bytes);
      assert.equal(inclusive ? order >= 0 : order > 0, compareUtf8(uuid, start) > 0);
    }),
  );
});

function spoiled([uuid, at, by]: readonly [string, number, string]): string {
  return uuid.slice(0, at) + by + uuid.slice(at + 1);
}
