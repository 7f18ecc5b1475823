// What a run writes down, of whom, and where; and what it leaves alone.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId, FamilyId, SessionId, SubjectId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import { queryRunsFromRow, queryRunsKey } from "../revocation/query-runs.ts";
import type { Revocation } from "../revocation/receipt.ts";
import type { Session } from "../sessions/session.ts";
import { sessionFromRow, sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { aFamily, TENANT, WEB } from "../testing/builders.ts";
import { aWorld, BACKEND, type Deps, opened, revoked, theSession, type World } from "../testing/world.ts";
import { alterSession } from "./alter-session.ts";
import { endByRun } from "./end-by-run.ts";
import { readAffected } from "./read-affected.ts";
import { readRevocation } from "./read-revocation.ts";
import { revokeMany } from "./revoke-many.ts";
import { settleRevocation } from "./settle-revocation.ts";

const PHONE = { name: "phone", userAgent: "Curl/8", ip: "203.0.113.7", region: "eu" };
const ELSEWHERE = { ...PHONE, region: "us" };
const NO_SESSION = "019a9c3e-0000-7000-8000-000000000009" as SessionId;
const subject = (n: number): SubjectId => `u-${n}` as SubjectId;

async function begun(deps: Deps): Promise<string> {
  const target = { kind: "query", query: { region: "eu" } } as const;
  const answer = await revokeMany(deps, { target, reason: null, ticket: null, actor: "ops" });
  if (!answer.ok) throw new Error(answer.code);
  return answer.value.id;
}

async function read(deps: Deps, id: string): Promise<Revocation> {
  const answer = await readRevocation(deps.store, TENANT, id);
  assert.ok(answer.ok);
  return answer.value;
}

async function onPhones(world: World, count: number): Promise<readonly Session[]> {
  const sessions: Session[] = [];
  for (let n = 0; n < count; n += 1) {
    sessions.push((await opened(world, { subject: subject(n), device: PHONE })).session);
    world.wait(1);
  }
  return sessions;
}

async function affectedIds(world: World): Promise<readonly string[]> {
  const rows = await world.store.list({ tenant: TENANT, kind: "affected", limit: 100 });
  return rows.map(({ key }) => key.id).filter((id) => id !== "running");
}

async function altered(world: World, session: SessionId): Promise<string> {
  const revocationId = "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6";
  const request = { session, alteration: { device: ELSEWHERE }, expectVersion: null, revocationId, actor: null };
  const answer = await alterSession(world, request);
  return answer.ok ? "altered" : answer.code;
}

describe("a step of a run", () => {
  it("counts whom it took, and of whoever was over by its time writes down the end alone [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const [idle] = await onPhones(world, 1);
    assert.ok(idle !== undefined);
    world.wait(99_999);
    const [taken] = await onPhones(world, 1);
    const id = await begun(world);
    assert.deepEqual(await settleRevocation(world, id, null), { kind: "over" });
    const revocation = await read(world, id);
    assert.deepEqual([revocation.endedSessions, revocation.run?.scanned], [1, 2]);
    assert.deepEqual(await affectedIds(world), [`${id}/${taken?.id}`]);
    const [, ends] = (await world.facts()).slice(-3).map(({ session, body }) => [session, JSON.parse(body)]);
    assert.deepEqual(ends, [taken?.id, { reason: "revoked", at_ms: world.now(), revocation: id }]);
    const lapsed = (await world.facts()).find(({ kind, session }) => kind === "session_ended" && session === idle.id);
    const body = { reason: "idle", at_ms: afterMs(idle.opened, 100_000), revocation: null };
    assert.deepEqual(JSON.parse(lapsed?.body ?? ""), body);
  });

  it("that is the last says so to whoever alters a session, of its own run alone [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const underWay = async () => {
      const key = queryRunsKey(TENANT);
      return queryRunsFromRow((await world.store.read([key])).get(key));
    };
    const [first, second] = [await begun(world), await begun(world)];
    assert.deepEqual(await underWay(), [first, second]);
    await settleRevocation(world, first, null);
    assert.deepEqual(await underWay(), [second]);
    await settleRevocation(world, second, null);
    assert.deepEqual(await underWay(), []);
  });

  it("of a revocation that has no run, or that is not there, does nothing [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const { id } = await revoked(world, theSession(session.id));
    const facts = (await world.facts()).length;
    for (const one of [id, "nothing"]) {
      assert.deepEqual(await settleRevocation(world, one, null), { kind: "over" });
      await endByRun(world, one, [sessionKey(session)], null);
    }
    assert.equal((await world.facts()).length, facts);
  });

  it("counts nobody who is gone or over when it comes to him, and moves on [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const [one, two] = await onPhones(world, 2);
    assert.ok(one !== undefined && two !== undefined);
    const id = await begun(world);
    await revoked(world, theSession(one.id));
    const keys = [sessionKey({ tenant: TENANT, id: NO_SESSION }), sessionKey(one), sessionKey(two)];
    await endByRun(world, id, keys, { reached: two.id, scanned: 3 });
    const { endedSessions, run } = await read(world, id);
    assert.deepEqual([endedSessions, run?.reached, run?.scanned], [1, two.id, 3]);
    assert.deepEqual(await affectedIds(world), [`${id}/${two.id}`]);
  });

  it("that finds nobody in thousands of rows writes down how far it is [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world, { device: ELSEWHERE });
    const id = await begun(world);
    const [row] = await world.store.list({ tenant: TENANT, kind: "session", limit: 1 });
    assert.ok(row !== undefined);
    const many = world.node({ ...world.store, list: async ({ limit }) => Array.from({ length: limit }, () => row) });
    const step = async (scanned: number): Promise<unknown> => {
      const place = { reached: session.id, scanned: scanned + 128 };
      assert.deepEqual(await settleRevocation(many, id, { reached: null, scanned }), { kind: "running", place });
      return (await read(world, id)).run?.scanned;
    };
    assert.deepEqual([await step(4096 - 129), await step(4096 - 128)], [0, 4096]);
    assert.equal((await read(world, id)).run?.reached, session.id);
  });
});

