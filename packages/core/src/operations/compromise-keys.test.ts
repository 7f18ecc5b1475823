// Compromising keys of one algorithm among several: what is answered, and what is made, refused and said.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import type { SigningAlg } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import type { Answer } from "../kernel/refusal.ts";
import type { RingVersion } from "../keys/change-ring.ts";
import { keyEncryptionKey } from "../keys/envelope.ts";
import { KEY_POLICY } from "../keys/key-policy.ts";
import { NOBODY } from "../keys/laggards.ts";
import { generateKeyOf } from "../keys/open-key.ts";
import { START, TENANT } from "../testing/builders.ts";
import { addSigningAlg } from "./add-signing-alg.ts";
import { bootstrapKeys } from "./bootstrap-keys.ts";
import { compromiseKeys } from "./compromise-keys.ts";
import { listKeys } from "./list-keys.ts";

const dice = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };

/** Active and next of ES256, then of Ed25519. */
async function aTenant() {
  const store = createMemoryStore({ clock: { now: () => START }, dice });
  const made: SigningAlg[] = [];
  const before: Uint8Array[] = [];
  let again: readonly [at: number, which: number] | undefined;
  const newSigningKey = (alg: SigningAlg): Uint8Array => {
    made.push(alg);
    const known = again?.[0] === made.length ? before[again[1]] : undefined;
    const key = known ?? generateKeyOf(alg);
    before.push(Uint8Array.from(key));
    return Uint8Array.from(key);
  };
  const deps = { store, dice, kek: keyEncryptionKey(dice.bytes(32)), newSigningKey, policy: KEY_POLICY };
  const es = await bootstrapKeys(deps, { tenant: TENANT });
  const ed = await addSigningAlg(deps, { tenant: TENANT, alg: "Ed25519" });
  assert.ok(ed.ok);
  made.length = 0;
  return {
    es,
    ed: ed.value,
    /** Of which algorithms keys were made since. */
    made,
    /** The key that is made as the `at`th from now on is one of those from before. */
    makeAgain: (at: number, which: number) => {
      again = [at, which];
    },
    compromise: (...kids: readonly string[]) => compromiseKeys(deps, { tenant: TENANT, kids, actor: "ops" }),
    states: async () => {
      const { keys } = await listKeys(deps, { tenant: TENANT, listeners: NOBODY });
      return new Map(keys.map(({ kid, state }) => [kid, state]));
    },
    facts: async () =>
      (await store.facts({ tenant: TENANT, limit: 100 })).facts
        .filter(({ kind }) => kind === "key_compromised")
        .map(({ body }): unknown => JSON.parse(body)),
    version: async () => (await listKeys(deps, { tenant: TENANT, listeners: NOBODY })).version,
  };
}

function valueOf(answer: Answer<RingVersion>): RingVersion {
  assert.ok(answer.ok);
  return answer.value;
}

describe("compromising keys where there are several algorithms", () => {
  it("answers which keys are active and next of the algorithm of the first that is named [KEY-7] [KEY-8]", async () => {
    const one = await aTenant();
    const first = valueOf(await one.compromise(one.ed.active));
    assert.equal(first.active, one.ed.next);
    assert.ok(![one.ed.active, one.ed.next, one.es.active, one.es.next].includes(first.next));
    const again = valueOf(await one.compromise(one.ed.active));
    assert.deepEqual(again, first);
    const both = valueOf(await one.compromise(one.es.next, first.active));
    assert.equal(both.active, one.es.active);
    assert.equal((await one.states()).get(both.next), "next");
  });

  it("makes no key of an algorithm of which none was compromised: that may take long [KEY-8]", async () => {
    const one = await aTenant();
    await one.compromise(one.ed.next);
    assert.deepEqual(new Set(one.made), new Set(["Ed25519"]));
  });

  it("says of each that it was compromised and by whom, and of no other [KEY-7]", async () => {
    const one = await aTenant();
    await one.compromise(one.es.active, one.ed.next);
    const actor = "ops";
    assert.deepEqual(await one.facts(), [
      { kid: one.es.active, actor },
      { kid: one.ed.next, actor },
    ]);
    const states = await one.states();
    assert.deepEqual(
      [one.es.active, one.es.next, one.ed.active, one.ed.next].map((kid) => states.get(kid)),
      ["compromised", "active", "active", "compromised"],
    );
  });

  it("changes none of them where a new key of one algorithm is one that was there before [KEY-7] [K-08]", async () => {
    for (const [place, known] of [
      [1, 0],
      [3, 2],
    ] as const) {
      const one = await aTenant();
      const version = await one.version();
      one.makeAgain(place, known);
      assert.deepEqual(await one.compromise(one.es.next, one.ed.next), { ok: false, code: "key_state" });
      assert.equal(await one.version(), version);
    }
  });

  it("answers ES256's keys, and changes nothing, where none is named", async () => {
    const one = await aTenant();
    const { active, next } = one.es;
    assert.deepEqual(valueOf(await one.compromise()), { version: await one.version(), active, next });
    assert.deepEqual(await one.facts(), []);
  });
});
