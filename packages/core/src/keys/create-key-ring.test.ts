import assert from "node:assert/strict";
import { hkdfSync, randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { Fault } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";
import { instantOf } from "../kernel/time.ts";
import type { Row, Snapshot } from "../store/store.ts";
import { createKeyRing } from "./create-key-ring.ts";
import { keyEncryptionKey, seal, sealedFor } from "./envelope.ts";
import { freshMacKey, freshSigningKey } from "./fresh-keys.ts";
import { firstKeySet } from "./key-set.ts";
import type { Ring } from "./key-sets.ts";
import { ringKey } from "./ring.ts";
import { ringToRow } from "./ring-row.ts";
import { generateSigningKey } from "./signing.ts";

const tenant = "main" as TenantId;
const kek = keyEncryptionKey(randomBytes(32));
const dice = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
const NOW = instantOf(1_764_000_000_000);
const macSecret = new Uint8Array(32).fill(5);

function aRing(): Ring {
  const key = () => ({
    ...freshSigningKey({ dice, kek, newSigningKey: generateSigningKey }, tenant, "ES256"),
    publishedIn: 1,
  });
  const sealed = seal(kek, macSecret, sealedFor(tenant, "mac", 1), dice.bytes(12));
  return {
    signing: firstKeySet(key(), key(), NOW).next,
    further: [],
    mac: { current: { kid: 1, sealed, createdAt: NOW }, older: [] },
    secrets: null,
  };
}

function aSnapshot(ring: Ring | undefined, version = 1, attempt = `attempt ${version}`): Snapshot {
  const key = ringKey(tenant);
  const written = { version, attempt, notBefore: null, expires: null, raisedAt: null };
  const row: Row | undefined = ring === undefined ? undefined : { ...written, key, value: ringToRow(ring) };
  const head = { pos: { epoch: 1, seq: 0 }, mark: "AAAAAAAAAAA" };
  return { get: () => row, has: () => true, head, clock: NOW };
}

function isUnreadable(error: unknown): boolean {
  return error instanceof Fault && error.code === "keys_unreadable";
}

describe("a key ring", () => {
  it("opens a version of the row once, and the next one when it comes", () => {
    const ring = createKeyRing({ tenant, kek });
    const row = aRing();
    assert.equal(ring.latest(), undefined);
    const first = ring.open(aSnapshot(row));
    assert.equal(ring.open(aSnapshot(row)), first);
    assert.equal(ring.latest(), first);
    const second = ring.open(aSnapshot(aRing(), 2));
    assert.notEqual(second.signer.kid, first.signer.kid);
    assert.equal(ring.latest(), second);
  });

  it("opens the row of a restored store, which may have a version that was seen before", () => {
    const ring = createKeyRing({ tenant, kek });
    const before = ring.open(aSnapshot(aRing(), 2, "lost"));
    assert.notEqual(ring.open(aSnapshot(aRing(), 2, "restored")).signer.kid, before.signer.kid);
  });

  it("signs with the active key and verifies with every published one", () => {
    const row = aRing();
    const keys = createKeyRing({ tenant, kek }).open(aSnapshot(row));
    const signature = keys.signer.sign("input");
    assert.equal(keys.signer.kid, row.signing.active.kid);
    assert.ok(keys.verificationKey(row.signing.active.kid)?.verify("input", signature));
    assert.equal(keys.verificationKey(row.signing.next.kid)?.verify("input", signature), false);
    assert.equal(keys.verificationKey("unknown"), undefined);
  });

  it("derives by HKDF with an empty salt, once for each kid and info [POS-6]", () => {
    const { mac } = createKeyRing({ tenant, kek }).open(aSnapshot(aRing()));
    const expected = new Uint8Array(hkdfSync("sha256", macSecret, new Uint8Array(0), "hallpass/cursor/1/key", 32));
    assert.deepEqual(mac.derive(1, "hallpass/cursor/1/key"), expected);
    assert.equal(mac.derive(1, "hallpass/cursor/1/key"), mac.derive(1, "hallpass/cursor/1/key"));
    assert.notDeepEqual(mac.derive(1, "hallpass/secret/1/key"), expected);
    assert.equal(mac.derive(2, "hallpass/cursor/1/key"), undefined);
  });

  it("opens nothing when there is nothing, and nothing of another tenant or another key-encryption key [K-12]", () => {
    const other = keyEncryptionKey(randomBytes(32));
    assert.throws(() => createKeyRing({ tenant, kek }).open(aSnapshot(undefined)), isUnreadable);
    assert.throws(() => createKeyRing({ tenant, kek: other }).open(aSnapshot(aRing())), isUnreadable);
    const elsewhere = aSnapshot(aRing());
    const moved: Snapshot = {
      ...elsewhere,
      get: (key) => {
        const row = elsewhere.get(ringKey(tenant));
        return row === undefined ? undefined : { ...row, key };
      },
    };
    assert.throws(() => createKeyRing({ tenant: "other" as TenantId, kek }).open(moved), isUnreadable);
  });

  it("opens no key under another kid, and no key that somebody put there without the key-encryption key [K-08]", () => {
    const row = aRing();
    const stranger = freshSigningKey(
      { dice, kek: keyEncryptionKey(randomBytes(32)), newSigningKey: generateSigningKey },
      tenant,
      "ES256",
    );
    const misfiled = seal(kek, generateSigningKey(), sealedFor(tenant, "signing", "renamed"), dice.bytes(12));
    const rings: readonly Ring[] = [
      { ...row, signing: { ...row.signing, next: { ...row.signing.next, kid: "renamed", sealed: misfiled } } },
      { ...row, signing: { ...row.signing, next: { ...row.signing.next, sealed: row.signing.active.sealed } } },
      { ...row, signing: { ...row.signing, next: { ...row.signing.next, ...stranger } } },
      { ...row, signing: { ...row.signing, active: { ...row.signing.active, kid: "renamed" } } },
    ];
    for (const spoilt of rings)
      assert.throws(() => createKeyRing({ tenant, kek }).open(aSnapshot(spoilt)), isUnreadable);
  });

  it("is made of keys that are cleared once they are sealed [L-07]", () => {
    const [signing, mac] = [generateSigningKey(), dice.bytes(32)];
    const fresh = { kek: keyEncryptionKey(randomBytes(32)), newSigningKey: () => signing };
    freshSigningKey({ ...fresh, dice }, tenant, "ES256");
    freshMacKey({ ...fresh, dice: { bytes: (length) => (length === 32 ? mac : dice.bytes(length)) } }, tenant, 1);
    for (const bytes of [signing, mac]) assert.ok(bytes.every((byte) => byte === 0));
  });

  it("shows no secret when it is printed", () => {
    const ring = createKeyRing({ tenant, kek });
    const keys = ring.open(aSnapshot(aRing()));
    keys.mac.derive(1, "info");
    const printed = inspect([ring, keys, kek], { depth: 20, showHidden: true }) + JSON.stringify([keys, kek]);
    assert.doesNotMatch(printed, /5, 5, 5|05 05 05|BQUF|"d":|privat/);
  });
});
