// The keys under which clients' secrets rest, and the MAC keys that they used to rest under.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { formatClientSecret } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientCredentials } from "../clients/authenticate.ts";
import { clientFromRow, clientKey, clientToRow } from "../clients/client-row.ts";
import { Fault } from "../kernel/fault.ts";
import type { ClientId, TenantId } from "../kernel/ids.ts";
import { Secret } from "../kernel/secret.ts";
import { after, afterMs, instantOf, type Seconds, secondsOf } from "../kernel/time.ts";
import { createKeyRing } from "../keys/create-key-ring.ts";
import { keyEncryptionKey } from "../keys/envelope.ts";
import { KEY_POLICY } from "../keys/key-policy.ts";
import { NOBODY } from "../keys/laggards.ts";
import { generateKeyOf } from "../keys/open-key.ts";
import { ringKey } from "../keys/ring.ts";
import type { FleetMember } from "../revocation/fleet.ts";
import { PROFILES } from "../sessions/profiles.ts";
import type { Change, Store } from "../store/store.ts";
import { aClient } from "../testing/builders.ts";
import { bootstrapIssuer } from "./bootstrap-issuer.ts";
import { bootstrapKeys } from "./bootstrap-keys.ts";
import { dropUnusedKeys } from "./drop-unused-keys.ts";
import { issueClientToken } from "./issue-client-token.ts";
import { listKeys } from "./list-keys.ts";
import { registerClient } from "./register-client.ts";
import { rotateClientSecret } from "./rotate-client-secret.ts";
import { tendKeys } from "./tend-keys.ts";

const tenant = "main" as TenantId;
const API = "https://api.example";
const dice = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };

async function aTenant() {
  let now = instantOf(1_764_000_000_000);
  const store = createMemoryStore({ clock: { now: () => now }, dice });
  const kek = keyEncryptionKey(dice.bytes(32));
  const deps = { store, dice, kek, newSigningKey: generateKeyOf, policy: KEY_POLICY };
  await bootstrapKeys(deps, { tenant });
  const issuer = await bootstrapIssuer(
    { store, dice },
    { tenant, url: "https://auth.example", skew: 5, maxTokenLifetime: 600 },
  );
  const keys = createKeyRing({ tenant, kek });
  const used = (over: Partial<Store> = {}) => ({
    store: { ...store, ...over },
    dice,
    keys,
    issuer,
    tenant,
    policies: PROFILES,
    clientTokenLifetime: secondsOf(600),
  });
  const kidsOf = async (id: string) => {
    const key = clientKey(tenant, id as ClientId);
    const row = (await store.read([key])).get(key);
    return row === undefined ? [] : clientFromRow(row).secrets.map(({ kid }) => kid);
  };
  return {
    store,
    used,
    wait: (span: Seconds, ms = 0) => {
      now = afterMs(after(now, span), ms);
    },
    tend: () => tendKeys(deps, { tenant, listeners: async () => NOBODY }),
    drop: () => dropUnusedKeys(deps, { tenant }),
    mac: async () => keys.open(await store.read([ringKey(tenant)])).mac,
    kinds: async () => (await store.facts({ tenant, limit: 1000 })).facts.map(({ kind }) => kind),
    kidsOf,
    kidOf: async (id: string) => (await kidsOf(id))[0],
    /** Takes the keys for secrets out of the row, as the release before has left it. */
    asBefore: async () => {
      const row = (await store.read([ringKey(tenant)])).get(ringKey(tenant));
      assert.ok(row);
      const { secrets: _, ...rest } = JSON.parse(row.value) as { readonly secrets: unknown };
      const rows = [{ key: row.key, expect: row.version, next: { value: JSON.stringify(rest), expires: null } }];
      await store.commit([{ attempt: "AAAAAAAAAAA", rows, notices: [], facts: [] }]);
    },
    add: async (id: string, preset: string | null = null): Promise<ClientCredentials> => {
      const made = await registerClient(
        used(),
        {
          id: id as ClientId,
          name: id,
          authentication: "client_secret_basic",
          grants: ["client_credentials"],
          scope: ["read"],
          audiences: [API],
          policy: "consumer",
        },
        null,
        preset,
      );
      assert.ok(made.ok);
      const secret = made.value.secret ?? new Secret("");
      return { method: "client_secret_basic", clientId: id as ClientId, secret };
    },
    use: async (credentials: ClientCredentials, over: Partial<Store> = {}) =>
      (await issueClientToken(used(over), { credentials, scope: undefined, audience: undefined })).ok,
  };
}

