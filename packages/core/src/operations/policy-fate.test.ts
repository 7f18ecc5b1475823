// Who ends when a policy is applied: by assurance, by the number of sessions, with what hangs below. And that a look before it says so exactly.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import fc from "fast-check";
import type { SessionId, SubjectId } from "../kernel/ids.ts";
import { secondsOf } from "../kernel/time.ts";
import type { Policy, PolicyNumbers } from "../sessions/policy.ts";
import type { PolicyName } from "../sessions/policy-row.ts";
import { aPolicy, TENANT } from "../testing/builders.ts";
import { aWorld, nextOf, opened, refreshTextOf, revoked, theSession, type World } from "../testing/world.ts";
import { alterSession } from "./alter-session.ts";
import { applyPolicy, type PolicyEffect, type PolicyStep, previewPolicy } from "./apply-policy.ts";
import { putPolicy } from "./policies.ts";
import { readSession } from "./read-session.ts";
import { readSubject } from "./subjects.ts";

const TEST = "test" as PolicyName;
const ADA = "ada" as SubjectId;

const aTown = (): Promise<World> =>
  aWorld(createMemoryStore, {
    policy: aPolicy({ maxSessions: 50 }),
    more: [aPolicy({ name: "other", maxSessions: 50 })],
  });

async function put(world: World, changes: Partial<PolicyNumbers>): Promise<Policy> {
  const done = await putPolicy(world, {
    name: TEST,
    edit: (current) => ({ ...(current ?? aPolicy()), ...changes }),
    expectVersion: null,
    actor: null,
  });
  if (!done.ok) throw new Error(done.code);
  return done.value.policy;
}

type Sums = Omit<PolicyEffect, "sample" | "next" | "unreadable"> & { readonly sample: readonly SessionId[] };

/** The effects of all steps, added up. */
async function summed(step: (one: PolicyStep) => Promise<PolicyEffect>, limit: number): Promise<Sums> {
  let [examined, changed, ended] = [0, 0, 0];
  const [byClient, byRule]: Record<string, number>[] = [{}, {}];
  const sample: SessionId[] = [];
  for (let after: SessionId | null = null; ; ) {
    const effect: PolicyEffect = await step({ after, limit });
    examined += effect.examined;
    changed += effect.changed;
    ended += effect.ended;
    for (const [sum, more] of [
      [byClient, effect.endedByClient],
      [byRule, effect.endedByRule],
    ] as const)
      for (const [name, count] of Object.entries(more)) if (sum !== undefined) sum[name] = (sum[name] ?? 0) + count;
    sample.push(...effect.sample);
    after = effect.next;
    if (after !== null) continue;
    const endedByRule = { lifetime: 0, acr: 0, limit: 0, ...byRule };
    return { examined, changed, ended, endedByClient: { ...byClient }, endedByRule, sample: sample.toSorted() };
  }
}

function seen(world: World, policy: Policy, limit = 1000): Promise<Sums> {
  return summed((step) => previewPolicy(world, policy, step), limit);
}

function applied(world: World, { version }: Policy, limit = 1000): Promise<Sums> {
  return summed(async (step) => {
    const effect = await applyPolicy(world, { ...step, name: TEST, version, actor: "ops" });
    if (!effect.ok) throw new Error(effect.code);
    return effect.value;
  }, limit);
}

async function stateOf(world: World, id: SessionId): Promise<string> {
  const found = await readSession(world.store, TENANT, id);
  assert.ok(found.ok);
  return found.value.standing.kind === "ended" ? found.value.standing.reason : "active";
}

const states = (world: World, ids: readonly SessionId[]) => Promise.all(ids.map((id) => stateOf(world, id)));

async function open(world: World, more: Parameters<typeof opened>[1] = {}): Promise<SessionId> {
  world.wait(1);
  return (await opened(world, { subject: ADA, ...more })).session.id;
}

