// What an edit would do, and what its application does: the same, to the session.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId, SessionId, SubjectId } from "../kernel/ids.ts";
import { secondsOf } from "../kernel/time.ts";
import { type Policy, type PolicyNumbers } from "../sessions/policy.ts";
import type { PolicyName } from "../sessions/policy-row.ts";
import { absoluteEnd } from "../sessions/session.ts";
import { aClient, aPolicy } from "../testing/builders.ts";
import {
  accessTextOf,
  aWorld,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { applyPolicy, type PolicyEffect, type PolicyStep, previewPolicy } from "./apply-policy.ts";
import { putPolicy } from "./policies.ts";
import { readSession } from "./read-session.ts";
import { registerClient } from "./register-client.ts";
import { readSubject } from "./subjects.ts";

const TEST = "test" as PolicyName;

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

/** Steps until there are none left; the effects added up. */
async function inSteps(step: (one: PolicyStep) => Promise<PolicyEffect>, limit: number) {
  let [examined, changed, steps] = [0, 0, 0];
  const ended: SessionId[] = [];
  let after: SessionId | null = null;
  do {
    const effect: PolicyEffect = await step({ after, limit });
    assert.ok(effect.examined <= limit);
    examined += effect.examined;
    changed += effect.changed;
    ended.push(...effect.sample);
    assert.equal(effect.sample.length, Math.min(effect.ended, 20));
    after = effect.next;
    steps += 1;
  } while (after !== null);
  return { examined, changed, ended, steps };
}

function applied(world: World, version: number, limit = 1000) {
  return inSteps(async (step) => {
    const effect = await applyPolicy(world, { ...step, name: TEST, version, actor: "ops" });
    if (!effect.ok) throw new Error(effect.code);
    return effect.value;
  }, limit);
}

function sorted(values: readonly unknown[]): readonly string[] {
  return values.map(String).toSorted((one, other) => (one < other ? -1 : 1));
}

async function stateOf(world: World, id: SessionId): Promise<string> {
  const seen = await readSession(world.store, world.tenant, id);
  assert.ok(seen.ok);
  return seen.value.standing.kind === "ended" ? seen.value.standing.reason : "active";
}

/** Sessions of many subjects, one every ten seconds: the oldest has been idle for longest. */
async function aCrowd(world: World, size: number): Promise<readonly SessionId[]> {
  const ids: SessionId[] = [];
  for (let count = 0; count < size; count += 1) {
    ids.push((await opened(world, { subject: `u-${count}` as SubjectId })).session.id);
    world.wait(1000);
  }
  return ids;
}

describe("a preview", () => {
  for (const name of ["constructor", "toString", "valueOf", "hasOwnProperty"]) {
    it(`counts a client that is named ${name} like any other [POL-10] [NB-42]`, async () => {
      const world = await aWorld(createMemoryStore);
      await registerClient(world, aClient({ id: name as ClientId }), null);
      await opened(world, { client: name as ClientId });
      world.wait(60_000);
      const effect = await previewPolicy(world, aPolicy({ version: 2, idle: secondsOf(60) }), {
        after: null,
        limit: 9,
      });
      assert.deepEqual(effect.endedByClient, { [name]: 1 });
    });
  }

  it("counts exactly whom an edit would end, by client and with some of them, and writes nothing [POL-10]", async () => {
    const world = await aWorld(createMemoryStore);
    const ids = await aCrowd(world, 41);
    const edit = { ...aPolicy({ version: 2, idle: secondsOf(60) }) };
    world.wait(40_000);
    const facts = (await world.facts()).length;
    const effect = await previewPolicy(world, edit, { after: null, limit: 1000 });
    // Session n was opened n seconds in, and it is 81 s now: those from 0 to 21 have been idle for 60 s.
    assert.deepEqual([effect.examined, effect.ended, effect.changed, effect.next], [41, 22, 19, null]);
    assert.deepEqual(effect.endedByClient, { web: 22 });
    assert.deepEqual(effect.sample, ids.slice(0, 20));
    assert.equal((await world.facts()).length, facts);
    assert.deepEqual(await world.notices(), []);
  });

  it("leaves out who is over already, and sessions of other policies", async () => {
    const world = await aWorld(createMemoryStore, { more: [aPolicy({ name: "other" })] });
    const [first, second] = [await opened(world), await opened(world)];
    await opened(world, { policy: "other" });
    await revoked(world, theSession(first.session.id));
    world.wait(70_000);
    const effect = await previewPolicy(world, aPolicy({ version: 2, idle: secondsOf(60) }), { after: null, limit: 10 });
    assert.deepEqual([effect.ended, effect.sample], [1, [second.session.id]]);
  });
});

describe("an application", () => {
  for (const limit of [1, 7, 1000])
    it(`in steps of ${limit} does exactly what the preview said, with reason and notice [POL-10] [POL-11]`, async () => {
      const world = await aWorld(createMemoryStore);
      await aCrowd(world, 20);
      world.wait(45_000);
      const policy = await put(world, { idle: secondsOf(60) });
      const seen = await inSteps((step) => previewPolicy(world, policy, step), limit);
      const done = await applied(world, 2, limit);
      assert.deepEqual(done, seen);
      assert.ok(done.ended.length > 0 && done.changed > 0);
      for (const id of done.ended) assert.equal(await stateOf(world, id), "policy_applied");
      const taken = sorted((await world.notices()).map(({ taking }) => taking["sid"]));
      assert.deepEqual(taken, sorted(done.ended));
      const ends = (await world.facts()).filter(({ kind }) => kind === "session_ended");
      assert.deepEqual(sorted(ends.map(({ session }) => session)), sorted(done.ended));
      assert.ok(ends.every(({ body }) => JSON.parse(body).reason === "policy_applied"));
      const again = await applied(world, 2, limit);
      assert.deepEqual([again.changed, again.ended], [0, []]);
    });

  it("lets those who live on refresh under the version that was applied [POL-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    await put(world, { idle: secondsOf(60), accessLifetime: secondsOf(30) });
    assert.equal((await refreshed(world, refreshTextOf(one))).kind, "granted");
    await applied(world, 2);
    const seen = await readSession(world.store, world.tenant, one.session.id);
    assert.ok(seen.ok);
    assert.deepEqual([seen.value.session.policy.version, seen.value.session.policy.idle], [2, 60]);
    const next = await refreshed(world, refreshTextOf(one));
    assert.ok(next.kind === "granted" && (next.tokens.access?.expiresIn ?? 99) <= 30);
  });

  it("counts a session that lives longer now until its new end, so that a limit stays exact [POL-9]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const { session } = one;
    const before = absoluteEnd(session);
    await put(world, { absolute: secondsOf(5000), idle: secondsOf(5000) });
    await applied(world, 2);
    world.wait(before - session.opened + 1000);
    assert.equal(await stateOf(world, session.id), "active");
    assert.deepEqual((await readSubject(world.store, world.tenant, session.subject)).liveSessions, [session.id]);
  });

  it("outdates access tokens that would outlive the nearer end, and no others [POL-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const [near, far] = [await opened(world), await opened(world, { subject: "u-2" as SubjectId })];
    await put(world, { absolute: secondsOf(900) });
    await applied(world, 2);
    assert.deepEqual(await world.notices(), []);
    world.wait(50_000);
    await refreshed(world, refreshTextOf(near));
    await put(world, { absolute: secondsOf(100) });
    await applied(world, 3);
    const taken = (await world.notices()).map(({ taking }) => [taking["kind"], taking["sid"]]);
    assert.deepEqual(sorted(taken), sorted([near, far].map(({ session }) => ["outdated", session.id])));
    assert.equal(await judgeAccessToken(world, accessTextOf(near)), undefined);
    assert.equal(await stateOf(world, near.session.id), "active");
  });

  it("gives a child no longer life than it had, and an ordinary session the longer one", async () => {
    const world = await aWorld(createMemoryStore);
    const parent = await opened(world);
    world.wait(10_000);
    const child = await opened(world, { parent: parent.session.id });
    const end = absoluteEnd(child.session);
    await put(world, { absolute: secondsOf(5000) });
    await applied(world, 2);
    const ends = await Promise.all(
      [parent, child].map(async ({ session }) => {
        const seen = await readSession(world.store, world.tenant, session.id);
        return seen.ok ? absoluteEnd(seen.value.session) : 0;
      }),
    );
    assert.deepEqual(ends, [parent.session.opened + 5_000_000, end]);
  });

  it("keeps a remembered session's own times, and takes them where nobody is remembered any more", async () => {
    const world = await aWorld(createMemoryStore, {
      policy: aPolicy({ remembered: { idle: secondsOf(500), absolute: secondsOf(5000) } }),
    });
    const { session } = await opened(world, { remember: true });
    await put(world, { remembered: { idle: secondsOf(400), absolute: secondsOf(4000) } });
    await applied(world, 2);
    const idleOf = async () => {
      const seen = await readSession(world.store, world.tenant, session.id);
      return seen.ok ? [seen.value.session.policy.idle, seen.value.session.policy.remembered] : [];
    };
    assert.deepEqual(await idleOf(), [400, true]);
    await put(world, { remembered: null });
    await applied(world, 3);
    assert.deepEqual(await idleOf(), [100, false]);
  });

  it("of a version that does not hold is refused, and nothing is done [POL-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    await put(world, { idle: secondsOf(60) });
    await put(world, { idle: secondsOf(70) });
    for (const version of [1, 2, 4]) {
      const effect = await applyPolicy(world, { name: TEST, version, after: null, limit: 10, actor: null });
      assert.deepEqual(effect, { ok: false, code: "version_conflict" });
    }
    const seen = await readSession(world.store, world.tenant, session.id);
    assert.equal(seen.ok && seen.value.session.policy.version, 1);
    const unknown = { name: "none" as PolicyName, version: 1, after: null, limit: 10, actor: null };
    assert.deepEqual(await applyPolicy(world, unknown), { ok: false, code: "policy_not_found" });
  });

  it("misses no session that is opened, refreshed or kept while it is put and applied [POL-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const early = await Promise.all(
      Array.from({ length: 8 }, (_, index) => opened(world, { subject: `early-${index}` as SubjectId })),
    );
    const racing = Array.from({ length: 16 }, (_, index) => opened(world, { subject: `late-${index}` as SubjectId }));
    const refreshing = early.map((one) => refreshed(world, refreshTextOf(one)));
    await put(world, { idle: secondsOf(60) });
    await applied(world, 2, 5);
    const all = [...early, ...(await Promise.all(racing))];
    assert.ok((await Promise.all(refreshing)).every(({ kind }) => kind === "granted"));
    const versions = await Promise.all(
      all.map(async ({ session }) => {
        const seen = await readSession(world.store, world.tenant, session.id);
        return seen.ok ? seen.value.session.policy.version : 0;
      }),
    );
    assert.deepEqual(new Set(versions), new Set([2]));
  });
});

