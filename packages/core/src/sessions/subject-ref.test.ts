// What stands in a URL instead of a subject: the same for the same subject, opened by its own tenant's keys only, and nothing to read in it.

import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { decodeBase64url, encodeBase64url } from "@hallpass/protocol";
import * as fc from "fast-check";
import { parseSubjectId, type SubjectId, type TenantId } from "../kernel/ids.ts";
import { macKeysOf, TENANT } from "../testing/builders.ts";
import { CHARACTERS, characterAt } from "../testing/characters.ts";
import { openSubjectRef, subjectRef } from "./subject-ref.ts";

const KEYS = macKeysOf({ 1: "11".repeat(32), 2: "22".repeat(32) }, 2);
const anyCharacter = fc.nat(CHARACTERS - 1).map(characterAt);
const ADA = "ada@example.com" as SubjectId;

test("every subject comes back from its reference, and only there [SUB-1]", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 60, unit: anyCharacter }), (text) => {
      const subject = parseSubjectId(text);
      fc.pre(subject !== undefined);
      const ref = subjectRef(KEYS, TENANT, subject);
      assert.equal(openSubjectRef(KEYS, TENANT, ref), subject);
      assert.match(ref, /^[A-Za-z0-9_-]+$/);
    }),
  );
});

describe("a reference", () => {
  it("is made as it always was: what stands in a URL today opens tomorrow [SUB-1]", () => {
    // By HMAC, HKDF and AES-256-CTR of Python's hashlib and cryptography.
    const made = "AU31-eH-K567m-T_EeVS1KlBWM9AxQ9lqmAMlnWbeUs";
    assert.equal(subjectRef(macKeysOf({ 1: "11".repeat(32) }, 1), TENANT, ADA), made);
    assert.equal(openSubjectRef(KEYS, TENANT, made), ADA);
    assert.throws(() => subjectRef(macKeysOf({}, 1), TENANT, ADA), /server key/);
  });

  it("is the same for the same subject, and says nothing of it [SUB-1]", () => {
    const ref = subjectRef(KEYS, TENANT, ADA);
    assert.equal(subjectRef(KEYS, TENANT, ADA), ref);
    const bytes = decodeBase64url(ref) ?? new Uint8Array();
    assert.equal(bytes.length, 1 + 16 + ADA.length);
    assert.equal(Buffer.from(bytes).includes("ada"), false);
    const near = decodeBase64url(subjectRef(KEYS, TENANT, "ada@example.con" as SubjectId)) ?? new Uint8Array();
    const alike = [...near.subarray(17)].filter((byte, index) => byte === bytes[17 + index]).length;
    assert.ok(alike < 5, "a neighbour shares no stream of the cipher");
  });

  it("of an earlier key opens while that key is kept [SUB-1]", () => {
    const early = subjectRef(macKeysOf({ 1: "11".repeat(32) }, 1), TENANT, ADA);
    assert.equal(openSubjectRef(KEYS, TENANT, early), ADA);
    assert.equal(openSubjectRef(macKeysOf({ 2: "22".repeat(32) }, 2), TENANT, early), undefined);
  });

  it("opens for no other tenant and under no other key [SUB-1]", () => {
    const ref = subjectRef(KEYS, TENANT, ADA);
    assert.equal(openSubjectRef(KEYS, "other" as TenantId, ref), undefined);
    assert.equal(openSubjectRef(macKeysOf({ 2: "33".repeat(32) }, 2), TENANT, ref), undefined);
  });

  it("that was changed anywhere opens nothing, however it was changed [SUB-1]", () => {
    const bytes = decodeBase64url(subjectRef(KEYS, TENANT, ADA)) ?? new Uint8Array();
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Uint8Array.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      assert.equal(openSubjectRef(KEYS, TENANT, encodeBase64url(changed)), undefined, `byte ${index}`);
      assert.equal(openSubjectRef(KEYS, TENANT, encodeBase64url(bytes.subarray(0, index))), undefined);
    }
  });

  it("that is none opens nothing", () => {
    for (const text of ["", "A", "ada", "ada@example.com", "A".repeat(363), "A".repeat(364), "A".repeat(100_000), "=="])
      assert.equal(openSubjectRef(KEYS, TENANT, text), undefined);
  });
});