describe("an application judges the assurance of a sign-in again", () => {
  it("and ends whoever has another, or none, of every version; who has it lives on [POL-11]", async () => {
    const world = await aTown();
    const ids = [
      await open(world, { acr: "gold" }),
      await open(world, { acr: "silver" }),
      await open(world),
      await open(world, { policy: "other" }),
    ];
    const policy = await put(world, { requiredAcr: ["gold", "platinum"] });
    const look = await seen(world, policy);
    assert.deepEqual([look.ended, look.changed, look.endedByRule], [2, 1, { lifetime: 0, acr: 2, limit: 0 }]);
    assert.deepEqual(await applied(world, policy), look);
    assert.deepEqual(await states(world, ids), ["active", "policy_applied", "policy_applied", "active"]);
    const told = (await world.facts()).filter(({ kind }) => kind === "session_policy_applied");
    assert.deepEqual(
      told.map(({ body }) => (JSON.parse(body) as { ended_by: string | null }).ended_by),
      [null, "acr", "acr"],
    );
  });

  it("also where it was lowered in a session of the version that holds [POL-6] [POL-11]", async () => {
    const world = await aTown();
    const policy = await put(world, { requiredAcr: ["gold"] });
    const id = await open(world, { acr: "gold" });
    const alteration = { acr: "silver" };
    const revocationId = "019a9c3e-0000-7000-8000-000000000009";
    await alterSession(world, { session: id, alteration, expectVersion: null, revocationId, actor: null });
    assert.equal(await stateOf(world, id), "active");
    assert.equal((await applied(world, policy)).endedByRule.acr, 1);
    assert.equal(await stateOf(world, id), "policy_applied");
  });
});

describe("an application judges the number of sessions again", () => {
  const limits: readonly [title: string, overLimit: "evict_oldest" | "refuse", max: number, left: string][] = [
    ["the oldest end where the next opening would end them", "evict_oldest", 2, "0001.1"],
    ["the newest end where they would have been refused", "refuse", 2, "1000.1"],
    ["nobody ends at the limit", "evict_oldest", 5, "1111.1"],
    ["one ends beyond it", "evict_oldest", 4, "0111.1"],
    ["all of it end where those of others are too many alone", "refuse", 1, "0000.1"],
  ];
  for (const [title, overLimit, maxSessions, left] of limits)
    it(`${title}: ${maxSessions}, ${overLimit} [POL-11]`, async () => {
      const world = await aTown();
      const ids = [await open(world), await open(world), await open(world), await open(world)];
      const other = await open(world, { policy: "other" });
      const bob = await open(world, { subject: "bob" as SubjectId });
      const policy = await put(world, { maxSessions, overLimit });
      const look = await seen(world, policy, 2);
      assert.deepEqual(await applied(world, policy, 2), look);
      const lives = (await states(world, ids)).map((state) => (state === "active" ? "1" : "0")).join("");
      const rest = (await states(world, [other])).map((state) => (state === "active" ? "1" : "0")).join("");
      assert.equal(`${lives}.${rest}`, left);
      assert.equal(await stateOf(world, bob), "active");
      assert.equal(look.endedByRule.limit, lives.split("0").length - 1);
    });

  it("what is over, what its times end and what hangs below takes no place [POL-11]", async () => {
    const world = await aTown();
    const idle = await open(world);
    const over = await open(world);
    await revoked(world, theSession(over));
    world.wait(70_000);
    const parent = await open(world);
    const [first, second] = [await open(world, { parent }), await open(world, { parent })];
    const last = [await open(world), await open(world)];
    const policy = await put(world, { idle: secondsOf(60), maxSessions: 4 });
    const look = await seen(world, policy);
    assert.deepEqual([look.ended, look.endedByRule], [2, { lifetime: 1, acr: 0, limit: 1 }]);
    assert.deepEqual(await applied(world, policy), look);
    assert.deepEqual(await states(world, [idle, parent, first, second, ...last]), [
      "policy_applied",
      "policy_applied",
      "ancestor_ended",
      "ancestor_ended",
      "active",
      "active",
    ]);
  });

  it("a session that ends by it is refused everywhere, and the next opening finds room [POL-9] [POL-11]", async () => {
    const world = await aTown();
    const ids = [await open(world), await open(world), await open(world)];
    const policy = await put(world, { maxSessions: 1, overLimit: "refuse" });
    await applied(world, policy);
    const taken = (await world.notices()).map(({ taking }) => taking);
    assert.deepEqual(
      taken,
      [ids[2], ids[1]].map((sid) => ({ kind: "session", sid })),
    );
    await revoked(world, theSession(ids[0] ?? ("" as SessionId)));
    await nextOf(world, refreshTextOf(await opened(world, { subject: ADA })));
  });

  it("openings that race it leave no subject with more than it may have [POL-9] [POL-11]", async () => {
    const world = await aTown();
    for (let n = 0; n < 6; n += 1) await open(world);
    const policy = await put(world, { maxSessions: 3 });
    const racing = Array.from({ length: 4 }, () => opened(world, { subject: ADA }));
    await Promise.all([applied(world, policy), ...racing]);
    assert.equal((await readSubject(world.store, TENANT, ADA)).liveSessions.length, 3);
  });
});

