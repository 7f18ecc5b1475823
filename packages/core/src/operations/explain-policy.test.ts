// Which numbers hold for a session or would hold for a client's next one, and where each of them comes from.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { clientKey, clientToRow } from "../clients/client-row.ts";
import type { ClientId, SessionId } from "../kernel/ids.ts";
import type { Issuer } from "../kernel/issuer.ts";
import { secondsOf } from "../kernel/time.ts";
import type { PolicyNumbers } from "../sessions/policy.ts";
import { type PolicyName, policyKey, policyVersionKey } from "../sessions/policy-row.ts";
import { aClient, aPolicy, TENANT, WEB } from "../testing/builders.ts";
import { aWorld, opened, type World } from "../testing/world.ts";
import { type ExplainedPolicy, explainClientPolicy, explainSessionPolicy, type Member } from "./explain-policy.ts";
import { putPolicy } from "./policies.ts";

const LONG = { idle: secondsOf(500), absolute: secondsOf(5000) };

async function put(world: World, changes: Partial<PolicyNumbers>): Promise<void> {
  const name = "test" as PolicyName;
  const edit = () => ({ ...aPolicy(), ...changes });
  assert.ok((await putPolicy(world, { name, edit, expectVersion: null, actor: "ops" })).ok);
}

async function ofClient(world: World, client: ClientId = WEB): Promise<ExplainedPolicy | string> {
  const answer = await explainClientPolicy(world, client);
  return answer.ok ? answer.value : answer.code;
}

async function ofSession(world: World, id: SessionId, issuer: Issuer = world.issuer): Promise<ExplainedPolicy> {
  const answer = await explainSessionPolicy({ ...world, issuer }, id);
  assert.ok(answer.ok);
  return answer.value;
}

function numberOf(explained: ExplainedPolicy | string, member: Member): readonly [unknown, unknown] {
  assert.ok(typeof explained !== "string");
  const found = explained.numbers.find((one) => one.member === member);
  return [found?.value, found?.source];
}

const gone = async (world: World, key: ReturnType<typeof policyKey>): Promise<void> => {
  const rows = [{ key, expect: 1, next: "gone" as const }];
  await world.store.commit([{ attempt: `gone${key.kind}`, rows, notices: [], facts: [] }]);
};

describe("what a client's next session would get", () => {
  it("is every number of the policy that holds, each with the version since which it does [POL-13]", async () => {
    const world = await aWorld(createMemoryStore);
    const first = await ofClient(world);
    assert.ok(typeof first !== "string");
    assert.deepEqual([first.name, first.version, first.current, first.put], ["test", 1, 1, null]);
    const { name: _, version: __, ...members } = aPolicy();
    assert.deepEqual(
      first.numbers.map(({ member, value }) => [member, value]),
      Object.entries(members),
    );
    for (const { source } of first.numbers) assert.deepEqual(source, { kind: "policy", since: 1 });
    await put(world, { idle: secondsOf(70) });
    const second = await ofClient(world);
    assert.ok(typeof second !== "string");
    assert.deepEqual([second.version, second.current, second.put], [2, 2, { at: world.now(), by: "ops" }]);
    assert.deepEqual(numberOf(second, "idle"), [70, { kind: "policy", since: 2 }]);
    assert.deepEqual(numberOf(second, "absolute"), [1000, { kind: "policy", since: 1 }]);
  });

  it("is capped by the issuer, and only where the policy says more [POL-13]", async () => {
    const world = await aWorld(createMemoryStore);
    const capped = async (most: number) => {
      const issuer = { ...world.issuer, maxTokenLifetime: secondsOf(most) };
      const answer = await explainClientPolicy({ ...world, issuer }, WEB);
      return numberOf(answer.ok ? answer.value : answer.code, "accessLifetime");
    };
    assert.deepEqual(await capped(59), [59, { kind: "issuer" }]);
    assert.deepEqual(await capped(60), [60, { kind: "policy", since: 1 }]);
    assert.deepEqual(numberOf(await ofClient(world), "absolute"), [1000, { kind: "policy", since: 1 }]);
  });

  it("is nothing for a client that is not there, or whose policy is not [POL-13]", async () => {
    const world = await aWorld(createMemoryStore);
    assert.equal(await ofClient(world, "nobody" as ClientId), "client_not_found");
    for (const policy of ["none", "no such"]) {
      const client = aClient({ id: `c-${policy.length}` as ClientId, policy });
      const rows = [{ key: clientKey(TENANT, client.id), expect: "absent" as const, next: clientToRow(client) }];
      await world.store.commit([{ attempt: policy, rows, notices: [], facts: [] }]);
      assert.equal(await ofClient(world, client.id), "policy_not_found");
    }
  });
});

