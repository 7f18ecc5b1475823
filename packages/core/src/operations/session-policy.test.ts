// What a session keeps of its policy: the numbers of the version it was opened under, whatever becomes of the policy.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { secondsOf } from "../kernel/time.ts";
import { absoluteEnd, foreseenEnd } from "../sessions/session.ts";
import { aPolicy } from "../testing/builders.ts";
import { anOpening, aWorld, nextOf, opened, refreshed, refreshTextOf, revoked, theSession } from "../testing/world.ts";
import { alterSession } from "./alter-session.ts";
import { keepAlive } from "./keep-alive.ts";
import { openSession } from "./open-session.ts";
import { readSession } from "./read-session.ts";

describe("a session whose policy is gone", () => {
  it("is read, refreshed, changed, kept alive and revoked by the numbers of its own row [POL-3]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const { policies: _, ...without } = { ...world, policies: new Map() };
    const { id } = one.session;
    assert.equal((await readSession(world.store, world.tenant, id)).ok, true);
    const next = await nextOf({ ...world, policies: new Map() }, refreshTextOf(one));
    assert.ok(next.startsWith("hpr_"));
    world.wait(50_000);
    assert.equal(await keepAlive(without, id, world.now(), "call"), "moved");
    const alteration = { acr: "aal2" };
    const altered = await alterSession(without, {
      session: id,
      alteration,
      expectVersion: null,
      revocationId: "019a9c3e-0000-7000-8000-000000000009",
      actor: null,
    });
    assert.equal(altered.ok, true);
    assert.equal((await revoked({ ...world, policies: new Map() }, theSession(id))).endedSessions, 1);
    assert.equal((await refreshed(world, next)).kind, "refused");
  });
});

describe("a session that is to be remembered", () => {
  const remembered = { idle: secondsOf(500), absolute: secondsOf(5000) };

  it("has the longer times of its policy, and an ordinary one has not [POL-5]", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ remembered }) });
    const [short, long] = [await opened(world), await opened(world, { remember: true })];
    assert.deepEqual([short.session.policy.idle, short.session.policy.absolute], [100, 1000]);
    assert.deepEqual([long.session.policy.idle, long.session.policy.absolute], [500, 5000]);
    assert.deepEqual([short.session.policy.remembered, long.session.policy.remembered], [false, true]);
    assert.equal(foreseenEnd(long.session), world.now() + 500_000);
    assert.equal(absoluteEnd(long.session), world.now() + 5_000_000);
  });

  it("is refused where the policy knows none, and nothing is opened [POL-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const before = (await world.facts()).length;
    const answer = await openSession(world, anOpening({ remember: true }));
    assert.deepEqual(answer, { ok: false, code: "remember_not_allowed" });
    assert.equal((await world.facts()).length, before);
  });

  it("never outlives its parent", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ remembered }) });
    const parent = await opened(world);
    const child = await opened(world, { remember: true, parent: parent.session.id });
    assert.equal(absoluteEnd(child.session), absoluteEnd(parent.session));
  });
});

describe("a policy that needs an acr", () => {
  const policy = aPolicy({ requiredAcr: ["aal2", "aal3"] });
  for (const [acr, code] of [
    ["aal2", null],
    ["aal3", null],
    ["aal1", "acr_too_low"],
    ["", "acr_too_low"],
    ["AAL2", "acr_too_low"],
    [null, "acr_too_low"],
  ] as const) {
    it(`answers ${code ?? "a session"} for the acr ${acr ?? "that is none"} [POL-6]`, async () => {
      const world = await aWorld(createMemoryStore, { policy });
      const answer = await openSession(world, anOpening({ acr }));
      assert.equal(answer.ok ? null : answer.code, code);
    });
  }
});

describe("a sign-in that is said to lie ahead", () => {
  const rows = [
    [60, null],
    [61, "auth_time_ahead"],
    [1_000_000_000, "auth_time_ahead"],
  ] as const;
  for (const [ahead, code] of rows) {
    it(`by ${ahead} s is ${code === null ? "what clocks may differ by" : "refused, at the opening and later"} [NB-34]`, async () => {
      const world = await aWorld(createMemoryStore);
      const authTime = Math.floor(world.now() / 1000) + ahead;
      const answer = await openSession(world, anOpening({ authTime }));
      const { session } = await opened(world);
      const alteration = { authTime };
      const revocationId = "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6";
      const asked = { session: session.id, alteration, expectVersion: null, revocationId, actor: null };
      const later = await alterSession(world, asked);
      for (const one of [answer, later]) assert.equal(one.ok ? null : one.code, code);
    });
  }
});

describe("an access token", () => {
  it("lives no longer than its issuer allows, whatever its session's row says [POL-8]", async () => {
    const policy = aPolicy({ accessLifetime: secondsOf(600), idle: secondsOf(900) });
    const world = await aWorld(createMemoryStore, { policy });
    const strict = { ...world, issuer: { ...world.issuer, maxTokenLifetime: 60 } };
    const { tokens } = await opened(strict);
    assert.ok(tokens.access !== null && tokens.access.expiresIn <= 60);
    const next = await refreshed(strict, refreshTextOf({ tokens }));
    assert.ok(next.kind === "granted" && (next.tokens.access?.expiresIn ?? 61) <= 60);
  });
});