describe("a client's secret at rest", () => {
  it("is hashed under the key for secrets, not under a MAC key [KEY-10] [OP-2]", async () => {
    const one = await aTenant();
    await one.add("api");
    assert.equal(await one.kidOf("api"), 256);
  });

  it("is hashed again under the current key when it is used, once, and goes on to be accepted [KEY-10]", async () => {
    const one = await aTenant();
    const credentials = await one.add("api");
    one.wait(KEY_POLICY.secretRotateEvery);
    await one.tend();
    assert.equal(await one.kidOf("api"), 256);
    assert.ok(await one.use(credentials));
    assert.equal(await one.kidOf("api"), 257);
    assert.ok(await one.use(credentials));
    const { facts } = await one.store.facts({ tenant, limit: 1000 });
    const told = facts.filter(({ kind }) => kind === "client_secret_rehashed").map(({ body }) => JSON.parse(body));
    assert.deepEqual(told, [{ client: "api", from: 256, to: 257 }]);
    const wrong = { ...credentials, secret: new Secret(formatClientSecret(dice.bytes(32))) } as ClientCredentials;
    assert.equal(await one.use(wrong), false);
  });

  it("is hashed again once by two that use it at once, and neither is turned away [KEY-10]", async () => {
    const one = await aTenant();
    const credentials = await one.add("api");
    one.wait(KEY_POLICY.secretRotateEvery);
    await one.tend();
    assert.deepEqual(await Promise.all([one.use(credentials), one.use(credentials)]), [true, true]);
    assert.deepEqual(await one.kidsOf("api"), [257]);
    assert.equal((await one.kinds()).filter((kind) => kind === "client_secret_rehashed").length, 1);
  });

  it("is hashed again alone where the client has another beside it, and both go on to be accepted [KEY-10]", async () => {
    const one = await aTenant();
    const older = await one.add("api");
    const request = { client: "api" as ClientId, overlapMs: 1e12, preset: null, actor: null };
    const rotated = await rotateClientSecret(one.used(), request, () => undefined);
    assert.ok(rotated.ok && rotated.value.secret !== null);
    const newer = { ...older, secret: rotated.value.secret } as ClientCredentials;
    one.wait(KEY_POLICY.secretRotateEvery);
    await one.tend();
    assert.ok(await one.use(newer));
    assert.deepEqual(await one.kidsOf("api"), [256, 257]);
    assert.ok(await one.use(older));
    assert.deepEqual(await one.kidsOf("api"), [257, 257]);
    for (const credentials of [older, newer]) assert.ok(await one.use(credentials));
  });

  it("leaves a preset SHA-256 for a keyed hash when it is first used [KEY-10]", async () => {
    const one = await aTenant();
    const text = formatClientSecret(dice.bytes(32));
    const credentials = await one.add("api", createHash("sha256").update(text).digest("base64url"));
    assert.equal(await one.kidOf("api"), 0);
    assert.ok(await one.use({ ...credentials, secret: new Secret(text) } as ClientCredentials));
    assert.equal(await one.kidOf("api"), 256);
  });

  it("is not hashed again for a wrong secret, and a store that can't write turns nobody away [KEY-10]", async () => {
    const one = await aTenant();
    const credentials = await one.add("api");
    one.wait(KEY_POLICY.secretRotateEvery);
    await one.tend();
    const wrong = { ...credentials, secret: new Secret(formatClientSecret(dice.bytes(32))) } as ClientCredentials;
    assert.equal(await one.use(wrong), false);
    assert.equal(await one.kidOf("api"), 256);
    const full = { commit: () => Promise.reject(new Fault("store_full")) };
    assert.ok(await one.use(credentials, full));
    assert.equal(await one.kidOf("api"), 256);
    const defect = new Error("no fault of the store");
    await assert.rejects(one.use(credentials, { commit: () => Promise.reject(defect) }), defect);
  });
});

