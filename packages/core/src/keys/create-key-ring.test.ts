import assert from "node:assert/strict";
import { hkdfSync, randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { Fault } from "../kernel/fault.ts";
import type { ClientId, TenantId } from "../kernel/ids.ts";
import { instantOf } from "../kernel/time.ts";
import type { Row, Snapshot } from "../store/store.ts";
import { createKeyRing } from "./create-key-ring.ts";
import { keyEncryptionKey, seal, sealedFor } from "./envelope.ts";
import { freshMacKey, freshSecretKey, freshSigningKey } from "./fresh-keys.ts";
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

  it("publishes next, active and retiring keys, public members alone, and looks none up that is gone [JWKS-2]", () => {
    const row = aRing();
    const { active, next } = row.signing;
    const retiring = { ...next, state: "retiring", activatedAt: NOW, retiredAt: NOW, lastTokenExpires: NOW } as const;
    const other = aRing().signing;
    const gone = { kid: "gone", state: "removed", removedAt: NOW } as const;
    const full: Ring = { ...row, signing: { active, next: other.next, retiring: [retiring], gone: [gone] } };
    const keys = createKeyRing({ tenant, kek }).open(aSnapshot(full, 7));
    assert.equal(keys.version, 7);
    assert.deepEqual(
      keys.published.map(({ kid, state, ...rest }) => [kid, state, Object.keys(rest)]),
      [
        [active.kid, "active", ["jwk"]],
        [other.next.kid, "next", ["jwk"]],
        [next.kid, "retiring", ["jwk"]],
      ],
    );
    assert.equal(keys.verificationKey("gone"), undefined);
  });

  it("signs with the next key for whom it is tried, with no key of another algorithm, and counts signatures by both", async () => {
    const row = aRing();
    const trial = { kind: "client", client: "web" as ClientId } as const;
    const tried: Ring = { ...row, signing: { ...row.signing, next: { ...row.signing.next, trial } } };
    const ring = createKeyRing({ tenant, kek });
    assert.deepEqual(ring.signatures(), []);
    const keys = ring.open(aSnapshot(tried));
    const signerFor = (client: string) => keys.signerFor({ alg: "ES256", client: client as ClientId, session: null });
    assert.equal(signerFor("web")?.kid, row.signing.next.kid);
    assert.equal(signerFor("other")?.kid, row.signing.active.kid);
    assert.equal(keys.signerFor({ alg: "RS256", client: "web" as ClientId, session: null }), undefined);
    signerFor("web")?.sign("input");
    await signerFor("other")?.signSoon("input");
    // What was counted stays when the keys change.
    const later = ring.open(aSnapshot(aRing(), 2));
    later.signer.sign("input");
    assert.deepEqual(ring.signatures(), [
      { alg: "ES256", state: "active", count: 2 },
      { alg: "ES256", state: "next", count: 1 },
    ]);
  });

  it("hashes secrets under keys of their own, and under the MAC key where there are none yet", () => {
    const row = aRing();
    const secretKey = (kid: number) => ({ ...freshSecretKey({ dice, kek }, tenant, kid), createdAt: NOW });
    const older = { ...freshMacKey({ dice, kek }, tenant, 3), createdAt: NOW, keepUntil: NOW };
    const secrets = { current: secretKey(257), older: [secretKey(256)] };
    const full: Ring = { ...row, mac: { ...row.mac, older: [older] }, secrets };
    const { mac } = createKeyRing({ tenant, kek }).open(aSnapshot(full));
    assert.deepEqual([mac.currentKid, mac.secretKid, mac.kids], [1, 257, [1, 3]]);
    for (const kid of [1, 3, 256, 257]) assert.equal(mac.derive(kid, "info")?.length, 32, String(kid));
    assert.equal(createKeyRing({ tenant, kek }).open(aSnapshot(row)).mac.secretKid, 1);
    const misfiled: Ring = { ...row, secrets: { ...secrets, current: { ...row.mac.current, kid: 257 } } };
    assert.throws(() => createKeyRing({ tenant, kek }).open(aSnapshot(misfiled)), isUnreadable);
  });

  it("opens no MAC key that is shorter or longer than 32 bytes [K-12]", () => {
    const row = aRing();
    for (const length of [16, 31, 33, 64]) {
      const sealed = seal(kek, new Uint8Array(length), sealedFor(tenant, "mac", 1), dice.bytes(12));
      const spoilt: Ring = { ...row, mac: { ...row.mac, current: { ...row.mac.current, sealed } } };
      assert.throws(() => createKeyRing({ tenant, kek }).open(aSnapshot(spoilt)), isUnreadable);
    }
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