describe("what holds for a session", () => {
  it("is what it was opened under, beside the version that holds now [POL-13]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    await put(world, { idle: secondsOf(70) });
    const two = await opened(world);
    const [before, after] = [await ofSession(world, one.session.id), await ofSession(world, two.session.id)];
    assert.deepEqual([before.name, before.version, before.current, before.put], ["test", 1, 2, null]);
    assert.deepEqual([after.version, after.current, after.put], [2, 2, { at: world.now(), by: "ops" }]);
    assert.deepEqual(numberOf(before, "idle"), [100, { kind: "policy", since: 1 }]);
    assert.deepEqual(numberOf(after, "idle"), [70, { kind: "policy", since: 2 }]);
    assert.deepEqual(
      before.numbers.map(({ member }) => member),
      [
        "accessLifetime",
        "idle",
        "absolute",
        "retryWindow",
        "recoveryWindow",
        "onReuse",
        "rotation",
        "refreshIsActivity",
      ],
    );
    const issuer = { ...world.issuer, maxTokenLifetime: secondsOf(59) };
    assert.deepEqual(numberOf(await ofSession(world, one.session.id, issuer), "accessLifetime"), [
      59,
      { kind: "issuer" },
    ]);
    assert.deepEqual(await explainSessionPolicy(world, "019a9c3e-0000-7000-8000-000000000009" as SessionId), {
      ok: false,
      code: "session_not_found",
    });
  });

  it("is shorter below a parent, and longer for who asked to be remembered [POL-13] [POL-5]", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ remembered: LONG }) });
    const parent = await opened(world);
    world.wait(10_000);
    const child = await ofSession(world, (await opened(world, { parent: parent.session.id })).session.id);
    assert.deepEqual(numberOf(child, "absolute"), [990, { kind: "parent" }]);
    assert.deepEqual(numberOf(child, "idle"), [100, { kind: "policy", since: 1 }]);
    const { session } = await opened(world, { remember: true });
    const remembered = await ofSession(world, session.id);
    assert.deepEqual(numberOf(remembered, "idle"), [500, { kind: "remembered", since: 1 }]);
    assert.deepEqual(numberOf(remembered, "absolute"), [5000, { kind: "remembered", since: 1 }]);
    assert.deepEqual(numberOf(remembered, "retryWindow"), [30, { kind: "policy", since: 1 }]);
    const below = await ofSession(world, (await opened(world, { parent: session.id, remember: true })).session.id);
    assert.deepEqual(numberOf(below, "absolute"), [5000, { kind: "remembered", since: 1 }]);
    world.wait(10_000);
    const late = await ofSession(world, (await opened(world, { parent: session.id, remember: true })).session.id);
    assert.deepEqual(numberOf(late, "absolute"), [4990, { kind: "parent" }]);
    await put(world, { remembered: { ...LONG, idle: secondsOf(400) } });
    const next = await ofSession(world, (await opened(world, { remember: true })).session.id);
    assert.deepEqual(numberOf(next, "idle"), [400, { kind: "remembered", since: 2 }]);
  });

  it("comes from where nobody knows any more when the version's row is gone [POL-13]", async () => {
    const world = await aWorld(createMemoryStore);
    const name = "other" as PolicyName;
    const edit = () => aPolicy({ remembered: LONG });
    assert.ok((await putPolicy(world, { name, edit, expectVersion: null, actor: null })).ok);
    const one = await opened(world, { policy: name });
    const remembered = await opened(world, { policy: name, remember: true });
    await gone(world, policyVersionKey(TENANT, name, 1));
    await gone(world, policyKey(TENANT, name));
    const explained = await ofSession(world, one.session.id);
    assert.deepEqual([explained.version, explained.current, explained.put], [1, null, null]);
    for (const { source } of explained.numbers) assert.deepEqual(source, { kind: "policy", since: null });
    const long = await ofSession(world, remembered.session.id);
    assert.deepEqual(numberOf(long, "idle"), [500, { kind: "remembered", since: null }]);
  });
});