describe("a key for secrets", () => {
  it("is dropped when no secret is hashed under it any more, and not before [KEY-10]", async () => {
    const one = await aTenant();
    const [api, billing] = [await one.add("api"), await one.add("billing")];
    one.wait(KEY_POLICY.secretRotateEvery);
    await one.tend();
    one.wait(KEY_POLICY.clockDoubt);
    assert.ok(await one.use(api));
    assert.deepEqual(await one.drop(), []);
    assert.ok(await one.use(billing));
    assert.deepEqual(await one.drop(), [256]);
    assert.equal((await one.kinds()).at(-1), "secret_key_removed");
    assert.equal((await one.mac()).derive(256, "info"), undefined);
    assert.ok(await one.use(api));
    assert.deepEqual(await one.drop(), []);
  });

  it("is looked for among all clients, however many, and goes alone [KEY-10]", async () => {
    const one = await aTenant();
    const first = await one.add("zz-first");
    one.wait(KEY_POLICY.secretRotateEvery);
    await one.tend();
    const second = await one.add("zz-second");
    one.wait(KEY_POLICY.secretRotateEvery);
    await one.tend();
    one.wait(KEY_POLICY.clockDoubt);
    const changes = Array.from({ length: 500 }, (_, index): Change => {
      const client = aClient({ id: `c-${index}` as ClientId });
      const rows = [{ key: clientKey(tenant, client.id), expect: "absent" as const, next: clientToRow(client) }];
      return { attempt: client.id, rows, notices: [], facts: [] };
    });
    await one.store.commit(changes);
    const version = async () => (await one.store.read([ringKey(tenant)])).get(ringKey(tenant))?.version;
    const before = await version();
    assert.deepEqual(await one.drop(), []);
    assert.equal(await version(), before);
    const listed = await listKeys({ store: one.store, policy: KEY_POLICY }, { tenant, listeners: NOBODY });
    assert.deepEqual(
      [listed.macKeys, listed.secretKeys],
      [
        { current: 3, older: [2, 1] },
        { current: 258, older: [257, 256] },
      ],
    );
    assert.ok(await one.use(first));
    assert.deepEqual(await one.drop(), [256]);
    assert.equal((await one.kinds()).at(-1), "secret_key_removed");
    assert.ok(await one.use(second));
    assert.deepEqual(await one.drop(), [257]);
    assert.ok(await one.use(second));
  });

  it("stays for a day after it was rotated: somebody may be writing what he read before [KEY-10]", async () => {
    const one = await aTenant();
    one.wait(KEY_POLICY.secretRotateEvery);
    await one.tend();
    one.wait(KEY_POLICY.clockDoubt, -1);
    assert.deepEqual(await one.drop(), []);
    one.wait(secondsOf(1));
    assert.deepEqual(await one.drop(), [256]);
  });

  it("is made for rings from before there were any, whose secrets move to it as they are used [KEY-10]", async () => {
    const one = await aTenant();
    await one.asBefore();
    const credentials = await one.add("api");
    assert.equal(await one.kidOf("api"), 1);
    assert.deepEqual(await one.drop(), []);
    // It has acknowledged the version in which the next key was published; the ring was written again since.
    const member: FleetMember = {
      instance: "a",
      service: "api",
      region: null,
      software: "1",
      maxStaleness: 1000,
      onStale: "accept",
      joined: instantOf(0),
      lastNoted: instantOf(0),
      join: null,
      keys: 1,
    };
    const listeners = { ...NOBODY, members: [member] };
    const listed = await listKeys({ store: one.store, policy: KEY_POLICY }, { tenant, listeners });
    assert.equal(listed.secretKeys, null);
    assert.deepEqual(
      listed.rotations.map(({ waitingFor }) => waitingFor),
      [[]],
    );
    assert.ok(await one.use(credentials));
    assert.equal(await one.kidOf("api"), 1);
    await one.tend();
    assert.ok(await one.use(credentials));
    assert.equal(await one.kidOf("api"), 256);
  });
});

describe("a MAC key", () => {
  it("is dropped when no session that was opened under it can live, and a day for the clock has passed [KEY-11] [RT-3]", async () => {
    const one = await aTenant();
    one.wait(KEY_POLICY.macRotateEvery);
    await one.tend();
    one.wait(secondsOf(KEY_POLICY.macKeep + KEY_POLICY.clockDoubt), -1);
    assert.ok(!(await one.drop()).includes(1));
    one.wait(secondsOf(1));
    assert.ok((await one.drop()).includes(1));
    assert.ok((await one.kinds()).includes("mac_key_removed"));
    const mac = await one.mac();
    assert.ok(!mac.kids.includes(1));
    assert.equal(mac.derive(1, "info"), undefined);
  });

  it("stays as long as a client's secret is hashed under it, however old [KEY-11]", async () => {
    const one = await aTenant();
    await one.asBefore();
    const credentials = await one.add("api");
    one.wait(KEY_POLICY.macRotateEvery);
    await one.tend();
    one.wait(secondsOf(2 * KEY_POLICY.macKeep));
    assert.ok(!(await one.drop()).includes(1));
    assert.ok(await one.use(credentials));
    assert.ok((await one.drop()).includes(1));
    assert.ok(await one.use(credentials));
  });
});
