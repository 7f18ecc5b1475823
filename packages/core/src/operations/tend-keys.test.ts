// What rotations wait for where the ring was written again since the next key was published, and what they say of the keys that
// sign nothing.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { afterMs, type Instant, secondsOf } from "../kernel/time.ts";
import { keyEncryptionKey } from "../keys/envelope.ts";
import { KEY_POLICY, type KeyPolicy } from "../keys/key-policy.ts";
import { type Listeners, NOBODY } from "../keys/laggards.ts";
import { ringKey } from "../keys/ring.ts";
import { generateSigningKey } from "../keys/signing.ts";
import type { FleetMember } from "../revocation/fleet.ts";
import { START, TENANT } from "../testing/builders.ts";
import { bootstrapKeys } from "./bootstrap-keys.ts";
import { rotateKeys } from "./rotate-keys.ts";
import { tendKeys } from "./tend-keys.ts";
import { tryKey } from "./try-key.ts";

const dice = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };

async function aTenant(policy: KeyPolicy = KEY_POLICY) {
  let now: Instant = START;
  const store = createMemoryStore({ clock: { now: () => now }, dice });
  const deps = { store, dice, kek: keyEncryptionKey(dice.bytes(32)), newSigningKey: generateSigningKey, policy };
  await bootstrapKeys(deps, { tenant: TENANT });
  const told = (await store.facts({ tenant: TENANT, limit: 100 })).facts.length;
  return {
    deps,
    wait: (ms: number) => {
      now = afterMs(now, ms);
    },
    tend: async (listeners = NOBODY) => {
      const { version } = await tendKeys(deps, { tenant: TENANT, listeners: async () => listeners });
      return version;
    },
    /** Writes the ring again, whose second version this is. With `isNoted` false as a release did that noted no versions. */
    writeAgain: async (isNoted: boolean) => {
      const row = (await store.read([ringKey(TENANT)])).get(ringKey(TENANT)) ?? assert.fail();
      const value = isNoted ? row.value : row.value.replaceAll(/,"published_in":\d+/g, "");
      assert.equal(value === row.value, isNoted);
      const rows = [{ key: row.key, expect: row.version, next: { value, expires: null } }];
      await store.commit([{ attempt: "AAAAAAAAAAA", rows, notices: [], facts: [] }]);
    },
    facts: async () =>
      (await store.facts({ tenant: TENANT, limit: 100 })).facts
        .slice(told)
        .map(({ kind, body }) => [kind, JSON.parse(body)]),
  };
}

/** One verifier that never stops, and has acknowledged this version. */
function knowing(keys: number): Listeners {
  const member: FleetMember = {
    instance: "api-1",
    service: "api",
    region: null,
    software: "test/1",
    maxStaleness: 60_000,
    onStale: "accept",
    joined: START,
    lastNoted: START,
    join: null,
    keys,
  };
  return { ...NOBODY, members: [member] };
}

type Tenant = Awaited<ReturnType<typeof aTenant>>;

/** Each way to have the next key sign: whether it waits for somebody. */
const WAYS: readonly ((one: Tenant, listeners: Listeners) => Promise<boolean>)[] = [
  async ({ deps }, listeners) => {
    const answer = await rotateKeys(deps, { tenant: TENANT, alg: "ES256", force: false, listeners });
    return !answer.ok && answer.code === "verifiers_behind";
  },
  async ({ deps }, listeners) => {
    const trial = { kind: "share", percent: 5 } as const;
    const request = { tenant: TENANT, alg: "ES256", trial, force: false, listeners, actor: null } as const;
    const answer = await tryKey(deps, request);
    return !answer.ok && answer.code === "verifiers_behind";
  },
  async (one, listeners) => (await one.tend(listeners)) === 2,
];

describe("a next key, before it signs by hand, on trial or by time,", () => {
  it("waits for who has not acknowledged the version that published it, however often the ring was written since [KEY-2] [KEY-3]", async () => {
    for (const waits of WAYS) {
      const one = await aTenant();
      await one.writeAgain(true);
      one.wait(KEY_POLICY.rotateEvery * 1000);
      assert.ok(await waits(one, knowing(0)));
      assert.ok(!(await waits(one, knowing(1))));
    }
  });

  it("waits for who has not acknowledged the ring as it is, where the release before has not noted which version that was [KEY-2]", async () => {
    for (const waits of WAYS) {
      const one = await aTenant();
      await one.writeAgain(false);
      one.wait(KEY_POLICY.rotateEvery * 1000);
      assert.ok(await waits(one, knowing(0)));
      assert.ok(await waits(one, knowing(1)));
      assert.ok(!(await waits(one, knowing(2))));
    }
  });
});

describe("what is said of a MAC key, or a key for secrets, that time has made", () => {
  const never = { rotateEvery: secondsOf(10 * KEY_POLICY.rotateEvery) };

  it("is its number, where both are due, and which of them where one is [KEY-10] [KEY-11]", async () => {
    const mac = ["mac_key_created", { kid: 2 }];
    const secret = ["secret_key_created", { kid: 257 }];
    const later = secondsOf(2 * KEY_POLICY.macRotateEvery);
    for (const [changes, expected] of [
      [{}, [mac, secret]],
      [{ secretRotateEvery: later }, [mac]],
      [{ macRotateEvery: later }, [secret]],
    ] as const) {
      const one = await aTenant({ ...KEY_POLICY, ...never, ...changes });
      one.wait(KEY_POLICY.macRotateEvery * 1000 - 1);
      assert.equal(await one.tend(), 1);
      one.wait(1);
      assert.equal(await one.tend(), 2);
      assert.deepEqual(await one.facts(), expected);
    }
  });
});
