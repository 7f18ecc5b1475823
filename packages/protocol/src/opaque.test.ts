import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { formatClientSecret, formatSessionToken, parseClientSecret, parseSessionToken } from "./opaque.ts";

interface Vectors {
  readonly client_secrets: readonly { readonly bytes: string; readonly text: string }[];
  readonly session_tokens: readonly { readonly bytes: string; readonly text: string }[];
  readonly malformed: readonly { readonly why: string; readonly text: string }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../spec/vectors/opaque.json", import.meta.url), "utf8"),
) as Vectors;
const refresh = JSON.parse(
  readFileSync(new URL("../../../spec/vectors/refresh-token.json", import.meta.url), "utf8"),
) as {
  readonly valid: readonly { readonly token: string }[];
};
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

describe("an opaque secret", () => {
  it("is written and read as the vectors say: 53 characters of a client's, 74 of a session's [OP-1]", () => {
    for (const { bytes: hex, text } of vectors.client_secrets) {
      assert.equal(formatClientSecret(bytes(hex)), text);
      assert.deepEqual(parseClientSecret(text), bytes(hex));
      assert.equal(text.length, 53);
    }
    for (const { bytes: hex, text } of vectors.session_tokens) {
      assert.equal(formatSessionToken(bytes(hex)), text);
      assert.deepEqual(parseSessionToken(text), bytes(hex));
      assert.equal(text.length, 74);
    }
  });

  for (const { why, text } of vectors.malformed) {
    it(`is refused: ${why} [OP-1]`, () => assert.equal(parseClientSecret(text), undefined));
  }

  it("of one kind is never read as another [OP-1]", () => {
    for (const { text } of vectors.client_secrets) assert.equal(parseSessionToken(text), undefined);
    for (const { text } of vectors.session_tokens) assert.equal(parseClientSecret(text), undefined);
    for (const { token } of refresh.valid)
      assert.deepEqual([parseClientSecret(token), parseSessionToken(token)], [undefined, undefined]);
  });

  it("is found by a scanner's pattern in the middle of any line, whatever its kind [OP-3]", () => {
    const pattern = /hp[rsca]_[A-Za-z0-9_-]{49,84}/;
    const texts = fc.oneof(
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map(formatClientSecret),
      fc.uint8Array({ minLength: 48, maxLength: 48 }).map(formatSessionToken),
      fc.constantFrom(...refresh.valid.map(({ token }) => token)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        assert.equal(pattern.exec(`export SECRET="${text}" # note`)?.[0], text);
      }),
    );
  });
});
