// The operations on keys, on a store: what each commits, what it answers, and what two of them at once do.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { Fault } from "../kernel/fault.ts";
import type { TenantId } from "../kernel/ids.ts";
import { after, afterMs, instantOf, type Seconds, secondsOf } from "../kernel/time.ts";
import { createKeyRing } from "../keys/create-key-ring.ts";
import { keyEncryptionKey } from "../keys/envelope.ts";
import { KEY_POLICY } from "../keys/key-policy.ts";
import { NOBODY } from "../keys/laggards.ts";
import { type OpenKeys, ringKey } from "../keys/ring.ts";
import { ringFromRow } from "../keys/ring-row.ts";
import { generateSigningKey } from "../keys/signing.ts";
import type { Change, Store } from "../store/store.ts";
import { bootstrapKeys } from "./bootstrap-keys.ts";
import { compromiseKeys } from "./compromise-keys.ts";
import { listKeys } from "./list-keys.ts";
import { removeKey } from "./remove-key.ts";
import { rotateKeys } from "./rotate-keys.ts";
import { tendKeys } from "./tend-keys.ts";

const tenant = "main" as TenantId;
const dice = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
/** From being published until it may sign. */
const SEASON = secondsOf(KEY_POLICY.jwksMaxAge + KEY_POLICY.skew);
/** From being retired until it may be removed. */
const OVERLAP = secondsOf(KEY_POLICY.longestTokenLifetime + 2 * KEY_POLICY.skew);

/** A tenant with keys, a clock to move, and everything that is committed to its row. */
async function aTenant({ bootstrapped = true }: { readonly bootstrapped?: boolean } = {}) {
  let now = instantOf(1_764_000_000_000);
  const committed: string[] = [];
  const store = recording(createMemoryStore({ clock: { now: () => now }, dice }), committed);
  const kek = keyEncryptionKey(dice.bytes(32));
  const deps = { store, dice, kek, newSigningKey: generateSigningKey, policy: KEY_POLICY };
  const ring = createKeyRing({ tenant, kek });
  if (bootstrapped) await bootstrapKeys(deps, { tenant });
  return {
    deps,
    store,
    committed,
    wait: (span: Seconds, ms = 0) => {
      now = afterMs(after(now, span), ms);
    },
    jump: (ms: number) => {
      now = afterMs(now, ms);
    },
    open: async (): Promise<OpenKeys> => ring.open(await store.read([ringKey(tenant)])),
    states: async () =>
      (await listKeys(deps, { tenant, listeners: NOBODY })).keys.map(({ kid, state }) => `${state} ${kid}`),
    kinds: async () => (await store.facts({ tenant, limit: 1000 })).facts.map((fact) => fact.kind),
    rotate: (force = false) => rotateKeys(deps, { tenant, alg: "ES256", force, listeners: NOBODY }),
    compromise: (kid: string) => compromiseKeys(deps, { tenant, kids: [kid], actor: "ops" }),
    remove: (kid: string) => removeKey(deps, { tenant, kid }),
    tend: () => tendKeys(deps, { tenant, listeners: async () => NOBODY }),
  };
}

function recording(store: Store, committed: string[]): Store {
  return {
    ...store,
    commit: async (changes: readonly Change[]) => {
      const outcomes = await store.commit(changes);
      for (const [at, { rows }] of changes.entries()) {
        if (outcomes[at]?.kind !== "committed") continue;
        for (const { next } of rows) if (typeof next === "object") committed.push(next.value);
      }
      return outcomes;
    },
  };
}

function statesOf(keys: OpenKeys): readonly string[] {
  return keys.published.map(({ kid, state }) => `${state} ${kid}`);
}

