import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { decodeBase64url, encodeBase64url } from "@hallpass/protocol";
import { Fault } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";
import { keyEncryptionKey, open, seal, sealedFor, sealedUnder } from "./envelope.ts";

const tenant = "main" as TenantId;
const kek = keyEncryptionKey(new Uint8Array(32).fill(7));
const iv = new Uint8Array(12).fill(9);
const plaintext = new TextEncoder().encode("what must not be read");
const aad = sealedFor(tenant, "mac", 1);
const sealed = seal(kek, plaintext, aad, iv);

const copy = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes);

function assertUnreadable(attempt: () => unknown): void {
  assert.throws(attempt, (error: unknown) => error instanceof Fault && error.code === "keys_unreadable");
}

describe("an envelope", () => {
  it("gives back what was sealed", () => {
    assert.deepEqual(open(kek, sealed, aad, copy), plaintext);
  });

  it("clears what it opened, whatever becomes of it [L-07]", () => {
    const seen: Uint8Array[] = [];
    open(kek, sealed, aad, (bytes) => seen.push(bytes));
    const failing = (bytes: Uint8Array): never => {
      seen.push(bytes);
      throw new Error("no");
    };
    assert.throws(() => open(kek, sealed, aad, failing), /^Error: no$/);
    assert.deepEqual(
      seen.map((bytes) => [bytes.length, bytes.every((byte) => byte === 0)]),
      [
        [plaintext.length, true],
        [plaintext.length, true],
      ],
    );
  });

  it("is unreadable under another key-encryption key, and names both without telling either [K-12]", () => {
    const other = keyEncryptionKey(new Uint8Array(32).fill(8));
    assert.notEqual(other.id, kek.id);
    assertUnreadable(() => open(other, sealed, aad, copy));
    const named = createHash("sha256").update("hallpass/kek-id/1").update(new Uint8Array(32).fill(7)).digest("hex");
    assert.equal(kek.id, named.slice(0, 16), "envelopes of before name it so");
    assert.ok(!inspect(kek, { depth: 9, showHidden: true }).includes("07070707"));
  });

  it("is unreadable with any byte changed, and with any part missing [K-12]", () => {
    const bytes = decodeBase64url(sealed) ?? new Uint8Array();
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 1 : byte));
      assertUnreadable(() => open(kek, encodeBase64url(changed), aad, copy));
      assertUnreadable(() => open(kek, encodeBase64url(bytes.subarray(0, at)), aad, copy));
    }
    for (const text of ["", "not base64url!", `${sealed}A`]) assertUnreadable(() => open(kek, text, aad, copy));
  });

  it("opens in no other place: not for another tenant, purpose or kid", () => {
    const elsewhere = [
      sealedFor("other" as TenantId, "mac", 1),
      sealedFor(tenant, "signing", 1),
      sealedFor(tenant, "secret", 1),
      sealedFor(tenant, "mac", 11),
    ];
    for (const other of elsewhere) assertUnreadable(() => open(kek, sealed, other, copy));
  });

  it("opens under a key that another takes the place of, seals under the new one alone, and says under which [K-12]", () => {
    const old = new Uint8Array(32).fill(7);
    const both = keyEncryptionKey(new Uint8Array(32).fill(8), [old]);
    assert.deepEqual(open(both, sealed, aad, copy), plaintext);
    const again = seal(both, plaintext, aad, iv);
    assert.deepEqual([sealedUnder(sealed), sealedUnder(again)], [kek.id, both.id]);
    assertUnreadable(() => open(kek, again, aad, copy));
    assertUnreadable(() => sealedUnder("AAAA"));
  });

  it("is made only with 32 bytes of key", () => {
    for (const length of [0, 16, 31, 33]) assert.throws(() => keyEncryptionKey(new Uint8Array(length)), RangeError);
  });
});
