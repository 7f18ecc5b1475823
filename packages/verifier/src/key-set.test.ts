import assert from "node:assert/strict";
import { test } from "node:test";
import { type KeysFrame, newReadLists, TextTable } from "@hallpass/protocol";
import { Activity } from "./activity.ts";
import { Decision } from "./decision.ts";
import { KeySet } from "./key-set.ts";
import { Knowledge } from "./knowledge.ts";
import { Memory } from "./memory.ts";
import { newCounters } from "./metrics.ts";
import { settingsFrom } from "./options.ts";
import { platformCrypto } from "./platform-crypto.ts";
import { newKey, signJws } from "./testing/test-issuer.ts";
import { hashCode } from "./token-keys.ts";
import { readToken } from "./token-reader.ts";

const [first, second] = [await newKey(), await newKey()];
const frame = (version: number, ...keys: (typeof first)[]): KeysFrame => ({
  type: "keys",
  version,
  keys: keys.map(({ wire }) => wire),
});

test("an older set than the one held is not applied, unless it opens a connection [K-08] [LEASE-7]", () => {
  const keys = new KeySet();
  assert.equal(keys.replace(frame(2, second), true), "applied");
  assert.equal(keys.replace(frame(1, first), false), "went_back");
  assert.deepEqual([keys.version, keys.find(first.wire.kid)], [2, undefined]);
  assert.equal(keys.replace(frame(1, first), true), "went_back");
  assert.deepEqual([keys.version, keys.find(second.wire.kid)], [1, undefined]);
});

test("unknown members of a key are ignored, and a key of no use here spoils no other [JWKS-4]", async () => {
  const { kid, jwk } = first.wire;
  const more = { ...jwk, kid, x5t: "AAAA", key_ops: ["verify"], "https://example.com/note": { of: "later" } };
  const useless = [{ kty: "OKP", crv: "Ed448", x: "AA" }, { kty: "RSA" }, { ...jwk, alg: "ES512" }, {}];
  const wire = [
    ...useless.map((other, index) => ({ kid: `other-${index}`, state: "active" as const, jwk: other })),
    { ...first.wire, jwk: more },
  ];
  const keys = new KeySet();
  assert.equal(keys.replace({ type: "keys", version: 1, keys: wire }, true), "applied");
  const crypto = platformCrypto();
  assert.notEqual(await keys.find(kid)?.open(crypto), undefined);
  for (const index of useless.keys()) assert.equal(await keys.find(`other-${index}`)?.open(crypto), undefined);
});

test("a key that stays is the same object, one that left and came back is another", () => {
  const keys = new KeySet();
  keys.replace(frame(1, first), true);
  const key = keys.find(first.wire.kid);
  assert.ok(key !== undefined);
  keys.replace(frame(2, first, second), false);
  assert.equal(keys.trusts(key), true);
  keys.replace(frame(3, second), false);
  keys.replace(frame(4, first, second), false);
  assert.equal(keys.trusts(key), false);
});

/** A view under a salt, which tells its memory when that changes. */
function salted(memory: Memory) {
  const knowledge = new Knowledge((change) => {
    if (change.kind === "salt") memory.clear();
  });
  const welcome = (salt: string): void => {
    knowledge.welcome({
      type: "welcome",
      feed: 1,
      issuer: "https://auth.example",
      tenant: "t",
      node: "n",
      salt,
      skew_s: 5,
      max_lifetime_s: 600,
      token_expires_ms: 1,
      resumed: false,
    });
  };
  welcome(SALT);
  knowledge.applyKeys(frame(1, first), true);
  return { knowledge, welcome };
}

const SALT = "AAAAAAAAAAAAAAAAAAAAAA";
const OTHER_SALT = "_____________________w";
const CLAIMS = { iss: "i", sub: "u", aud: "a", client_id: "c", iat: 1, exp: 2, jti: "j", pos: "1.0" };
const tokenOf = (claims: object): Promise<string> =>
  signJws(first.sign, { alg: "ES256", typ: "at+jwt", kid: first.wire.kid }, claims);