it("whatever lives, a preview's counts are those of the application of the same instant, and then nothing is left to do [POL-10] [POL-11]", async () => {
  const opening = fc.record({
    subject: fc.constantFrom("ada", "bob"),
    policy: fc.constantFrom("test", "test", "other"),
    parent: fc.option(fc.nat(8), { nil: null }),
    acr: fc.constantFrom(null, "gold", "gold"),
    wait: fc.constantFrom(0, 1, 20_000),
    end: fc.boolean().map((value) => value),
  });
  const edit = fc.record({
    maxSessions: fc.integer({ min: 1, max: 4 }),
    overLimit: fc.constantFrom("evict_oldest" as const, "refuse" as const),
    requiredAcr: fc.constantFrom([], ["gold"]),
    idle: fc.constantFrom(60, 100).map(secondsOf),
  });
  const limit = fc.constantFrom(1, 3, 1000);
  await fc.assert(
    fc.asyncProperty(fc.array(opening, { maxLength: 9 }), edit, limit, async (openings, changes, steps) => {
      const world = await aTown();
      const ids: SessionId[] = [];
      for (const { subject, policy, parent, acr, wait, end } of openings) {
        world.wait(wait);
        const above = parent === null ? null : (ids[parent] ?? null);
        const one = { subject: subject as SubjectId, policy, acr };
        const id = await opened(world, { ...one, parent: above }).catch(() => opened(world, one));
        if (end && ids.length % 3 === 2) await revoked(world, theSession(id.session.id));
        ids.push(id.session.id);
      }
      const policy = await put(world, changes);
      const look = await seen(world, policy, steps);
      assert.deepEqual(await applied(world, policy, steps), look);
      const after = await applied(world, policy, steps);
      assert.deepEqual([after.changed, after.ended], [0, 0]);
      const rest = await seen(world, policy, steps);
      assert.deepEqual([rest.changed, rest.ended], [0, 0]);
      for (const id of ids) {
        const found = await readSession(world.store, TENANT, id);
        if (!found.ok || found.value.standing.kind === "ended" || found.value.session.policy.name !== TEST) continue;
        const { session } = found.value;
        assert.equal(session.policy.version, policy.version);
        assert.ok(changes.requiredAcr.length === 0 || session.acr === "gold");
        const { liveSessions } = await readSubject(world.store, TENANT, session.subject);
        assert.ok(liveSessions.length <= changes.maxSessions);
      }
    }),
    { numRuns: 60 },
  );
});

describe("a limit that is applied", () => {
  it("counts nobody twice: what hangs below one that ends goes with it, and who is over takes no place [POL-11]", async () => {
    const world = await aTown();
    const parent = await opened(world, { subject: ADA });
    const child = await opened(world, { subject: ADA, parent: parent.session.id });
    const over = await opened(world, { subject: ADA, policy: "other" });
    const left = [await opened(world, { subject: ADA }), await opened(world, { subject: ADA })];
    await revoked(world, theSession(over.session.id));
    const policy = aPolicy({ version: 2, maxSessions: 1, overLimit: "evict_oldest" });
    const effect = await seen(world, policy);
    assert.deepEqual(effect.endedByRule, { lifetime: 0, acr: 0, limit: 2 });
    assert.deepEqual(new Set(effect.sample), new Set([parent.session.id, left[0]?.session.id]));
    assert.ok(!effect.sample.includes(child.session.id));
    assert.equal((await seen(world, { ...policy, maxSessions: 4 })).ended, 0);
  });
});