describe("bootstrapping keys", () => {
  it("makes an active and a next key, both published, and the first MAC key", async () => {
    const one = await aTenant({ bootstrapped: false });
    const made = await bootstrapKeys(one.deps, { tenant });
    const keys = await one.open();
    assert.deepEqual([made.created, made.version, keys.version], [true, 1, 1]);
    assert.deepEqual(statesOf(keys), [`active ${made.active}`, `next ${made.next}`]);
    assert.equal(keys.signer.kid, made.active);
    assert.deepEqual([keys.mac.currentKid, keys.mac.kids], [1, [1]]);
    assert.deepEqual(await one.kinds(), [
      "key_created",
      "key_created",
      "key_activated",
      "mac_key_created",
      "secret_key_created",
    ]);
  });

  it("changes nothing where there are keys, however often and however many at once", async () => {
    const one = await aTenant({ bootstrapped: false });
    const made = await Promise.all([1, 2, 3].map(() => bootstrapKeys(one.deps, { tenant })));
    const again = await bootstrapKeys(one.deps, { tenant });
    assert.equal(made.filter(({ created }) => created).length, 1);
    assert.equal(new Set([...made, again].map(({ active, next, version }) => `${active} ${next} ${version}`)).size, 1);
    assert.equal(one.committed.length, 1);
  });

  it("refuses to start on keys that it can't read, and leaves them as they are [K-12]", async () => {
    const wrong = keyEncryptionKey(dice.bytes(32));
    for (const spoil of [(value: string) => value.slice(0, -9), () => "", () => "{}", (value: string) => value]) {
      const one = await aTenant();
      const snapshot = await one.store.read([ringKey(tenant)]);
      const row = snapshot.get(ringKey(tenant));
      assert.ok(row);
      const value = spoil(row.value);
      const next = { value, expires: null };
      const rows = [{ key: row.key, expect: row.version, next }];
      await one.store.commit([{ attempt: "AAAAAAAAAAA", rows, notices: [], facts: [] }]);
      const before = one.committed.length;
      const deps = value === row.value ? { ...one.deps, kek: wrong } : one.deps;
      for (const attempt of [
        () => bootstrapKeys(deps, { tenant }),
        () => rotateKeys(deps, { tenant, alg: "ES256", force: true, listeners: NOBODY }),
        () => compromiseKeys(deps, { tenant, kids: ["any"], actor: null }),
      ]) {
        await assert.rejects(attempt, (error: unknown) => error instanceof Fault && error.code === "keys_unreadable");
      }
      assert.equal(one.committed.length, before);
    }
  });

  it("is what every other operation waits for", async () => {
    const one = await aTenant({ bootstrapped: false });
    for (const attempt of [() => one.rotate(), () => one.tend(), () => one.open(), () => one.states()]) {
      await assert.rejects(attempt, (error: unknown) => error instanceof Fault && error.code === "keys_unreadable");
    }
    assert.deepEqual(one.committed, []);
  });
});

describe("rotating keys", () => {
  it("waits until nobody can remember a JWKS without the next key [K-01]", async () => {
    const one = await aTenant();
    const before = await one.open();
    one.wait(SEASON, -1);
    assert.deepEqual(await one.rotate(), { ok: false, code: "key_too_fresh" });
    one.jump(1);
    const rotated = await one.rotate();
    assert.ok(rotated.ok);
    const now = await one.open();
    assert.equal(rotated.value.version, now.version);
    assert.equal(now.signer.kid, before.published.find(({ state }) => state === "next")?.kid);
    assert.deepEqual((await one.kinds()).slice(-3), ["key_retired", "key_activated", "key_created"]);
  });

  it("waits for nothing when it is forced", async () => {
    const one = await aTenant();
    assert.ok((await one.rotate(true)).ok);
    assert.ok((await one.rotate(true)).ok);
  });

  it("refuses no token that has not expired, in ten rotations [K-02]", async () => {
    const one = await aTenant();
    const tokens: { readonly kid: string; readonly input: string; readonly signature: Uint8Array; gone: number }[] = [];
    let seconds = 0;
    for (let step = 0; step < 60; step += 1) {
      const { signer } = await one.open();
      const input = `token ${step}`;
      const gone = seconds + KEY_POLICY.longestTokenLifetime + KEY_POLICY.skew;
      tokens.push({ kid: signer.kid, input, signature: signer.sign(input), gone });
      seconds += 61;
      one.wait(secondsOf(61));
      if (step % 6 === 5) assert.ok((await one.rotate()).ok);
      for (const { kid, state } of (await one.open()).published) if (state === "retiring") await one.remove(kid);
      const keys = await one.open();
      for (const token of tokens.filter((each) => each.gone > seconds)) {
        assert.ok(
          keys.verificationKey(token.kid)?.verify(token.input, token.signature),
          `${token.input}, step ${step}`,
        );
      }
    }
    assert.equal((await one.states()).filter((state) => !state.startsWith("removed")).length, 4);
  });

  it("lets one of two win that rotate at once, and signs with a published key [K-10]", async () => {
    const one = await aTenant();
    one.wait(SEASON);
    const answers = await Promise.all([one.rotate(), one.rotate()]);
    assert.equal(answers.filter(({ ok }) => ok).length, 1);
    assert.deepEqual(
      answers.find(({ ok }) => !ok),
      { ok: false, code: "key_too_fresh" },
    );
    const keys = await one.open();
    assert.equal(keys.published.find(({ kid }) => kid === keys.signer.kid)?.state, "active");
    assert.deepEqual(keys.published.map(({ state }) => state).toSorted(), ["active", "next", "retiring"]);
  });
});

