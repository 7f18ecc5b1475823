import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VerificationKey } from "./ring.ts";
import { generateSigningKey, openSigningKey } from "./signing.ts";
import { rememberingKey } from "./verified.ts";

const { signer, verifier } = openSigningKey(generateSigningKey());
const input = "header.payload";
const signature = signer.sign(input);

function watched(): { readonly key: VerificationKey; readonly looks: () => number } {
  let looks = 0;
  const counting: VerificationKey = {
    ...verifier,
    verify: (text, bytes) => {
      looks += 1;
      return verifier.verify(text, bytes);
    },
  };
  return { key: rememberingKey(counting), looks: () => looks };
}

describe("a key that remembers what it has verified", () => {
  it("looks once at what it has signed, and has the same name and algorithm", () => {
    const { key, looks } = watched();
    assert.deepEqual([key.verify(input, signature), key.verify(input, signature), looks()], [true, true, 1]);
    assert.deepEqual([key.kid, key.alg], [verifier.kid, verifier.alg]);
  });

  it("never takes a remembered signature for another text, nor a remembered text with another signature", () => {
    const { key } = watched();
    assert.equal(key.verify(input, signature), true);
    for (const other of ["header.payloae", "header.payloa", "header.payload.", "header", ""])
      assert.equal(key.verify(other, signature), false, other);
    for (let at = 0; at < signature.length; at += 1) {
      const changed = Uint8Array.from(signature);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.equal(key.verify(input, changed), false, `byte ${at}`);
    }
    assert.equal(key.verify(input, signature.subarray(0, 63)), false);
    assert.equal(key.verify(input, new Uint8Array(0)), false);
  });

  it("never takes a text for its signature where the dot between them moves", () => {
    const { key } = watched();
    assert.equal(key.verify(input, signature), true);
    const [first, rest] = [input.slice(0, 6), input.slice(7)];
    assert.equal(key.verify(first, new TextEncoder().encode(rest)), false);
  });

  it("looks again at what it has refused", () => {
    const { key, looks } = watched();
    assert.deepEqual([key.verify("x", signature), key.verify("x", signature), looks()], [false, false, 2]);
  });

  it("is another memory for every key", () => {
    const other = rememberingKey(openSigningKey(generateSigningKey()).verifier);
    const { key } = watched();
    assert.deepEqual([key.verify(input, signature), other.verify(input, signature)], [true, false]);
  });

  it("keeps what is asked for, forgets the oldest, and looks each time at what is too long", () => {
    let looks = 0;
    const key = rememberingKey({ ...verifier, verify: () => (looks += 1) > 0 });
    const see = (from: number, to: number): void => {
      for (let n = from; n < to; n += 1) key.verify(String(n), signature);
    };
    see(0, 6000);
    key.verify("0", signature);
    assert.equal(looks, 6000, "asked for again in time");
    see(6000, 14_200);
    looks = 0;
    key.verify("1", signature);
    assert.equal(looks, 1);
    const long = "x".repeat(4096);
    key.verify(long, signature);
    key.verify(long, signature);
    assert.equal(looks, 3);
  });
});
