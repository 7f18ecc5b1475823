// Keys in front of a fleet, on trial, of further algorithms, under another key-encryption key: on a store, with what is committed.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { DEFAULT_SIGNING_ALG } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import { Fault } from "../kernel/fault.ts";
import type { ClientId, SessionId, TenantId } from "../kernel/ids.ts";
import { after, afterMs, instantOf, type Seconds, secondsOf } from "../kernel/time.ts";
import { createKeyRing } from "../keys/create-key-ring.ts";
import { keyEncryptionKey } from "../keys/envelope.ts";
import { KEY_POLICY } from "../keys/key-policy.ts";
import { type Listeners, NOBODY } from "../keys/laggards.ts";
import { generateKeyOf } from "../keys/open-key.ts";
import { type OpenKeys, ringKey } from "../keys/ring.ts";
import type { Trial } from "../keys/signing-key.ts";
import { type FleetMember, type Heard, RENEW_EVERY } from "../revocation/fleet.ts";
import { addSigningAlg } from "./add-signing-alg.ts";
import { bootstrapKeys } from "./bootstrap-keys.ts";
import { compromiseKeys } from "./compromise-keys.ts";
import { listKeys } from "./list-keys.ts";
import { restoreKey } from "./restore-key.ts";
import { rewrapKeys } from "./rewrap-keys.ts";
import { rotateKeys } from "./rotate-keys.ts";
import { tendKeys } from "./tend-keys.ts";
import { tryKey } from "./try-key.ts";

const tenant = "main" as TenantId;
const dice = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
const START = instantOf(1_764_000_000_000);
const SEASON = secondsOf(KEY_POLICY.jwksMaxAge + KEY_POLICY.skew);