test("a token whose hashes were made under a salt that changed since is not remembered, whenever it changed [NOT-2]", async () => {
  const sync = platformCrypto();
  const token = await tokenOf(CLAIMS);
  for (let turns = 0; turns < 24; turns += 1) {
    const memory = new Memory(10);
    const { knowledge, welcome } = salted(memory);
    let hashes = 0;
    const change = async (): Promise<void> => {
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      welcome(OTHER_SALT);
    };
    const crypto = {
      ...sync,
      sha256: async (bytes: Uint8Array): Promise<Uint8Array> => {
        hashes += 1;
        if (hashes === 2) void change();
        return sync.sha256(bytes);
      },
    };
    const read = await readToken(
      { crypto, knowledge, memory, counters: newCounters(), headers: new TextTable(), lists: newReadLists() },
      token,
    );
    for (let turn = 0; turn < 48; turn += 1) await Promise.resolve();
    assert.ok(typeof read !== "string");
    assert.notEqual(hashes, 0);
    assert.ok(
      memory.find(token) === undefined || memory.find(token)?.keys.salt === knowledge.salt,
      `after ${turns} turns`,
    );
  }
});

test("nothing is decided by hashes of another salt than the view's: that is not knowing [NOT-2] [LEASE-8]", async () => {
  const memory = new Memory(10);
  const { knowledge, welcome } = salted(memory);
  const clock = { now: () => 1500, monotonic: () => 1500 };
  const settings = settingsFrom({ issuer: "https://i.example", audience: "a" });
  const decision = new Decision({ clock, settings, knowledge, activity: new Activity(undefined, () => false) });
  const snapshot = {
    type: "snapshot",
    part: 1,
    last: true,
    to: { epoch: 1, seq: 0 },
    cursor: "c",
    horizon: 0,
  } as const;
  const fill = (): void => {
    knowledge.apply({ ...snapshot, notices: [], unknownKinds: [] });
    knowledge.lease.grant({ wall: 1400, mono: 1400 });
  };
  fill();
  const read = await readToken(
    {
      crypto: platformCrypto(),
      knowledge,
      memory,
      counters: newCounters(),
      headers: new TextTable(),
      lists: newReadLists(),
    },
    await tokenOf({ ...CLAIMS, iss: "https://i.example" }),
  );
  assert.ok(typeof read !== "string");
  assert.equal(decision.decide(read, {}, undefined).kind, "accepted");
  assert.equal(decision.endOf(read.keys, read.key), undefined);
  welcome(OTHER_SALT);
  fill();
  assert.equal(decision.decide(read, {}, undefined).kind, "unavailable");
  assert.equal(decision.endOf(read.keys, read.key), "stale");
});

test("a salt that changes while a hash is waited for is noticed, and hashed again [NOT-2]", async () => {
  const sync = platformCrypto();
  const knowledge = new Knowledge(() => undefined);
  const welcome = (salt: string): void => {
    knowledge.welcome({
      type: "welcome",
      feed: 1,
      issuer: "https://auth.example",
      tenant: "t",
      node: "n",
      salt,
      skew_s: 5,
      max_lifetime_s: 600,
      token_expires_ms: 1,
      resumed: false,
    });
  };
  welcome("AAAAAAAAAAAAAAAAAAAAAA");
  knowledge.applyKeys(frame(1, first), true);
  let hashes = 0;
  const crypto = {
    ...sync,
    sha256: async (bytes: Uint8Array): Promise<Uint8Array> => {
      hashes += 1;
      const digest = await sync.sha256(bytes);
      if (hashes === 2) welcome("_____________________w");
      return digest;
    },
  };
  const claims = { iss: "i", sub: "u", aud: "a", client_id: "c", iat: 1, exp: 2, jti: "j", pos: "1.0" };
  const token = await signJws(first.sign, { alg: "ES256", typ: "at+jwt", kid: first.wire.kid }, claims);
  const read = await readToken(
    {
      crypto,
      knowledge,
      memory: new Memory(10),
      counters: newCounters(),
      headers: new TextTable(),
      lists: newReadLists(),
    },
    token,
  );
  assert.ok(typeof read !== "string");
  assert.deepEqual(read.keys.matchable.subjects, [await hashCode(sync, knowledge.salt, "subject", "u")]);
});
