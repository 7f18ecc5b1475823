// What is said of a change of the keys: exactly what happened, in order, and nothing where nothing did.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Fault } from "../kernel/fault.ts";
import { after, afterMs, secondsOf } from "../kernel/time.ts";
import { fixedDice, SID, START, TENANT, WEB } from "../testing/builders.ts";
import { keyEncryptionKey } from "./envelope.ts";
import { freshSigningKeys } from "./fresh-keys.ts";
import { KEY_POLICY } from "./key-policy.ts";
import { decideKeys, firstKeySet, furtherKeySet, type KeyEvent } from "./key-set.ts";
import { signerOf } from "./ring.ts";
import { rotateSecretKeys } from "./secret-keys.ts";
import { generateSigningKey } from "./signing.ts";
import { type FreshKey, isRemovalDue, type KeySet } from "./signing-key.ts";
import { isTried } from "./trial.ts";

const fresh = (kid: string): FreshKey => ({ kid, sealed: `sealed ${kid}`, publishedIn: 2 });
const NOW = afterMs(START, 1);

const set: KeySet = {
  ...firstKeySet(fresh("a"), fresh("n"), START).next,
  retiring: [
    {
      kid: "r",
      sealed: "sealed r",
      state: "retiring",
      publishedAt: START,
      activatedAt: START,
      retiredAt: START,
      lastTokenExpires: START,
    },
  ],
  gone: [
    { kid: "c", state: "compromised", at: START, was: "active" },
    { kid: "x", state: "removed", removedAt: START },
    { kid: "y", state: "removed", removedAt: START },
  ],
};

const compromise = (...kids: readonly string[]): KeyEvent => ({
  kind: "compromise",
  kids,
  fresh: [fresh("f"), fresh("g")],
});

function said(event: KeyEvent, now = NOW): unknown {
  const ruling = decideKeys(set, event, now, KEY_POLICY);
  if (ruling.kind !== "changed") return ruling;
  return ruling.facts.map(({ kind, kid }) => `${kind} ${kid}`);
}

test("a key that is compromised is said to be, and what takes its place to be created [K-07] [KEY-7]", () => {
  assert.deepEqual(said(compromise("n")), ["key_compromised n", "key_created f"]);
  assert.deepEqual(said(compromise("a")), ["key_compromised a", "key_activated n", "key_created f"]);
  assert.deepEqual(said(compromise("r", "x")), ["key_compromised r", "key_compromised x"]);
  assert.deepEqual(said(compromise("c")), { kind: "unchanged" });
  const ruling = decideKeys(set, compromise("x", "y"), NOW, KEY_POLICY);
  assert.ok(ruling.kind === "changed");
  assert.deepEqual(
    ruling.next.gone.map(({ kid, state }) => `${kid} ${state}`),
    ["c compromised", "x compromised", "y compromised"],
  );
});

test("a key that is put back or removed is said to be, once, and one that nobody knows is not found [K-15] [KEY-6]", () => {
  assert.deepEqual(said({ kind: "restore", kid: "r" }), ["key_retired a", "key_activated r"]);
  assert.deepEqual(said({ kind: "restore", kid: "a" }), { kind: "unchanged" });
  const expired = after(START, KEY_POLICY.skew);
  assert.deepEqual(said({ kind: "remove", kid: "r" }, expired), ["key_removed r"]);
  assert.deepEqual(said({ kind: "remove", kid: "x" }, expired), { kind: "unchanged" });
  for (const kind of ["restore", "remove"] as const)
    assert.deepEqual(said({ kind, kid: "nobody's" }), { kind: "refused", code: "key_not_found" });
});

test("the first set of a further algorithm signs when whoever remembers a JWKS has fetched it again [JWKS-5]", () => {
  const further = furtherKeySet(fresh("a"), fresh("n"), START, KEY_POLICY);
  const activatedAt = after(START, secondsOf(KEY_POLICY.jwksMaxAge + KEY_POLICY.skew));
  assert.deepEqual(further.next.active, { ...firstKeySet(fresh("a"), fresh("n"), START).next.active, activatedAt });
});

test("a change that decides twice is given the same fresh keys, and another change others [K-08]", () => {
  const dice = fixedDice("fresh");
  const deps = { dice, kek: keyEncryptionKey(dice.bytes(32)), newSigningKey: generateSigningKey };
  const made = freshSigningKeys(deps, TENANT);
  assert.deepEqual(made("ES256", 3), { ...made("ES256", 2), publishedIn: 3 });
  const kids = [made("ES256", 2), made("ES256", 2, 2), freshSigningKeys(deps, TENANT)("ES256", 2)].map(
    ({ kid }) => kid,
  );
  assert.equal(new Set(kids).size, 3);
});

test("keys are removed as soon as one of them is long expired, whichever that is [K-05]", () => {
  const over = after(after(START, KEY_POLICY.skew), KEY_POLICY.clockDoubt);
  const [one] = set.retiring;
  assert.ok(one !== undefined);
  const young = { ...one, kid: "young", lastTokenExpires: over };
  assert.ok(!isRemovalDue({ ...set, retiring: [] }, over, KEY_POLICY));
  for (const retiring of [
    [one, young],
    [young, one],
  ]) {
    assert.ok(!isRemovalDue({ ...set, retiring }, afterMs(over, -1), KEY_POLICY));
    assert.ok(isRemovalDue({ ...set, retiring }, over, KEY_POLICY));
  }
});

test("a key for secrets that another node was faster with changes nothing [OP-2]", () => {
  const first = rotateSecretKeys(null, { kid: 256, sealed: "sealed" }, START);
  assert.ok(first !== null);
  for (const kid of [256, 258]) assert.equal(rotateSecretKeys(first, { kid, sealed: "other" }, NOW), first);
  assert.equal(rotateSecretKeys(first, { kid: 257, sealed: "other" }, NOW)?.current.kid, 257);
});

test("a share tries the sessions below it, and clients of tokens without a session [KEY-5]", () => {
  for (const [session, text] of [
    [SID, SID],
    [null, WEB],
  ] as const) {
    const place = createHash("sha256").update(text).digest().readUInt32BE(0) % 100;
    const tried = (percent: number): boolean => isTried({ kind: "share", percent }, { client: WEB, session });
    assert.deepEqual([tried(place), tried(place + 1)], [false, true]);
  }
});

test("a token of an algorithm without keys is signed by nobody", () => {
  const token = { alg: "RS256", client: WEB, session: null } as const;
  assert.throws(() => signerOf({ signerFor: () => undefined }, token), Fault);
});
