// Policies as data: versions, limits, and who may be surprised by an edit.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { type Seconds, secondsOf } from "../kernel/time.ts";
import type { Policy, PolicyNumbers } from "../sessions/policy.ts";
import { wrongNumbers } from "../sessions/policy-limits.ts";
import { type PolicyName, parsePolicyName } from "../sessions/policy-row.ts";
import { PROFILES } from "../sessions/profiles.ts";
import { aPolicy } from "../testing/builders.ts";
import { aWorld, nextOf, opened, refreshTextOf, type World } from "../testing/world.ts";
import { listPolicies, listPolicyVersions, type PutPolicy, putPolicy, readPolicy } from "./policies.ts";

const TEST = "test" as PolicyName;
const GUESTS = "guests" as PolicyName;

function put(world: World, changes: Partial<PolicyNumbers>, more: Partial<PutPolicy> = {}) {
  return putPolicy(world, {
    name: TEST,
    edit: (current) => (current === undefined ? undefined : { ...current, ...changes }),
    expectVersion: null,
    actor: "ops",
    ...more,
  });
}

async function versionOf(world: World, name: PolicyName): Promise<number> {
  const found = await readPolicy(world, name);
  return found.ok ? found.value.policy.version : 0;
}

describe("an edit", () => {
  it("is a new version that holds for sessions opened from now on, and ends nobody [POL-7]", async () => {
    const world = await aWorld(createMemoryStore);
    const before = await opened(world);
    const done = await put(world, { idle: secondsOf(70) });
    assert.ok(done.ok && done.value.changed);
    assert.deepEqual([done.value.policy.version, done.value.put], [2, { at: world.now(), by: "ops" }]);
    const after = await opened(world);
    assert.deepEqual([before.session.policy.version, before.session.policy.idle], [1, 100]);
    assert.deepEqual([after.session.policy.version, after.session.policy.idle], [2, 70]);
    world.wait(99_999);
    await nextOf(world, refreshTextOf(before));
    assert.deepEqual(await world.notices(), []);
    assert.equal((await world.facts()).filter(({ kind }) => kind === "policy_put").length, 1);
  });

  it("that changes nothing is no version", async () => {
    const world = await aWorld(createMemoryStore);
    const done = await put(world, {});
    assert.ok(done.ok);
    assert.deepEqual([done.value.changed, done.value.policy.version], [false, 1]);
    assert.equal(await versionOf(world, TEST), 1);
  });

  it("of a version that holds no more is refused, and nothing is written [POL-7]", async () => {
    const world = await aWorld(createMemoryStore);
    await put(world, { idle: secondsOf(70) });
    for (const expectVersion of [0, 1, 3]) {
      const late = await put(world, { idle: secondsOf(80) }, { expectVersion });
      assert.deepEqual(late, { ok: false, code: "version_conflict" });
    }
    assert.equal(await versionOf(world, TEST), 2);
    const right = await put(world, { idle: secondsOf(80) }, { expectVersion: 2 });
    assert.equal(right.ok && right.value.policy.version, 3);
  });

  it("that races others gives each its own version, and with an expectation one of them wins", async () => {
    const world = await aWorld(createMemoryStore);
    const all = await Promise.all(
      Array.from({ length: 16 }, (_, index) => put(world, { idle: secondsOf(70 + index) })),
    );
    const versions = all.map((one) => (one.ok ? one.value.policy.version : 0));
    assert.deepEqual(
      versions.toSorted((a, b) => a - b),
      Array.from({ length: 16 }, (_, index) => index + 2),
    );
    const racing = await Promise.all(
      Array.from({ length: 16 }, (_, index) => put(world, { idle: secondsOf(270 + index) }, { expectVersion: 17 })),
    );
    assert.equal(racing.filter((one) => one.ok).length, 1);
  });

  it("of a name that is new needs every number, and starts at version 1", async () => {
    const world = await aWorld(createMemoryStore);
    assert.deepEqual(await put(world, {}, { name: GUESTS }), { ok: false, code: "policy_incomplete" });
    const done = await put(world, {}, { name: GUESTS, edit: () => aPolicy(), expectVersion: 0 });
    assert.equal(done.ok && done.value.policy.version, 1);
    assert.deepEqual(await put(world, {}, { name: GUESTS, expectVersion: 0 }), { ok: false, code: "version_conflict" });
    assert.equal((await opened(world, { policy: "guests" })).session.policy.name, "guests");
  });
});