async function aTenant() {
  let now = START;
  const store = createMemoryStore({ clock: { now: () => now }, dice });
  const bytes = dice.bytes(32);
  const kek = keyEncryptionKey(bytes);
  const deps = { store, dice, kek, newSigningKey: generateKeyOf, policy: KEY_POLICY };
  await bootstrapKeys(deps, { tenant });
  const openWith = async (one = kek): Promise<OpenKeys> =>
    createKeyRing({ tenant, kek: one }).open(await store.read([ringKey(tenant)]));
  return {
    deps,
    store,
    bytes,
    wait: (span: Seconds, ms = 0) => {
      now = afterMs(after(now, span), ms);
    },
    jump: (ms: number) => {
      now = afterMs(now, ms);
    },
    open: openWith,
    version: async () => (await openWith()).version,
    list: (listeners: Listeners = NOBODY) => listKeys(deps, { tenant, listeners }),
    facts: async () =>
      (await store.facts({ tenant, limit: 1000 })).facts.map(({ kind, body }) => ({ kind, body: JSON.parse(body) })),
    rotate: (listeners: Listeners, { force = false, alg = DEFAULT_SIGNING_ALG } = {}) =>
      rotateKeys(deps, { tenant, alg, force, listeners }),
    tend: (listeners: Listeners) => tendKeys(deps, { tenant, listeners: async () => listeners }),
    attempt: (trial: Trial | null, listeners: Listeners = NOBODY, force = false) =>
      tryKey(deps, { tenant, alg: "ES256", trial, force, listeners, actor: "ops" }),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

const M = 60_000;

function aMember(instance: string, changes: Partial<FleetMember> = {}): FleetMember {
  return {
    instance,
    service: "api",
    region: null,
    software: "test/1",
    maxStaleness: M,
    onStale: "unavailable",
    joined: START,
    lastNoted: START,
    join: null,
    ...changes,
  };
}

function fleetOf(members: readonly FleetMember[], heard: Readonly<Record<string, Partial<Heard>>> = {}): Listeners {
  const all = Object.entries(heard).map(
    ([instance, one]) => [instance, { connected: true, applied: null, keys: 0, lastPing: null, ...one }] as const,
  );
  return { members, heard: new Map(all), listeningSince: START, nodes: "one" };
}

describe("a rotation in front of a fleet", () => {
  it("waits for a connected verifier that has not acknowledged the next key, by hand and by time [KEY-2] [KEY-3]", async () => {
    const one = await aTenant();
    one.wait(KEY_POLICY.rotateEvery);
    const behind = fleetOf([aMember("api-1"), aMember("api-2")], { "api-1": { keys: 0 }, "api-2": { keys: 1 } });
    assert.deepEqual(await one.rotate(behind), { ok: false, code: "verifiers_behind" });
    assert.deepEqual(await one.tend(behind), { version: 1 });
    assert.deepEqual((await one.list(behind)).rotations[0]?.waitingFor, ["api-1"]);
    const known = fleetOf([aMember("api-1"), aMember("api-2")], { "api-1": { keys: 1 }, "api-2": { keys: 1 } });
    assert.deepEqual(await one.tend(known), { version: 2 });
  });

  it("goes on after a day, and the fact names those who were not waited for [KEY-3]", async () => {
    const one = await aTenant();
    const behind = fleetOf([aMember("api-1")], { "api-1": { keys: 0 } });
    one.wait(secondsOf(KEY_POLICY.rotateEvery + KEY_POLICY.patience), -1);
    assert.deepEqual(await one.tend(behind), { version: 1 });
    one.jump(1);
    assert.deepEqual(await one.tend(behind), { version: 2 });
    const activated = (await one.facts()).findLast(({ kind }) => kind === "key_activated");
    assert.deepEqual(activated?.body.laggards, { count: 1, instances: ["api-1"] });
  });

  it("is forced past them by a person, and names them all the same [KEY-2]", async () => {
    const one = await aTenant();
    const behind = fleetOf([aMember("api-1")], { "api-1": { keys: 0 } });
    assert.ok((await one.rotate(behind, { force: true })).ok);
    const activated = (await one.facts()).findLast(({ kind }) => kind === "key_activated");
    assert.deepEqual(activated?.body.laggards, { count: 1, instances: ["api-1"] });
  });

  it("waits for no verifier whose lease has run out, and for one that accepts without a lease [KEY-4]", async () => {
    const one = await aTenant();
    one.wait(SEASON);
    const lastPing = afterMs(START, SEASON * 1000);
    const gone = (connected: boolean) => fleetOf([aMember("api-1")], { "api-1": { connected, keys: 0, lastPing } });
    one.jump(M - 1);
    assert.deepEqual(await one.rotate(gone(false)), { ok: false, code: "verifiers_behind" });
    one.jump(1);
    assert.deepEqual(await one.rotate(gone(true)), { ok: false, code: "verifiers_behind" });
    const accepting = fleetOf([aMember("api-1", { onStale: "accept" })]);
    assert.deepEqual(await one.rotate(accepting), { ok: false, code: "verifiers_behind" });
    assert.ok((await one.rotate(gone(false))).ok);
  });

  it("waits for a verifier of an earlier process until its last lease must have ended [KEY-4]", async () => {
    const one = await aTenant();
    one.wait(SEASON);
    const since = afterMs(START, SEASON * 1000);
    const unheard: Listeners = { ...fleetOf([aMember("api-1")]), listeningSince: since };
    one.jump(M - 1);
    assert.deepEqual(await one.rotate(unheard), { ok: false, code: "verifiers_behind" });
    one.jump(1);
    assert.ok((await one.rotate(unheard)).ok);
  });
});

describe("a rotation where several nodes hear verifiers", () => {
  it("waits for one that another node has heard, and believes what its row says it has acknowledged [KEY-4]", async () => {
    const one = await aTenant();
    one.wait(SEASON);
    const lastNoted = afterMs(START, SEASON * 1000);
    const fleet = (keys?: number): Listeners => ({
      ...fleetOf([aMember("api-1", { lastNoted, ...(keys === undefined ? {} : { keys }) })]),
      nodes: "many",
    });
    one.jump(RENEW_EVERY + M - 1);
    assert.deepEqual(await one.rotate(fleet()), { ok: false, code: "verifiers_behind" });
    assert.deepEqual(await one.rotate(fleet(0)), { ok: false, code: "verifiers_behind" });
    assert.ok((await one.rotate(fleet(1))).ok);
  });

  it("waits for nobody whose row was not written again for an hour and M [KEY-4]", async () => {
    const one = await aTenant();
    one.wait(SEASON);
    const fleet: Listeners = { ...fleetOf([aMember("api-1")]), nodes: "many" };
    one.jump(RENEW_EVERY + M - SEASON * 1000 - 1);
    assert.deepEqual(await one.rotate(fleet), { ok: false, code: "verifiers_behind" });
    one.jump(1);
    assert.ok((await one.rotate(fleet)).ok);
  });
});

describe("a key on trial", () => {
  const token = (client: string, session: string | null) =>
    ({ alg: "ES256", client: client as ClientId, session: session as SessionId | null }) as const;

  it("signs for the one client that is named, and for nobody else, until that is taken back [KEY-5]", async () => {
    const one = await aTenant();
    one.wait(SEASON);
    const before = await one.open();
    const tried = await one.attempt({ kind: "client", client: "canary" as ClientId });
    assert.ok(tried.ok);
    const during = await one.open();
    assert.equal(during.signerFor(token("canary", "s"))?.kid, tried.value.next);
    assert.equal(during.signerFor(token("web", "s"))?.kid, before.signer.kid);
    const signed = during.signerFor(token("canary", "s"))?.sign("input");
    assert.ok((await one.attempt(null)).ok);
    const later = await one.open();
    assert.equal(later.signerFor(token("canary", "s"))?.kid, before.signer.kid);
    assert.ok(later.verificationKey(tried.value.next)?.verify("input", signed ?? new Uint8Array()));
  });

  it("signs for about its share of sessions, always the same ones [KEY-5]", async () => {
    const one = await aTenant();
    one.wait(SEASON);
    const tried = await one.attempt({ kind: "share", percent: 25 });
    assert.ok(tried.ok);
    const [first, second] = [await one.open(), await one.open()];
    let next = 0;
    for (let n = 0; n < 2000; n += 1) {
      const [a, b] = [first, second].map((keys) => keys.signerFor(token("web", `session ${n}`))?.kid);
      assert.equal(a, b);
      if (a === tried.value.next) next += 1;
    }
    assert.ok(next > 400 && next < 600, `${next} of 2000`);
  });

  it("is refused while somebody may not know the key, except by force, and says who did it [KEY-5] [K-01]", async () => {
    const one = await aTenant();
    const share: Trial = { kind: "share", percent: 1 };
    assert.deepEqual(await one.attempt(share), { ok: false, code: "key_too_fresh" });
    one.wait(SEASON);
    const behind = fleetOf([aMember("api-1")], { "api-1": { keys: 0 } });
    assert.deepEqual(await one.attempt(share, behind), { ok: false, code: "verifiers_behind" });
    assert.ok((await one.attempt(share, behind, true)).ok);
    const fact = (await one.facts()).at(-1);
    assert.deepEqual([fact?.kind, fact?.body.trial, fact?.body.actor], ["key_trial_changed", { percent: 1 }, "ops"]);
  });
});

describe("keys of further algorithms", () => {
  it("are sets of their own: one key, one algorithm, each rotated for itself [KEY-8] [JWKS-3] [K-16]", async () => {
    const one = await aTenant();
    const added = await addSigningAlg(one.deps, { tenant, alg: "Ed25519" });
    assert.ok(added.ok && (await addSigningAlg(one.deps, { tenant, alg: "RS256" })).ok);
    assert.deepEqual(await addSigningAlg(one.deps, { tenant, alg: "Ed25519" }), {
      ok: true,
      value: { ...added.value, version: 3 },
    });
    const keys = await one.open();
    const algs = keys.published.map(({ jwk, state }) => `${textOf(jwk["alg"])} ${state}`);
    assert.deepEqual(
      algs,
      ["ES256", "Ed25519", "RS256"].flatMap((alg) => [`${alg} active`, `${alg} next`]),
    );
    assert.equal(new Set(keys.published.map(({ kid }) => kid)).size, 6);
    one.wait(SEASON);
    const rotated = await one.rotate(NOBODY, { alg: "Ed25519" });
    assert.ok(rotated.ok);
    assert.equal(rotated.value.active, added.value.next);
    assert.equal((await one.open()).signer.kid, keys.signer.kid);
  });

  it("sign with their algorithm, and nothing else verifies as theirs [KEY-8] [JWKS-3]", async () => {
    const one = await aTenant();
    for (const alg of ["RS256", "Ed25519"] as const) await addSigningAlg(one.deps, { tenant, alg });
    const keys = await one.open();
    const [client, session] = ["web" as ClientId, "s" as SessionId];
    for (const alg of ["ES256", "RS256", "Ed25519"] as const) {
      const signer = keys.signerFor({ alg, client, session });
      assert.ok(signer);
      const signature = signer.sign("input");
      for (const { kid, jwk } of keys.published) {
        const verifies = keys.verificationKey(kid)?.verify("input", signature) === true;
        assert.equal(verifies, kid === signer.kid, `${alg} under a key of ${textOf(jwk["alg"])}`);
      }
    }
  });

  it("can't be rotated where there are none [KEY-8]", async () => {
    const one = await aTenant();
    assert.deepEqual(await one.rotate(NOBODY, { alg: "RS256", force: true }), {
      ok: false,
      code: "signing_alg_unavailable",
    });
  });

  it("publish public members only, RSA keys of 2,048 bits [JWKS-1] [JWKS-9] [K-13]", async () => {
    const one = await aTenant();
    for (const alg of ["RS256", "Ed25519"] as const) await addSigningAlg(one.deps, { tenant, alg });
    const members = (await one.open()).published.map(({ jwk }) => [
      textOf(jwk["alg"]),
      Object.keys(jwk).toSorted().join(" "),
    ]);
    assert.deepEqual(Object.fromEntries(members), {
      ES256: "alg crv kid kty use x y",
      RS256: "alg e kid kty n use",
      Ed25519: "alg crv kid kty use x",
    });
    const rsa = (await one.open()).published.find(({ jwk }) => jwk["alg"] === "RS256");
    assert.equal(Buffer.from(textOf(rsa?.jwk["n"]), "base64url").length, 256);
  });

  it("are compromised together with those of others, in one change or not at all [KEY-7]", async () => {
    const one = await aTenant();
    await addSigningAlg(one.deps, { tenant, alg: "Ed25519" });
    const before = await one.open();
    const kids = before.published.map(({ kid }) => kid);
    const unknown = await compromiseKeys(one.deps, { tenant, kids: [...kids, "unknown"], actor: null });
    assert.deepEqual(unknown, { ok: false, code: "key_not_found" });
    assert.equal(await one.version(), before.version);
    assert.ok((await compromiseKeys(one.deps, { tenant, kids, actor: null })).ok);
    const now = await one.open();
    assert.equal(now.version, before.version + 1);
    for (const kid of kids) assert.equal(now.verificationKey(kid), undefined);
    assert.deepEqual(
      now.published.map(({ jwk, state }) => `${textOf(jwk["alg"])} ${state}`),
      ["ES256 active", "ES256 next", "Ed25519 active", "Ed25519 next"],
    );
  });
});

describe("a rotation that went wrong", () => {
  it("is taken back: the key before signs again, and what was signed meanwhile verifies [KEY-6] [K-15]", async () => {
    const one = await aTenant();
    const { signer } = await one.open();
    assert.ok((await one.rotate(NOBODY, { force: true })).ok);
    const wrong = await one.open();
    const signature = wrong.signer.sign("input");
    assert.ok((await restoreKey(one.deps, { tenant, kid: signer.kid, actor: "ops" })).ok);
    const back = await one.open();
    assert.equal(back.signer.kid, signer.kid);
    assert.ok(back.verificationKey(wrong.signer.kid)?.verify("input", signature));
    const version = await one.version();
    assert.ok((await restoreKey(one.deps, { tenant, kid: signer.kid, actor: "ops" })).ok);
    assert.equal(await one.version(), version);
    const unknown = await restoreKey(one.deps, { tenant, kid: "unknown", actor: null });
    assert.deepEqual(unknown, { ok: false, code: "key_not_found" });
  });
});

describe("another key-encryption key", () => {
  it("takes the place of the one before in one change, which then opens nothing any more [KEY-9]", async () => {
    const one = await aTenant();
    await addSigningAlg(one.deps, { tenant, alg: "Ed25519" });
    const old = one.deps.kek;
    const fresh = dice.bytes(32);
    const [both, alone] = [keyEncryptionKey(fresh, [one.bytes]), keyEncryptionKey(fresh)];
    const before = await one.open();
    assert.deepEqual(await rewrapKeys({ ...one.deps, kek: both }, { tenant }), [old.id]);
    const told = { kind: "keys_rewrapped", body: { from: [old.id], to: alone.id } };
    assert.deepEqual((await one.facts()).at(-1), told);
    const now = await one.open(alone);
    assert.deepEqual(now.published, before.published);
    assert.deepEqual(now.mac.derive(1, "info"), before.mac.derive(1, "info"));
    assert.deepEqual(now.mac.derive(256, "info"), before.mac.derive(256, "info"));
    assert.deepEqual((await one.list()).sealedUnder, [alone.id]);
    await assert.rejects(one.open(old), (error: unknown) => error instanceof Fault && error.code === "keys_unreadable");
    assert.deepEqual(await rewrapKeys({ ...one.deps, kek: both }, { tenant }), []);
    assert.equal(now.version, before.version + 1);
  });

  it("takes along what has been replaced and is still good [KEY-9]", async () => {
    const one = await aTenant();
    one.wait(secondsOf(Math.max(KEY_POLICY.rotateEvery, KEY_POLICY.macRotateEvery, KEY_POLICY.secretRotateEvery)));
    await one.tend(NOBODY);
    const before = await one.open();
    const fresh = dice.bytes(32);
    await rewrapKeys({ ...one.deps, kek: keyEncryptionKey(fresh, [one.bytes]) }, { tenant });
    const now = await one.open(keyEncryptionKey(fresh));
    assert.deepEqual([before.published.length, now.published], [3, before.published]);
    assert.deepEqual((await one.list()).sealedUnder, [keyEncryptionKey(fresh).id]);
    for (const kid of [1, 2, 256, 257]) {
      assert.notEqual(before.mac.derive(kid, "info"), undefined);
      assert.deepEqual(now.mac.derive(kid, "info"), before.mac.derive(kid, "info"));
    }
  });

  it("seals nothing again when the one before is not at hand, and changes nothing [KEY-9] [K-12]", async () => {
    const one = await aTenant();
    const version = await one.version();
    const stranger = keyEncryptionKey(dice.bytes(32), [dice.bytes(32)]);
    await assert.rejects(
      rewrapKeys({ ...one.deps, kek: stranger }, { tenant }),
      (error: unknown) => error instanceof Fault && error.code === "keys_unreadable",
    );
    assert.equal(await one.version(), version);
  });

  it("leaves all as it was or all as it should be when the store dies in between [KEY-9] [K-09]", async () => {
    for (const crash of ["before", "after"] as const) {
      const one = await aTenant();
      const fresh = dice.bytes(32);
      const both = keyEncryptionKey(fresh, [one.bytes]);
      const dying = {
        ...one.store,
        commit: async (changes: Parameters<typeof one.store.commit>[0]) => {
          if (crash === "after") await one.store.commit(changes);
          throw new Fault("store_unavailable");
        },
      };
      await assert.rejects(rewrapKeys({ ...one.deps, store: dying, kek: both }, { tenant }), Fault);
      const done = await rewrapKeys({ ...one.deps, kek: both }, { tenant });
      assert.deepEqual(done, crash === "after" ? [] : [one.deps.kek.id]);
      assert.ok(await one.open(keyEncryptionKey(fresh)));
    }
  });
});
