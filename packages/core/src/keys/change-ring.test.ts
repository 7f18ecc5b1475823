// What a change of the keys is told by: its version, and its facts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId } from "../kernel/ids.ts";
import { bootstrapKeys } from "../operations/bootstrap-keys.ts";
import { fixedDice, START, TENANT } from "../testing/builders.ts";
import { changeRing, keyFacts, macFacts } from "./change-ring.ts";
import { keyEncryptionKey } from "./envelope.ts";
import type { KeyFact } from "./key-set.ts";
import { generateSigningKey } from "./signing.ts";

function told(facts: readonly KeyFact[], actor: string | null = null): readonly unknown[] {
  return keyFacts(TENANT, START, facts, actor).map(({ kind, body }) => [kind, JSON.parse(body)]);
}

test("each fact of a key names it, and who did it where somebody did", () => {
  for (const kind of ["key_created", "key_retired", "key_removed"] as const)
    assert.deepEqual(told([{ kind, kid: "k" }], "ops"), [[kind, { kid: "k" }]]);
  assert.deepEqual(told([{ kind: "key_compromised", kid: "k" }], "ops"), [
    ["key_compromised", { kid: "k", actor: "ops" }],
  ]);
  const trial = { kind: "client", client: "web" as ClientId } as const;
  assert.deepEqual(told([{ kind: "key_trial_changed", kid: "k", trial }], "ops"), [
    ["key_trial_changed", { kid: "k", trial: { client_id: "web" }, actor: "ops" }],
  ]);
  assert.deepEqual(
    macFacts(TENANT, START, [{ kind: "mac_key_created", kid: 2 }]).map(({ kind, body }) => [kind, JSON.parse(body)]),
    [["mac_key_created", { kid: 2 }]],
  );
});

test("a key that signs although somebody does not know it is a fact with how many, and the first fifty of them [JWKS-5]", () => {
  const laggards = Array.from({ length: 60 }, (_, index) => `gw-${index}`);
  const activated = (of: readonly string[]): unknown => told([{ kind: "key_activated", kid: "k", laggards: of }]);
  assert.deepEqual(activated([]), [["key_activated", { kid: "k" }]]);
  const named = { count: 60, instances: laggards.slice(0, 50) };
  assert.deepEqual(activated(laggards), [["key_activated", { kid: "k", laggards: named }]]);
});

test("a change is told the version that it makes, and both are answered with the keys of that version", async () => {
  const dice = fixedDice("ring");
  const store = createMemoryStore({ clock: { now: () => START }, dice });
  const deps = { store, dice, kek: keyEncryptionKey(dice.bytes(32)), newSigningKey: generateSigningKey };
  await bootstrapKeys(deps, { tenant: TENANT });
  const unchanged = await changeRing(deps, TENANT, () => ({ kind: "unchanged" }));
  const versions: number[] = [];
  const swapped = await changeRing(deps, TENANT, (ring, _, version) => {
    versions.push(version);
    return { kind: "changed", next: { ...ring, mac: { ...ring.mac, older: [] } }, facts: [] };
  });
  assert.ok(unchanged.ok && swapped.ok);
  assert.deepEqual([versions, swapped.value.version], [[unchanged.value.version + 1], unchanged.value.version + 1]);
  assert.deepEqual({ ...swapped.value, version: 0 }, { ...unchanged.value, version: 0 });
});