describe("a session that changes while a run is under way", () => {
  it("is ended before, in a list of its own, if the run is still to come to it, and else just changed [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const [one, two] = await onPhones(world, 2);
    assert.ok(one !== undefined && two !== undefined);
    const id = await begun(world);
    await endByRun(world, id, [], { reached: one.id, scanned: 1 });
    assert.equal(await altered(world, one.id), "altered");
    assert.equal(await altered(world, two.id), "session_over");
    assert.deepEqual(await affectedIds(world), [`${id}+/${two.id}`]);
    const { endedSessions, run } = await read(world, id);
    assert.deepEqual([endedSessions, run?.reached, run?.scanned], [1, one.id, 1]);
  });

  it("is marked only where the change would bring it in [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world, { device: { ...PHONE, region: "ap" } });
    await begun(world);
    assert.equal(await altered(world, session.id), "altered");
    assert.deepEqual(await affectedIds(world), []);
  });
});

describe("the run of a client's cut-off", () => {
  it("writes down what the client lost, leaves other families, and counts no session that is over or lost none [RCP-16]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world, { subject: subject(1) });
    const key = sessionKey(session);
    const other = aFamily({ id: "BBBBBB" as FamilyId, client: "other" as ClientId });
    const next = sessionToRow({ ...session, families: [other, ...session.families] }, 0);
    await world.store.commit([{ attempt: "two", rows: [{ key, expect: 1, next }], notices: [], facts: [] }]);
    const elsewhere = await opened(world, { subject: subject(2), client: BACKEND });
    const { id } = await revoked(world, { kind: "client", client: WEB });
    await endByRun(world, id, [sessionKey(elsewhere.session)], { reached: null, scanned: 0 });
    assert.equal((await read(world, id)).endedSessions, 0);
    assert.deepEqual(await settleRevocation(world, id, null), { kind: "over" });
    assert.equal((await read(world, id)).endedSessions, 1);
    const row = (await world.store.read([key])).get(key);
    assert.ok(row !== undefined);
    assert.deepEqual(
      sessionFromRow(row).families.map(({ ended }) => ended),
      [null, "client_revoked"],
    );
    const page = await readAffected(world.store, TENANT, { revocation: id, after: null, limit: 10 });
    assert.deepEqual(page.ok && page.value.sessions.map((one) => one.id), [session.id]);
  });

  it("counts nobody who was over by his time when it came to him [RCP-16]", async () => {
    const world = await aWorld(createMemoryStore);
    await opened(world);
    const { id } = await revoked(world, { kind: "client", client: WEB });
    world.wait(100_000);
    await settleRevocation(world, id, null);
    assert.equal((await read(world, id)).endedSessions, 0);
  });
});