describe("the lists", () => {
  it("name every policy once, edited or not, page by page", async () => {
    const world = { ...(await aWorld(createMemoryStore)), policies: PROFILES };
    for (const name of ["aal2", "zebra", "aaa", "mobile", "nnn"])
      await put(
        world,
        { maxSessions: 7 },
        { name: name as PolicyName, edit: () => ({ ...aPolicy(), maxSessions: 7 }) },
      );
    const expected = [...PROFILES.keys(), "zebra", "aaa", "nnn"].toSorted();
    for (const limit of [1, 2, 3, 100]) {
      const names: string[] = [];
      let after: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof listPolicies>> = await listPolicies(world, { after, limit });
        names.push(...page.policies.map(({ policy }) => policy.name));
        after = page.next;
      } while (after !== null);
      assert.deepEqual(names, expected, `pages of ${limit}`);
    }
    assert.equal(await versionOf(world, "aal2" as PolicyName), 2);
  });

  it("name every version once, oldest first, and none of a name that begins alike", async () => {
    const world = await aWorld(createMemoryStore);
    for (let count = 0; count < 11; count += 1) await put(world, { idle: secondsOf(70 + count) });
    await put(world, {}, { name: "test-2" as PolicyName, edit: () => aPolicy() });
    for (const limit of [1, 5, 100]) {
      const versions: number[] = [];
      let after: string | null = null;
      do {
        const page = await listPolicyVersions(world, { name: TEST, after, limit });
        assert.ok(page.ok);
        versions.push(...page.value.policies.map(({ policy }) => policy.version));
        after = page.value.next;
      } while (after !== null);
      assert.deepEqual(
        versions,
        Array.from({ length: 12 }, (_, index) => index + 1),
      );
    }
    assert.equal((await listPolicyVersions(world, { name: GUESTS, after: null, limit: 5 })).ok, false);
  });
});

describe("a policy's numbers", () => {
  const longest = 180 * 86_400;
  const issuer = { maxTokenLifetime: 600 };
  const span = (idle: number, absolute: number) => ({ idle: idle as Seconds, absolute: absolute as Seconds });
  const cases: readonly [title: string, changes: Partial<Policy>, wrong: readonly string[]][] = [
    ["an access token that lives too short", { accessLifetime: 9 as Seconds }, ["accessLifetime too_small"]],
    ["the shortest access token", { accessLifetime: 10 as Seconds }, []],
    ["an access token as long as the idle time", { accessLifetime: 100 as Seconds }, []],
    ["an access token longer than the idle time", { accessLifetime: 101 as Seconds }, ["accessLifetime too_large"]],
    ["the issuer's longest access token", { accessLifetime: 600 as Seconds, idle: 700 as Seconds }, []],
    ["a longer one", { accessLifetime: 601 as Seconds, idle: 700 as Seconds }, ["accessLifetime too_large"]],
    [
      "one beyond both, named once",
      { accessLifetime: 900 as Seconds, idle: 700 as Seconds },
      ["accessLifetime too_large"],
    ],
    ["an idle time that is too short", { idle: 59 as Seconds, accessLifetime: 10 as Seconds }, ["idle too_small"]],
    ["an idle time as long as the absolute one", { idle: 1000 as Seconds }, []],
    ["an idle time beyond the absolute one", { idle: 1001 as Seconds }, ["idle too_large"]],
    ["the longest absolute time", { absolute: longest as Seconds }, []],
    ["an absolute time beyond all", { absolute: (longest + 1) as Seconds }, ["absolute too_large"]],
    ["a retry window of the most", { retryWindow: 300 as Seconds, recoveryWindow: 300 as Seconds }, []],
    [
      "a retry window beyond it",
      { retryWindow: 301 as Seconds, recoveryWindow: 301 as Seconds },
      ["retryWindow too_large"],
    ],
    ["a recovery window below the retry window", { recoveryWindow: 29 as Seconds }, ["recoveryWindow too_small"]],
    ["a recovery window beyond a week", { recoveryWindow: 604_801 as Seconds }, ["recoveryWindow too_large"]],
    ["no session at all", { maxSessions: 0 }, ["maxSessions too_small"]],
    ["one session", { maxSessions: 1 }, []],
    ["too many sessions", { maxSessions: 501 }, ["maxSessions too_large"]],
    ["to be remembered as long as everybody", { remembered: span(100, 1000) }, []],
    [
      "to be remembered for less",
      { remembered: span(99, 999) },
      ["remembered.idle too_small", "remembered.absolute too_small"],
    ],
    ["to be remembered for ever", { remembered: span(100, longest + 1) }, ["remembered.absolute too_large"]],
    [
      "two at once",
      { maxSessions: 0, absolute: (longest + 1) as Seconds },
      ["absolute too_large", "maxSessions too_small"],
    ],
  ];
  for (const [title, changes, wrong] of cases) {
    it(`with ${title} are ${wrong.length === 0 ? "taken" : "refused by name"} [POL-8] [S-04]`, async () => {
      const found = wrongNumbers(aPolicy(changes), issuer);
      assert.deepEqual(
        found.map(({ member, is }) => `${member.join(".")} ${is}`),
        wrong,
      );
      const world = await aWorld(createMemoryStore);
      const done = await put(world, changes);
      assert.equal(done.ok ? "taken" : done.code, wrong.length === 0 ? "taken" : "policy_invalid");
      assert.equal(await versionOf(world, TEST), wrong.length === 0 && done.ok && done.value.changed ? 2 : 1);
    });
  }

  it("of every profile are within the limits [POL-8]", () => {
    for (const policy of PROFILES.values()) assert.deepEqual(wrongNumbers(policy, issuer), [], policy.name);
  });
});

describe("a policy's name", () => {
  for (const [name, isOne] of [
    ["a", true],
    ["consumer", true],
    ["0.a_b-c", true],
    ["a".repeat(63), true],
    ["a".repeat(64), false],
    ["", false],
    ["-a", false],
    ["A", false],
    ["a/1", false],
    ["a b", false],
    ["ä", false],
  ] as const)
    it(`"${name}" ${isOne ? "is" : "is not"} one`, () => {
      assert.equal(parsePolicyName(name) !== undefined, isOne);
    });
});
