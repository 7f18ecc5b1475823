import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId, FamilyId, SessionId, SubjectId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import { takenHash } from "../revocation/notice-draft.ts";
import { RECEIPT_KEPT, revocationKey } from "../revocation/revocation-row.ts";
import type { Target } from "../revocation/target.ts";
import { TENANT, WEB } from "../testing/builders.ts";
import { counting } from "../testing/stores.ts";
import {
  accessTextOf,
  anOpening,
  aRevoke,
  aWorld,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { openSession } from "./open-session.ts";
import { readRevocation } from "./read-revocation.ts";
import { readSession } from "./read-session.ts";
import { revoke } from "./revoke.ts";

const U81 = "u-81" as SubjectId;

async function takings(world: World): Promise<readonly unknown[]> {
  return (await world.notices()).map((notice) => notice.taking);
}

async function lastFact(world: World): Promise<readonly [string, unknown]> {
  const last = (await world.facts()).at(-1);
  return [last?.kind ?? "", JSON.parse(last?.body ?? "null")];
}

describe("a revocation", () => {
  it("of a session ends it: state, notice, fact and receipt in one change [NOT-4] [RCP-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const { store, reads, changes } = counting(world.store);
    const revocation = await revoked(world.node(store), theSession(session.id));
    assert.deepEqual([reads(), changes().length], [1, 1]);
    assert.equal(revocation.run, undefined);
    assert.equal(revocation.tokensExpireBy, afterMs(world.now(), 605_000));
    assert.deepEqual(await takings(world), [{ kind: "session", sid: session.id }]);
    assert.deepEqual(revocation.pos, { epoch: 1, seq: 1 });
    assert.deepEqual([revocation.committed, revocation.endedSessions], [world.now(), 1]);
    const last = (await world.facts()).at(-1);
    assert.equal(last?.kind, "session_ended");
    assert.deepEqual(JSON.parse(last?.body ?? ""), {
      reason: "revoked",
      at_ms: world.now(),
      revocation: revocation.id,
    });
    assert.deepEqual(await readRevocation(world.store, TENANT, revocation.id), { ok: true, value: revocation });
  });

  it("says that the owner signed out where that is so", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    await revoke(world, aRevoke([theSession(session.id)], { endReason: "signed_out" }));
    const seen = await readSession(world.store, TENANT, session.id);
    assert.ok(seen.ok && seen.value.standing.kind === "ended");
    assert.equal(seen.value.standing.reason, "signed_out");
  });

  it("of a family ends that family, and the session lives on", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const family = one.session.families[0]?.id ?? ("" as FamilyId);
    const revocation = await revoked(world, { kind: "family", session: one.session.id, family });
    assert.deepEqual(await takings(world), [{ kind: "family", sid: one.session.id, fam: family }]);
    assert.equal(revocation.endedSessions, 0);
    assert.equal(await judgeAccessToken(world, accessTextOf(one)), undefined);
    assert.notEqual((await refreshed(world, refreshTextOf(one))).kind, "granted");
    const seen = await readSession(world.store, TENANT, one.session.id);
    assert.ok(seen.ok && seen.value.standing.kind === "active");
  });

  it("of a token takes that one alone: the refresh token works [R-19]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const { jti, expires } = one.tokens.access ?? { jti: "", expires: world.now() };
    const revocation = await revoked(world, { kind: "token", jti, expires });
    assert.deepEqual(await takings(world), [{ kind: "token", jti }]);
    assert.equal((await world.notices())[0]?.until, expires + 10_000);
    assert.equal(revocation.tokensExpireBy, expires + 5_000);
    assert.deepEqual(await lastFact(world), ["token_revoked", { jti, revocation: revocation.id }]);
    assert.equal(await judgeAccessToken(world, accessTextOf(one)), undefined);
    const next = await refreshed(world, refreshTextOf(one));
    assert.ok(next.kind === "granted");
    assert.notEqual(await judgeAccessToken(world, accessTextOf(next)), undefined);
  });

  it("of a subject ends all of its sessions by one notice, and no one else's [NOT-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const mine = [await opened(world), await opened(world)];
    const other = await opened(world, { subject: "u-82" as SubjectId });
    const revocation = await revoked(world, { kind: "subject", subject: U81 });
    assert.equal(revocation.endedSessions, 2);
    assert.deepEqual(await lastFact(world), ["subject_cut_off", { revocation: revocation.id, sessions: 2 }]);
    assert.deepEqual(await takings(world), [
      { kind: "subject", subject: takenHash(world.issuer.salt, "subject", U81) },
    ]);
    for (const one of mine) {
      assert.equal(await judgeAccessToken(world, accessTextOf(one)), undefined);
      assert.notEqual((await refreshed(world, refreshTextOf(one))).kind, "granted");
    }
    assert.notEqual(await judgeAccessToken(world, accessTextOf(other)), undefined);
    assert.equal((await refreshed(world, refreshTextOf(other))).kind, "granted");
  });

  it("of a subject counts the sessions that it ends, not those that were over", async () => {
    const world = await aWorld(createMemoryStore);
    const [first] = [await opened(world), await opened(world)];
    await revoked(world, theSession(first.session.id));
    assert.equal((await revoked(world, { kind: "subject", subject: U81 })).endedSessions, 1);
  });

  it("of a client takes what it was given before, and nothing after [NOT-7]", async () => {
    const world = await aWorld(createMemoryStore);
    const before = await opened(world);
    const { id } = await revoked(world, { kind: "client", client: WEB });
    assert.deepEqual(await lastFact(world), ["client_cut_off", { client: WEB, revocation: id }]);
    assert.deepEqual(await takings(world), [{ kind: "client", client: takenHash(world.issuer.salt, "client", WEB) }]);
    assert.equal(await judgeAccessToken(world, accessTextOf(before)), undefined);
    assert.notEqual((await refreshed(world, refreshTextOf(before))).kind, "granted");
    const after = await opened(world);
    assert.notEqual(await judgeAccessToken(world, accessTextOf(after)), undefined);
    assert.equal((await refreshed(world, refreshTextOf(after))).kind, "granted");
  });

  it("of what is over already succeeds again, with a notice: its tokens may live on", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const first = await revoked(world, theSession(session.id));
    const again = await revoked(world, theSession(session.id));
    assert.deepEqual([again.pos.seq, again.endedSessions], [first.pos.seq + 1, 0]);
    assert.equal((await world.facts()).filter((fact) => fact.kind === "session_ended").length, 1);
  });

  it("of a session that idled out does not end it twice", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    world.wait(100_000);
    assert.equal((await revoked(world, theSession(session.id))).endedSessions, 0);
    const body = { reason: "idle", at_ms: afterMs(session.opened, 100_000), revocation: null };
    assert.deepEqual(await lastFact(world), ["session_ended", body]);
    const seen = await readSession(world.store, TENANT, session.id);
    assert.ok(seen.ok && seen.value.standing.kind === "ended");
    assert.equal(seen.value.standing.reason, "idle");
  });

  it("that finds a session over by a clock that was ahead holds when the clock is set right [NOT-4]", async () => {
    for (const whole of [true, false]) {
      const world = await aWorld(createMemoryStore);
      const one = await opened(world);
      const family = one.session.families[0]?.id ?? ("" as FamilyId);
      const right = world.now();
      world.setNow(afterMs(right, 100_000));
      await revoked(world, whole ? theSession(one.session.id) : { kind: "family", session: one.session.id, family });
      world.setNow(right);
      assert.notEqual((await refreshed(world, refreshTextOf(one))).kind, "granted");
      const seen = await readSession(world.store, TENANT, one.session.id);
      assert.ok(seen.ok);
      assert.equal(seen.value.standing.kind, whole ? "ended" : "active");
      const kinds = (await world.facts()).map((fact) => fact.kind);
      assert.equal(kinds.filter((kind) => kind === (whole ? "session_ended" : "family_ended")).length, 1);
    }
  });

  it("of a subject that was never seen and of a token that was never issued succeeds and harms nobody", async () => {
    const world = await aWorld(createMemoryStore);
    await revoked(
      world,
      { kind: "subject", subject: "nobody" as SubjectId },
      { kind: "token", jti: "none", expires: null },
    );
    assert.equal((await openSession(world, anOpening({ subject: "nobody" as SubjectId }))).ok, true);
  });

  it("of many targets is one change with a notice each, and the position of the last [RCP-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const [one, two] = [await opened(world), await opened(world, { subject: "u-82" as SubjectId })];
    const { store, changes } = counting(world.store);
    const revocation = await revoked(
      world.node(store),
      theSession(one.session.id),
      { kind: "subject", subject: "u-82" as SubjectId },
      { kind: "token", jti: "j", expires: null },
      { kind: "client", client: "backend" as ClientId },
    );
    assert.equal(changes().length, 1);
    assert.deepEqual(revocation.pos, { epoch: 1, seq: 4 });
    assert.equal(revocation.endedSessions, 2);
    assert.equal(await judgeAccessToken(world, accessTextOf(two)), undefined);
  });

  it("of a session and a family of it, or of one token twice, is one change too", async () => {
    for (const order of [0, 1]) {
      const world = await aWorld(createMemoryStore);
      const { session } = await opened(world);
      const family: Target = {
        kind: "family",
        session: session.id,
        family: session.families[0]?.id ?? ("" as FamilyId),
      };
      const both = [theSession(session.id), family];
      const revocation = await revoked(world, ...(order === 0 ? both : both.toReversed()));
      assert.equal(revocation.endedSessions, 1);
      assert.equal((await takings(world)).length, 2);
      const seen = await readSession(world.store, TENANT, session.id);
      assert.ok(seen.ok && seen.value.standing.kind === "ended");
      const twice = [
        { kind: "token", jti: "j", expires: null },
        { kind: "token", jti: "j", expires: world.now() },
      ] as const;
      assert.equal((await revoke(world, aRevoke(twice))).ok, true);
    }
  });

  it("of a token again, known to live longer, is remembered for as long", async () => {
    const world = await aWorld(createMemoryStore);
    const { jti, expires } = (await opened(world)).tokens.access ?? { jti: "", expires: world.now() };
    await revoked(world, { kind: "token", jti, expires: world.now() });
    await revoked(world, { kind: "token", jti, expires });
    const due = await world.store.due({ kind: "revoked_token", by: afterMs(expires, 9_999), limit: 10 });
    assert.deepEqual(due, []);
  });

  const unknown: readonly [title: string, target: Target, code: string][] = [
    ["a session", theSession("019a9c3e-0000-7000-8000-000000000009" as SessionId), "session_not_found"],
    [
      "a family's session",
      { kind: "family", session: "019a9c3e-0000-7000-8000-000000000009" as SessionId, family: "AAECAw" as FamilyId },
      "session_not_found",
    ],
    ["a client", { kind: "client", client: "nobody" as ClientId }, "client_not_found"],
  ];
  for (const [title, target, code] of unknown) {
    it(`of ${title} that does not exist is refused whole, whatever else it names`, async () => {
      const world = await aWorld(createMemoryStore);
      const { session } = await opened(world);
      const answer = await revoke(world, aRevoke([theSession(session.id), target]));
      assert.deepEqual(answer, { ok: false, code });
      assert.deepEqual(await world.notices(), []);
      const seen = await readSession(world.store, TENANT, session.id);
      assert.ok(seen.ok && seen.value.standing.kind === "active");
    });
  }

  it("of a family that the session does not have is refused", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const target = { kind: "family", session: session.id, family: "AAAAAA" as FamilyId } as const;
    assert.deepEqual(await revoke(world, aRevoke([target])), { ok: false, code: "target_not_found" });
  });

  it("is kept for 30 days [RCP-8]", async () => {
    const world = await aWorld(createMemoryStore);
    const { id } = await revoked(world, { kind: "subject", subject: U81 });
    const key = revocationKey(TENANT, id);
    assert.equal(RECEIPT_KEPT, 30 * 86_400_000);
    assert.equal((await world.store.read([key])).get(key)?.expires, afterMs(world.now(), RECEIPT_KEPT));
    assert.deepEqual(await readRevocation(world.store, TENANT, "other"), { ok: false, code: "revocation_not_found" });
  });
});
