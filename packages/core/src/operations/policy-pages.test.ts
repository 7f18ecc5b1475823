// Policies as they are put, compared and listed, at the edges of their pages.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { Client } from "../clients/client.ts";
import { clientKey, clientToRow } from "../clients/client-row.ts";
import type { ClientId } from "../kernel/ids.ts";
import { secondsOf } from "../kernel/time.ts";
import type { PolicyNumbers } from "../sessions/policy.ts";
import type { PolicyName } from "../sessions/policy-row.ts";
import type { Change } from "../store/store.ts";
import { aClient, aPolicy, TENANT } from "../testing/builders.ts";
import { aWorld, type World } from "../testing/world.ts";
import { listPolicies, listPolicyVersions, putPolicy, readPolicy } from "./policies.ts";

const OTHER = "other" as PolicyName;
const NONE = "none" as PolicyName;

async function put(world: World, name: PolicyName, changes: Partial<PolicyNumbers> = {}): Promise<string> {
  const edit = () => ({ ...aPolicy(), ...changes });
  const answer = await putPolicy(world, { name, edit, expectVersion: null, actor: "ops" });
  return answer.ok ? String(answer.value.policy.version) : answer.code;
}

async function added(world: World, clients: readonly Partial<Client>[]): Promise<void> {
  const changes = clients.map((changed, index): Change => {
    const client = aClient({ id: `c-${`${index}`.padStart(4, "0")}` as ClientId, ...changed });
    const rows = [{ key: clientKey(TENANT, client.id), expect: "absent" as const, next: clientToRow(client) }];
    return { attempt: client.id, rows, notices: [], facts: [] };
  });
  await world.store.commit(changes);
}

describe("a policy that is put", () => {
  it("is a fact with its version, and the same numbers in another order are none [POL-7]", async () => {
    const world = await aWorld(createMemoryStore);
    assert.equal(await put(world, OTHER), "1");
    const last = (await world.facts()).at(-1);
    assert.deepEqual([last?.kind, last?.body], ["policy_put", '{"policy":"other","version":1,"actor":"ops"}']);
    const turned = Object.fromEntries(Object.entries(aPolicy()).toReversed()) as unknown as PolicyNumbers;
    const edit = () => turned;
    const again = await putPolicy(world, { name: OTHER, edit, expectVersion: null, actor: null });
    assert.deepEqual(again.ok && [again.value.changed, again.value.policy.version], [false, 1]);
    assert.equal(await put(world, OTHER, { idle: secondsOf(70) }), "2");
  });

  it("may not rotate where only clients that authenticate, or are deleted, name it: looked for among all clients [POL-14]", async () => {
    const world = await aWorld(createMemoryStore);
    const confidential = { authentication: "client_secret_basic", policy: "other" } as const;
    await added(
      world,
      Array.from({ length: 200 }, () => confidential),
    );
    await added(world, [{ id: "x-deleted" as ClientId, policy: "other", deleted: true }]);
    assert.equal(await put(world, OTHER, { rotation: "off" }), "1");
    await added(world, [{ id: "z-public" as ClientId, policy: "other" }]);
    assert.equal(await put(world, OTHER, { rotation: "off", idle: secondsOf(70) }), "rotation_required");
  });
});

describe("lists of policies", () => {
  it("say whether there is more exactly where there is [POL-7]", async () => {
    const profiles = new Map(["b", "d"].map((name) => [name, aPolicy({ name })]));
    const world = { ...(await aWorld(createMemoryStore)), policies: profiles };
    await put(world, "a" as PolicyName);
    await put(world, "d" as PolicyName, { idle: secondsOf(70) });
    const page = async (after: string | null, limit: number): Promise<readonly unknown[]> => {
      const { policies, next } = await listPolicies(world, { after, limit });
      return [policies.map(({ policy }) => `${policy.name}${policy.version}`), next];
    };
    assert.deepEqual(await page(null, 3), [["a1", "b1", "d2"], null]);
    assert.deepEqual(await page(null, 2), [["a1", "b1"], "b"]);
    assert.deepEqual(await page(null, 1), [["a1"], "a"]);
    assert.deepEqual(await page("a", 2), [["b1", "d2"], null]);
    assert.deepEqual(await page("b", 2), [["d2"], null]);
  });

  it("of versions say so, too, and of a policy that there never was nothing [POL-7]", async () => {
    const world = await aWorld(createMemoryStore);
    for (const idle of [70, 80, 90]) await put(world, OTHER, { idle: secondsOf(idle) });
    const page = async (name: PolicyName, after: string | null, limit: number): Promise<unknown> => {
      const answer = await listPolicyVersions(world, { name, after, limit });
      if (!answer.ok) return answer.code;
      return [answer.value.policies.map(({ policy }) => policy.version), answer.value.next];
    };
    assert.deepEqual(await page(OTHER, null, 3), [[1, 2, 3], null]);
    assert.deepEqual(await page(OTHER, null, 2), [[1, 2], "2"]);
    assert.deepEqual(await page(OTHER, "2", 2), [[3], null]);
    assert.deepEqual(await page(OTHER, "3", 2), [[], null]);
    assert.equal(await page(NONE, null, 2), "policy_not_found");
    assert.deepEqual(await readPolicy(world, NONE), { ok: false, code: "policy_not_found" });
  });
});