describe("removing a key", () => {
  it("is refused while a token may still need it, and for a key that is not retiring [K-05]", async () => {
    const one = await aTenant();
    one.wait(SEASON);
    const { active } = await bootstrapKeys(one.deps, { tenant });
    const rotated = await one.rotate();
    assert.ok(rotated.ok);
    assert.deepEqual(await one.remove(rotated.value.active), { ok: false, code: "key_state" });
    assert.deepEqual(await one.remove(rotated.value.next), { ok: false, code: "key_state" });
    assert.deepEqual(await one.remove("unknown"), { ok: false, code: "key_not_found" });
    one.wait(OVERLAP, -1);
    assert.deepEqual(await one.remove(active), { ok: false, code: "key_state" });
    one.jump(1);
    assert.ok((await one.remove(active)).ok);
    assert.equal((await one.open()).verificationKey(active), undefined);
    assert.equal((await one.kinds()).at(-1), "key_removed");
  });
});

describe("compromising a key", () => {
  it("refuses it at once in the version that is answered, and another key signs [K-07]", async () => {
    const one = await aTenant();
    const before = await one.open();
    const answer = await one.compromise(before.signer.kid);
    const now = await one.open();
    assert.ok(answer.ok);
    assert.deepEqual([answer.value.version, answer.value.active], [now.version, now.signer.kid]);
    assert.ok(now.version > before.version);
    assert.equal(now.verificationKey(before.signer.kid), undefined);
    assert.ok(now.published.every(({ kid }) => kid !== before.signer.kid));
    const facts = (await one.store.facts({ tenant, limit: 100 })).facts.filter(
      (fact) => fact.kind === "key_compromised",
    );
    assert.deepEqual(
      facts.map((fact) => fact.body),
      [JSON.stringify({ kid: before.signer.kid, actor: "ops" })],
    );
  });

  it("may be said twice, and is no word about unknown keys", async () => {
    const one = await aTenant();
    const { active } = await bootstrapKeys(one.deps, { tenant });
    const first = await one.compromise(active);
    assert.deepEqual(await one.compromise(active), first);
    assert.equal(one.committed.length, 2);
    assert.deepEqual(await one.compromise("unknown"), { ok: false, code: "key_not_found" });
  });

  it("lasts for ever: the same key is never taken again [K-08]", async () => {
    const one = await aTenant({ bootstrapped: false });
    const fixed = [1, 2, 3, 4].map(() => generateSigningKey());
    let at = 0;
    const deps = { ...one.deps, newSigningKey: () => Uint8Array.from(fixed[at++ % fixed.length] ?? []) };
    const { active } = await bootstrapKeys(deps, { tenant });
    assert.ok((await compromiseKeys(deps, { tenant, kids: [active], actor: null })).ok);
    assert.deepEqual(await rotateKeys(deps, { tenant, alg: "ES256", force: true, listeners: NOBODY }), {
      ok: false,
      code: "key_state",
    });
    one.wait(secondsOf(KEY_POLICY.rotateEvery));
    at = 0;
    await assert.rejects(tendKeys(deps, { tenant, listeners: async () => NOBODY }), /a kid that the ring knows/);
    assert.ok((await one.states()).includes(`compromised ${active}`));
  });
});

