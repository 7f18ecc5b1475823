// A guest signs in: one session ends and another begins, or neither.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { SessionId, SubjectId } from "../kernel/ids.ts";
import { subjectKey } from "../sessions/subject.ts";
import { aPolicy, TENANT } from "../testing/builders.ts";
import { counting, withMishaps } from "../testing/stores.ts";
import {
  accessTextOf,
  anOpening,
  aWorld,
  BACKEND,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { type OpenSession, openSession } from "./open-session.ts";
import { readSession } from "./read-session.ts";

const GUEST = "guest-1" as SubjectId;

function replacing(session: SessionId, carryClaims = false): Pick<OpenSession, "replaces"> {
  return { replaces: { session, carryClaims } };
}

async function stateOf(world: World, id: SessionId): Promise<string> {
  const seen = await readSession(world.store, world.tenant, id);
  assert.ok(seen.ok);
  return seen.value.standing.kind === "ended" ? seen.value.standing.reason : "active";
}

async function codeOf(world: World, changes: Partial<OpenSession>): Promise<string> {
  const answer = await openSession(world, anOpening(changes));
  return answer.ok ? "opened" : answer.code;
}

describe("a session that replaces a guest's", () => {
  it("ends it in the same change, with reason, notice and fact [POL-12] [C-01]", async () => {
    const world = await aWorld(createMemoryStore);
    const guest = await opened(world, { subject: GUEST });
    const { store, changes } = counting(world.store);
    const user = await opened(world.node(store), replacing(guest.session.id));
    // A cut-off of the guest comes before this change or after it, never in between.
    const compared = changes()[0]?.rows.filter(({ key, next }) => key.kind === "subject" && next === "same");
    assert.deepEqual(
      compared?.map(({ key }) => key.id),
      [subjectKey(TENANT, GUEST).id],
    );
    assert.equal(await stateOf(world, guest.session.id), "replaced");
    assert.equal(await stateOf(world, user.session.id), "active");
    assert.deepEqual(
      (await world.notices()).map(({ taking }) => taking),
      [{ kind: "session", sid: guest.session.id }],
    );
    const [, opening] = (await world.facts()).filter(({ kind }) => kind === "session_opened");
    assert.equal(JSON.parse(opening?.body ?? "{}").replaces, guest.session.id);
  });

  it("shares nothing with it: whoever knew the guest's tokens knows nothing of it [POL-12] [C-01]", async () => {
    const world = await aWorld(createMemoryStore);
    const guest = await opened(world, { subject: GUEST });
    const user = await opened(world, replacing(guest.session.id));
    assert.notEqual(user.session.id, guest.session.id);
    assert.notDeepEqual(user.session.seed, guest.session.seed);
    assert.equal(await judgeAccessToken(world, accessTextOf(guest)), undefined);
    const late = await refreshed(world, refreshTextOf(guest));
    assert.deepEqual([late.kind, late.kind === "refused" && late.end?.reason], ["refused", "replaced"]);
    assert.equal((await refreshed(world, refreshTextOf(user))).kind, "granted");
  });

  it("starts with its claims where that is asked for, and its own win", async () => {
    const world = await aWorld(createMemoryStore);
    const claims = { basket: "b-1", theme: "dark" };
    const carried = await opened(world, {
      ...replacing((await opened(world, { subject: GUEST, claims })).session.id, true),
      claims: { theme: "light" },
    });
    assert.deepEqual(carried.session.claims, { basket: "b-1", theme: "light" });
    const left = await opened(world, replacing((await opened(world, { subject: GUEST, claims })).session.id));
    assert.deepEqual(left.session.claims, {});
  });

  it("is refused, and ends nothing, where both claims are too large together", async () => {
    const world = await aWorld(createMemoryStore);
    const guest = await opened(world, { subject: GUEST, claims: { a: "x".repeat(600) } });
    const code = await codeOf(world, { ...replacing(guest.session.id, true), claims: { b: "x".repeat(600) } });
    assert.equal(code, "session_too_large");
    assert.equal(await stateOf(world, guest.session.id), "active");
  });

  for (const [all, code] of [
    [113, "opened"],
    [114, "session_too_large"],
  ] as const)
    it(`${code === "opened" ? "has claims of its own beside these up to" : "is refused, and ends nothing, with"} ${all} members in all [NB-41]`, async () => {
      const world = await aWorld(createMemoryStore);
      const members = (from: number, to: number): Record<string, number> =>
        Object.fromEntries(Array.from({ length: to - from }, (_, n) => [(from + n).toString(36), 1]));
      const guest = await opened(world, { subject: GUEST, claims: members(0, 60) });
      assert.equal(await codeOf(world, { ...replacing(guest.session.id, true), claims: members(60, all) }), code);
      assert.equal(await stateOf(world, guest.session.id), code === "opened" ? "replaced" : "active");
    });

  it("takes its place within the subject's limit, and evicts nobody", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ maxSessions: 2, overLimit: "refuse" }) });
    const [first, second] = [await opened(world), await opened(world)];
    const next = await opened(world, replacing(first.session.id));
    assert.deepEqual(next.evicted, []);
    assert.deepEqual(await Promise.all([first, second, next].map(({ session }) => stateOf(world, session.id))), [
      "replaced",
      "active",
      "active",
    ]);
    assert.equal(await codeOf(world, {}), "session_limit");
  });

  it("is refused for one that is over, is not there, or is another client's; then nothing is opened [POL-12]", async () => {
    const world = await aWorld(createMemoryStore);
    const over = await opened(world, { subject: GUEST });
    await revoked(world, theSession(over.session.id));
    const cut = await opened(world, { subject: GUEST });
    await revoked(world, { kind: "subject", subject: GUEST });
    const foreign = await opened(world, { subject: GUEST, client: BACKEND });
    const parent = await opened(world);
    const child = await opened(world, { parent: parent.session.id });
    const count = (await world.facts()).length;
    const none = "019a9c3e-0000-7000-8000-00000000000f" as SessionId;
    assert.equal(await codeOf(world, replacing(over.session.id)), "replaced_over");
    assert.equal(await codeOf(world, replacing(cut.session.id)), "replaced_over");
    assert.equal(await codeOf(world, replacing(foreign.session.id)), "replaced_not_found");
    assert.equal(await codeOf(world, replacing(none)), "replaced_not_found");
    assert.equal(await codeOf(world, { ...replacing(parent.session.id), parent: parent.session.id }), "parent_over");
    assert.equal(await codeOf(world, { ...replacing(parent.session.id), parent: child.session.id }), "parent_over");
    assert.equal((await world.facts()).length, count);
    assert.equal(await stateOf(world, foreign.session.id), "active");
  });

  it("happens once, however many sign in with the same guest at once [POL-12]", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ maxSessions: 100 }) });
    const guest = await opened(world, { subject: GUEST });
    const answers = await Promise.all(
      Array.from({ length: 64 }, () => openSession(world, anOpening(replacing(guest.session.id)))),
    );
    assert.equal(answers.filter((answer) => answer.ok).length, 1);
    assert.ok(answers.every((answer) => answer.ok || answer.code === "replaced_over"));
    assert.equal((await world.notices()).length, 1);
  });

  it("ends nothing when the opening can't be written, and once when the answer was lost [POL-12]", async () => {
    const world = await aWorld(createMemoryStore);
    const guest = await opened(world, { subject: GUEST });
    const failing = { ...world, store: withMishaps(world.store, ["failed"]) };
    await assert.rejects(openSession(failing, anOpening(replacing(guest.session.id))));
    assert.equal(await stateOf(world, guest.session.id), "active");
    const kept = { ...world, store: withMishaps(world.store, ["kept"]) };
    const answer = await openSession(kept, anOpening(replacing(guest.session.id)));
    assert.equal(answer.ok, true);
    assert.equal(await stateOf(world, guest.session.id), "replaced");
    assert.equal((await world.facts()).filter(({ kind }) => kind === "session_opened").length, 2);
  });
});
