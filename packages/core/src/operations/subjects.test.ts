// Blocked subjects: everything is over, nothing begins, until the block is.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { SubjectId } from "../kernel/ids.ts";
import { afterMs, type Instant, instantOf } from "../kernel/time.ts";
import { subjectFromRow, subjectKey } from "../sessions/subject.ts";
import { TENANT } from "../testing/builders.ts";
import { goneAfter, withMishaps } from "../testing/stores.ts";
import {
  accessTextOf,
  anOpening,
  aWorld,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { openSession } from "./open-session.ts";
import { readRevocation } from "./read-revocation.ts";
import { readSession } from "./read-session.ts";
import { type BlockSubject, blockSubject, readSubject, unblockSubject } from "./subjects.ts";

const U81 = "u-81" as SubjectId;

function block(world: World, changes: Partial<BlockSubject> = {}) {
  const request = { subject: U81, until: null, reason: "fraud", ticket: "T-1", actor: "ops", ...changes };
  return blockSubject(world, request);
}

async function codeOf(world: World): Promise<string> {
  const answer = await openSession(world, anOpening());
  return answer.ok ? "opened" : answer.code;
}

describe("a block", () => {
  it("ends every session with its reason, a notice and a receipt that can be read again [SUB-2]", async () => {
    const world = await aWorld(createMemoryStore);
    const [first, second] = [await opened(world), await opened(world)];
    const other = await opened(world, { subject: "u-82" as SubjectId });
    const answer = await block(world);
    assert.ok(answer.ok);
    assert.deepEqual([answer.value.endedSessions, answer.value.reason, answer.value.ticket], [2, "fraud", "T-1"]);
    assert.deepEqual(answer.value.targets, [{ kind: "subject", subject: U81 }]);
    const longest = (world.issuer.longestToken + world.issuer.skew) * 1000;
    assert.equal(answer.value.tokensExpireBy, afterMs(world.now(), longest));
    const [told] = (await world.facts()).filter(({ kind }) => kind === "subject_blocked");
    const body = { revocation: answer.value.id, sessions: 2, until_ms: null, actor: "ops" };
    assert.deepEqual(JSON.parse(told?.body ?? "null"), body);
    const kept = await readRevocation(world.store, TENANT, answer.value.id);
    assert.ok(kept.ok);
    for (const one of [first, second]) {
      const seen = await readSession(world.store, TENANT, one.session.id);
      assert.ok(seen.ok && seen.value.standing.kind === "ended");
      assert.equal(seen.value.standing.reason, "subject_blocked");
      assert.equal(await judgeAccessToken(world, accessTextOf(one)), undefined);
      const late = await refreshed(world, refreshTextOf(one));
      assert.ok(late.kind === "refused" && late.end?.reason === "subject_blocked");
    }
    assert.equal((await refreshed(world, refreshTextOf(other))).kind, "granted");
    assert.deepEqual(
      (await world.notices()).map(({ taking }) => taking["kind"]),
      ["subject"],
    );
  });

  it("lets nothing begin, not even from a parent or a guest, and opens no way by an edit [SUB-2]", async () => {
    const world = await aWorld(createMemoryStore);
    const guest = await opened(world, { subject: "guest" as SubjectId });
    await block(world);
    assert.equal(await codeOf(world), "subject_blocked");
    const replaces = { session: guest.session.id, carryClaims: false };
    const signIn = await openSession(world, anOpening({ replaces }));
    assert.deepEqual(signIn, { ok: false, code: "subject_blocked" });
    assert.equal((await refreshed(world, refreshTextOf(guest))).kind, "granted");
  });

  it("of a subject that was never seen holds when it comes", async () => {
    const world = await aWorld(createMemoryStore);
    const answer = await block(world);
    assert.equal(answer.ok && answer.value.endedSessions, 0);
    assert.equal(await codeOf(world), "subject_blocked");
  });

  it("with a time holds until one millisecond before it, and is over at the instant it names [SUB-3]", async () => {
    const world = await aWorld(createMemoryStore);
    const until = afterMs(world.now(), 60_000);
    await block(world, { until });
    world.setNow(afterMs(until, -1));
    assert.equal(await codeOf(world), "subject_blocked");
    assert.equal((await readSubject(world.store, TENANT, U81)).block?.until, until);
    world.setNow(until);
    assert.equal((await readSubject(world.store, TENANT, U81)).block, null);
    assert.equal(await codeOf(world), "opened");
  });

  it("until a time that is past is refused, and ends nothing [SUB-3]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    for (const until of [world.now(), afterMs(world.now(), -1), instantOf(0)] satisfies Instant[])
      assert.deepEqual(await block(world, { until }), { ok: false, code: "until_past" });
    assert.equal((await refreshed(world, refreshTextOf(one))).kind, "granted");
    assert.deepEqual(await world.notices(), []);
  });

  it("that is taken back lets the subject sign in, and revives nothing [SUB-3]", async () => {
    const world = await aWorld(createMemoryStore);
    const before = await opened(world);
    const answer = await block(world);
    const taken = await unblockSubject(world, U81, "ops");
    assert.equal(taken?.revocation, answer.ok && answer.value.id);
    assert.equal(await unblockSubject(world, U81, "ops"), null);
    assert.equal(await codeOf(world), "opened");
    assert.equal((await refreshed(world, refreshTextOf(before))).kind, "refused");
    const seen = await readSession(world.store, TENANT, before.session.id);
    assert.ok(seen.ok && seen.value.standing.kind === "ended" && seen.value.standing.reason === "subject_blocked");
    const told = (await world.facts()).filter(({ kind }) => kind === "subject_unblocked");
    assert.deepEqual(
      told.map(({ body }) => JSON.parse(body)),
      [{ revocation: taken?.revocation, actor: "ops" }],
    );
  });

  it("that is none is taken back by writing nothing, and one that is over without a word [SUB-3]", async () => {
    const world = await aWorld(createMemoryStore);
    const key = subjectKey(TENANT, U81);
    assert.equal(await unblockSubject(world, U81, "ops"), null);
    await block(world, { until: afterMs(world.now(), 1) });
    world.wait(1);
    const told = (await world.facts()).length;
    for (let count = 0; count < 2; count += 1) assert.equal(await unblockSubject(world, U81, "ops"), null);
    assert.equal((await world.facts()).length, told);
    const row = (await world.store.read([key])).get(key);
    assert.deepEqual([row?.version, subjectFromRow(row).block], [2, null]);
  });

  it("stays when everything of the subject is revoked in between [SUB-2]", async () => {
    const world = await aWorld(createMemoryStore);
    await block(world);
    await revoked(world, { kind: "subject", subject: U81 });
    assert.equal(await codeOf(world), "subject_blocked");
    assert.equal((await readSubject(world.store, TENANT, U81)).block?.reason, "fraud");
  });

  it("that races openings and refreshes leaves nothing alive [SUB-2]", async () => {
    const world = await aWorld(createMemoryStore);
    const early = await opened(world);
    const racing = await Promise.all([
      ...Array.from({ length: 16 }, () => openSession(world, anOpening())),
      block(world).then(() => undefined),
      refreshed(world, refreshTextOf(early)).then(() => undefined),
    ]);
    for (const one of racing.filter((each) => each?.ok === true)) {
      const seen = await readSession(world.store, TENANT, one.value.session.id);
      assert.ok(seen.ok && seen.value.standing.kind === "ended");
    }
    assert.deepEqual((await readSubject(world.store, TENANT, U81)).liveSessions, []);
  });

  it("that can't be written is a fault, and blocks nobody [SUB-2]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    await assert.rejects(block({ ...world, store: withMishaps(world.store, ["failed"]) }));
    await assert.rejects(block({ ...world, store: goneAfter(world.store, 0) }));
    assert.equal((await refreshed(world, refreshTextOf(one))).kind, "granted");
    assert.equal(await codeOf(world), "opened");
  });

  it("is skipped by release 0.1, which reads the sessions before it", async () => {
    const world = await aWorld(createMemoryStore);
    await block(world, { until: afterMs(world.now(), 1) });
    world.wait(1);
    const { session } = await opened(world);
    const key = subjectKey(TENANT, U81);
    const row = (await world.store.read([key])).get(key);
    const flat = JSON.parse(row?.value ?? "[]") as unknown[];
    assert.equal(flat[0], session.id);
    assert.equal(typeof flat[1], "number");
    assert.equal(subjectFromRow(row).sessions.length, 1);
  });
});