describe("tending keys", () => {
  it("does nothing when nothing is due", async () => {
    const one = await aTenant();
    one.wait(KEY_POLICY.rotateEvery, -1);
    assert.deepEqual(await one.tend(), { version: 1 });
    assert.equal(one.committed.length, 1);
  });

  it("rotates old keys once, whichever of two nodes comes first, and removes the retired one later [K-10]", async () => {
    const one = await aTenant();
    one.wait(KEY_POLICY.rotateEvery);
    const versions = await Promise.all([one.tend(), one.tend()]);
    assert.deepEqual(versions, [{ version: 2 }, { version: 2 }]);
    one.wait(secondsOf(OVERLAP + KEY_POLICY.clockDoubt), -1);
    assert.deepEqual(await one.tend(), { version: 2 });
    one.jump(1);
    assert.deepEqual(await Promise.all([one.tend(), one.tend()]), [{ version: 3 }, { version: 3 }]);
    assert.deepEqual((await one.kinds()).slice(5), ["key_retired", "key_activated", "key_created", "key_removed"]);
  });

  it("rotates the MAC key, and the one before still verifies [RT-3]", async () => {
    const one = await aTenant();
    const before = await one.open();
    one.wait(KEY_POLICY.macRotateEvery);
    await Promise.all([one.tend(), one.tend()]);
    const now = await one.open();
    assert.deepEqual([now.mac.currentKid, now.mac.kids], [2, [2, 1]]);
    assert.deepEqual(now.mac.derive(1, "info"), before.mac.derive(1, "info"));
    assert.notDeepEqual(now.mac.derive(2, "info"), now.mac.derive(1, "info"));
  });

  it("neither rotates twice nor takes a key from its tokens when the clock jumps a day [K-11]", async () => {
    for (const jump of [86_400_000, -86_400_000]) {
      const one = await aTenant();
      one.wait(KEY_POLICY.rotateEvery);
      assert.deepEqual(await one.tend(), { version: 2 });
      for (const ms of [jump, 1000, 300_000, -jump]) {
        one.jump(ms);
        assert.deepEqual(await one.tend(), { version: 2 });
      }
    }
  });
});

describe("whatever happens to keys", () => {
  it("every committed row has one active and one next key, and nothing sealed that is gone [K-09]", async () => {
    const one = await aTenant();
    for (let turn = 0; turn < 5; turn += 1) {
      one.wait(SEASON);
      await one.rotate();
      await one.compromise((await one.open()).signer.kid);
      one.wait(KEY_POLICY.rotateEvery);
      await one.tend();
      one.wait(secondsOf(OVERLAP + KEY_POLICY.clockDoubt));
      await one.tend();
    }
    assert.ok(one.committed.length > 15);
    for (const value of one.committed) {
      const { signing } = JSON.parse(value) as { readonly signing: readonly Record<string, unknown>[] };
      const states = signing.map((key) => key["state"]);
      assert.deepEqual(states.filter((state) => state === "active" || state === "next").toSorted(), ["active", "next"]);
      for (const key of signing) {
        assert.equal("sealed" in key, key["state"] !== "removed" && key["state"] !== "compromised");
      }
      assert.ok(ringFromRow(value));
    }
  });

  it("a crash before, during or after the commit leaves a ring that a restart opens [K-09]", async () => {
    for (const crash of ["before", "after"] as const) {
      const one = await aTenant();
      one.wait(SEASON);
      const dying: Store = {
        ...one.store,
        commit: async (changes) => {
          if (crash === "after") await one.store.commit(changes);
          throw new Fault("store_unavailable");
        },
      };
      await assert.rejects(
        rotateKeys({ ...one.deps, store: dying }, { tenant, alg: "ES256", force: false, listeners: NOBODY }),
        Fault,
      );
      const keys = await one.open();
      assert.equal(keys.version, crash === "after" ? 2 : 1);
      assert.equal(keys.published.filter(({ state }) => state === "active").length, 1);
      assert.ok(keys.verificationKey(keys.signer.kid));
    }
  });

  it("nothing private is published or listed, in any state [K-13] [JWKS-1]", async () => {
    const one = await aTenant();
    one.wait(SEASON);
    await one.rotate();
    await one.compromise((await one.open()).signer.kid);
    one.wait(SEASON);
    await one.rotate();
    const keys = await one.open();
    assert.deepEqual(new Set(keys.published.map(({ state }) => state)), new Set(["active", "next", "retiring"]));
    for (const { jwk } of keys.published) {
      assert.deepEqual(Object.keys(jwk).toSorted(), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    }
    const list = await listKeys(one.deps, { tenant, listeners: NOBODY });
    assert.equal(list.version, keys.version);
    assert.ok(!/"sealed"/.test(JSON.stringify(list)));
    assert.deepEqual(
      new Set(list.keys.map(({ state }) => state)),
      new Set(["active", "next", "retiring", "compromised"]),
    );
  });
});