describe("a session below one that got a nearer end", () => {
  it("gets no access token that outlives those above it, refreshed or opened, and a last one that ends with them [POL-5]", async () => {
    const policy = aPolicy({ maxSessions: 9 });
    const world = await aWorld(createMemoryStore, { policy, more: [{ ...policy, name: "other" }] });
    const above = await opened(world);
    const child = await opened(world, { policy: "other", parent: above.session.id });
    const grandchild = await opened(world, { policy: "other", parent: child.session.id });
    await put(world, { idle: secondsOf(60), absolute: secondsOf(100) });
    await applied(world, 2);
    const end = absoluteEnd(above.session) - 900_000;
    const expiries: (number | undefined)[] = [];
    const tokens = [above, child, grandchild].map(refreshTextOf);
    for (const wait of [39_000, 2000, 58_000]) {
      world.wait(wait);
      for (const [index, token] of tokens.entries()) {
        const next = await refreshed(world, token);
        assert.ok(next.kind === "granted");
        tokens[index] = refreshTextOf(next);
        const judged = await judgeAccessToken(world, accessTextOf(next));
        expiries.push(judged?.claims.exp);
      }
      const fresh = await opened(world, { policy: "other", parent: child.session.id });
      expiries.push((await judgeAccessToken(world, accessTextOf(fresh)))?.claims.exp);
    }
    assert.ok(
      expiries.every((exp) => exp !== undefined && exp * 1000 <= end),
      String(expiries),
    );
    assert.ok(expiries.slice(-4).every((exp) => exp === end / 1000));
    world.wait(1000);
    assert.equal((await refreshed(world, tokens[1] ?? "")).kind, "refused");
  });
});
