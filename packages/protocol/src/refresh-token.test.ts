import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { encodeRefreshPayload, formatRefreshToken, parseRefreshToken } from "./refresh-token.ts";

interface Valid {
  readonly kid: number;
  readonly sid: string;
  readonly fam: string;
  readonly generation: number;
  readonly payload: string;
  readonly inner: string;
  readonly outer: string;
  readonly token: string;
}
interface Vectors {
  readonly valid: readonly [Valid, ...Valid[]];
  readonly forged: readonly { readonly why: string; readonly token: string }[];
  readonly malformed: readonly { readonly why: string; readonly token: string }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../spec/vectors/refresh-token.json", import.meta.url), "utf8"),
) as Vectors;
const [first] = vectors.valid;
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

describe("the text of a refresh token", () => {
  for (const [index, one] of vectors.valid.entries()) {
    it(`of vector ${index} is 88 characters, written and read as the vectors say [RT-1] [RT-2]`, () => {
      const { kid, sid, fam, generation } = one;
      assert.equal(hex(encodeRefreshPayload({ kid, sid, fam, generation })), one.payload);
      assert.equal(formatRefreshToken(bytes(one.payload), bytes(one.inner), bytes(one.outer)), one.token);
      assert.equal(one.token.length, 88);
      const parts = parseRefreshToken(one.token);
      assert.deepEqual([parts?.kid, parts?.sid, parts?.fam, parts?.generation], [kid, sid, fam, generation]);
      assert.deepEqual(
        [hex(parts?.payload), hex(parts?.inner), hex(parts?.outer)],
        [one.payload, one.inner, one.outer],
      );
    });
  }

  for (const { why, token } of vectors.malformed) {
    it(`is refused: ${why} [RT-1]`, () => assert.equal(parseRefreshToken(token), undefined));
  }

  it("says nothing of MACs: what is forged and well formed is read [RT-1]", () => {
    for (const { token } of vectors.forged) assert.notEqual(parseRefreshToken(token), undefined);
  });

  it("with any one character changed, added or cut is refused [RT-1] [J-48]", () => {
    const { token } = first;
    for (let index = 0; index < token.length; index += 1) {
      assert.equal(parseRefreshToken(token.slice(0, index)), undefined);
      for (const other of ["A", "_", "z", "=", "\u0410"]) {
        const changed = token.slice(0, index) + other + token.slice(index + 1);
        if (changed !== token) assert.equal(parseRefreshToken(changed), undefined, changed);
      }
    }
    for (const other of ["A", "=", " ", "\n", "\0"]) assert.equal(parseRefreshToken(token + other), undefined);
  });

  const { kid, sid, fam, generation } = first;
  const defects: readonly [title: string, payload: Parameters<typeof encodeRefreshPayload>[0]][] = [
    ["server key 0", { kid: 0, sid, fam, generation }],
    ["server key 256", { kid: 256, sid, fam, generation }],
    ["generation 0", { kid, sid, fam, generation: 0 }],
    ["generation 2^32", { kid, sid, fam, generation: 2 ** 32 }],
    ["half a generation", { kid, sid, fam, generation: 1.5 }],
    ["a session id in capitals", { kid, sid: sid.toUpperCase(), fam, generation }],
    ["a family of three bytes", { kid, sid, fam: "AAEC", generation }],
  ];
  for (const [title, payload] of defects) {
    it(`is not written for ${title}: a defect [RT-6]`, () =>
      assert.throws(() => encodeRefreshPayload(payload), RangeError));
  }
});
