import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId, SubjectId } from "../kernel/ids.ts";
import { afterMs, instantOf } from "../kernel/time.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { RECEIPT_KEPT } from "../revocation/revocation-row.ts";
import type { LargeTarget } from "../revocation/target.ts";
import type { SessionQuery } from "../sessions/session-query.ts";
import { TENANT } from "../testing/builders.ts";
import {
  accessTextOf,
  asBackend,
  aWorld,
  type Deps,
  nextOf,
  opened,
  refreshed,
  refreshTextOf,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { alterSession } from "./alter-session.ts";
import { issueClientToken } from "./issue-client-token.ts";
import { keepAlive } from "./keep-alive.ts";
import { listRevocations, runningRevocations } from "./list-revocations.ts";
import { readAffected } from "./read-affected.ts";
import { readRevocation } from "./read-revocation.ts";
import { readSession } from "./read-session.ts";
import { revokeMany } from "./revoke-many.ts";
import { type RunPlace, settleRevocation } from "./settle-revocation.ts";

const PHONE = { name: "phone", userAgent: "Curl/8", ip: "203.0.113.7", region: "eu" };

async function begun(deps: Deps, target: LargeTarget): Promise<Revocation> {
  const answer = await revokeMany(deps, { target, reason: "incident", ticket: "SEC-1", actor: "ops" });
  if (!answer.ok) throw new Error(answer.code);
  return answer.value;
}

/** Steps until it is over, at most so many. */
async function run(deps: Deps, id: string, most = 100): Promise<number> {
  let place: RunPlace | null = null;
  for (let steps = 1; steps <= most; steps += 1) {
    const step = await settleRevocation(deps, id, place);
    if (step.kind === "over") return steps;
    place = step.place;
  }
  return most;
}

async function done(deps: Deps, target: LargeTarget): Promise<Revocation> {
  const { id } = await begun(deps, target);
  await run(deps, id);
  const read = await readRevocation(deps.store, TENANT, id);
  assert.ok(read.ok);
  assert.equal(read.value.run?.status, "complete");
  return read.value;
}

async function serviceToken(world: World): Promise<string> {
  const answer = await issueClientToken(world, {
    credentials: asBackend(world),
    scope: undefined,
    audience: undefined,
  });
  assert.ok(answer.ok);
  return answer.value.access.token.reveal();
}

async function lives(world: World, token: string): Promise<boolean> {
  return (await judgeAccessToken(world, token)) !== undefined;
}

const query = (given: SessionQuery): LargeTarget => ({ kind: "query", query: given });
const subject = (n: number): SubjectId => `u-${n}` as SubjectId;

describe("a tenant's revocation", () => {
  it("takes every session and token of before in its first change, before any step [NOT-4] [NOT-8]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const service = await serviceToken(world);
    world.wait(1000);
    const { id, pos, tokensExpireBy } = await begun(world, { kind: "tenant" });
    assert.equal(tokensExpireBy, afterMs(world.now(), 605_000));
    assert.deepEqual(
      (await world.facts()).slice(-2).map(({ kind, body }) => [kind, JSON.parse(body)]),
      [
        ["tenant_cut_off", { revocation: id }],
        ["revocation_started", { revocation: id, target: "tenant", actor: "ops" }],
      ],
    );
    assert.deepEqual([await lives(world, accessTextOf(one)), await lives(world, service)], [false, false]);
    assert.deepEqual(await refreshed(world, refreshTextOf(one)), {
      kind: "refused",
      outcome: "ended",
      end: { kind: "ended", reason: "tenant_revoked", at: world.now() },
      session: one.session.id,
    });
    assert.equal(await keepAlive(world, one.session.id, world.now(), "call"), "over");
    const alter = {
      session: one.session.id,
      alteration: { acr: "x" },
      expectVersion: null,
      revocationId: id,
      actor: null,
    };
    assert.deepEqual(await alterSession(world, alter), { ok: false, code: "session_over" });
    const seen = await readSession(world.store, TENANT, one.session.id);
    assert.ok(seen.ok && seen.value.standing.kind === "ended");
    assert.deepEqual(
      (await world.notices()).map(({ taking, pos: at }) => [taking, at]),
      [[{ kind: "tenant" }, pos]],
    );
  });

  it("leaves alone what is opened and issued after it, with the clock set back [NOT-7] [P6]", async () => {
    const world = await aWorld(createMemoryStore);
    await opened(world);
    await begun(world, { kind: "tenant" });
    world.setNow(instantOf(world.now() - 60_000));
    const after = await opened(world);
    assert.ok(await lives(world, accessTextOf(after)));
    assert.ok(await lives(world, await serviceToken(world)));
    await nextOf(world, refreshTextOf(after));
  });

  it("is run to its end: each session's end a fact with its revocation, and nothing of what was over [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, { subject: subject(1) });
    world.wait(1);
    const two = await opened(world, { subject: subject(2) });
    const gone = await opened(world, { subject: subject(3) });
    await done(world, query({ subject: subject(3) }));
    const revocation = await done(world, { kind: "tenant" });
    assert.equal(revocation.endedSessions, 2);
    assert.equal((await world.notices()).filter(({ taking }) => taking["kind"] === "session").length, 1);
    const ends = (await world.facts()).filter(({ kind }) => kind === "session_ended").slice(1);
    assert.deepEqual(
      ends.map(({ session, body }) => [session, JSON.parse(body)]),
      [one, two].map(({ session }) => [
        session.id,
        { reason: "tenant_revoked", at_ms: revocation.run?.since, revocation: revocation.id },
      ]),
    );
    assert.ok(!ends.some(({ session }) => session === gone.session.id));
  });
});

describe("a revocation by query", () => {
  it("ends what was there and matched, and nothing else [RCP-11] [NOT-10]", async () => {
    const world = await aWorld(createMemoryStore);
    const hit = await opened(world, { subject: subject(1), device: PHONE });
    const missed = await opened(world, { subject: subject(2), device: { ...PHONE, ip: "203.0.114.7" } });
    const bare = await opened(world, { subject: subject(3) });
    const { id, pos } = await begun(world, query({ ip: "203.0.113.0/24" }));
    const later = await opened(world, { subject: subject(4), device: PHONE });
    assert.ok(await lives(world, accessTextOf(hit)));
    await run(world, id);
    const answers = await Promise.all([hit, missed, bare, later].map((one) => lives(world, accessTextOf(one))));
    assert.deepEqual(answers, [false, true, true, true]);
    assert.notEqual((await refreshed(world, refreshTextOf(hit))).kind, "granted");
    await nextOf(world, refreshTextOf(later));
    const takings = (await world.notices()).map(({ taking, pos: at, until }) => [taking["kind"], at.seq, until]);
    assert.deepEqual(takings[0], ["token", pos.seq, afterMs(world.now(), 10_000)]);
    assert.deepEqual(
      takings.slice(1).map(([kind]) => kind),
      ["session"],
    );
    const read = await readRevocation(world.store, TENANT, id);
    assert.ok(read.ok);
    assert.deepEqual(
      [read.value.endedSessions, read.value.pos.seq, read.value.run?.began?.seq],
      [1, pos.seq + 1, pos.seq],
    );
    assert.deepEqual([read.value.reason, read.value.ticket, read.value.actor], ["incident", "SEC-1", "ops"]);
  });

  const queries: readonly [title: string, given: SessionQuery, hits: readonly number[]][] = [
    ["the subject", { subject: subject(1) }, [1]],
    ["a client", { client: "backend" as ClientId }, []],
    ["a region", { region: "eu" }, [1, 2]],
    ["a device", { device: "phone" }, [1, 2]],
    ["a user agent", { userAgent: "Curl/8" }, [1]],
    ["a user agent in other capitals", { userAgent: "curl/8" }, []],
    ["a part of a user agent in any capitals", { userAgentHas: "CURL" }, [1, 2]],
    ["an assurance", { acr: "gold" }, [3]],
    ["everything at once", { region: "eu", userAgentHas: "curl/9", device: "phone" }, [2]],
    ["two things of which one does not hold", { region: "eu", acr: "gold" }, []],
    ["from the second on", { opened: { from: instantOf(1_764_000_001_000), before: null } }, [2, 3]],
    ["before the second", { opened: { from: null, before: instantOf(1_764_000_001_000) } }, [1]],
    ["between", { opened: { from: instantOf(1_764_000_001_000), before: instantOf(1_764_000_002_000) } }, [2]],
    ["active until the first", { lastActive: { from: null, before: instantOf(1_764_000_000_001) } }, [1]],
  ];
  for (const [title, given, hits] of queries) {
    it(`means ${title}: sessions ${hits.join(" and ") || "none"}`, async () => {
      const world = await aWorld(createMemoryStore);
      await opened(world, { subject: subject(1), device: PHONE });
      world.wait(1000);
      await opened(world, { subject: subject(2), device: { ...PHONE, userAgent: "curl/9" } });
      world.wait(1000);
      await opened(world, { subject: subject(3), acr: "gold" });
      const { id } = await done(world, query(given));
      const affected = await readAffected(world.store, TENANT, { revocation: id, after: null, limit: 10 });
      assert.ok(affected.ok);
      assert.deepEqual(
        affected.value.sessions.map(({ session }) => session?.subject),
        hits.map(subject),
      );
    });
  }

  it("ends a session that was idle when it began, and was refreshed before it was reached [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const idle = await opened(world, { subject: subject(1) });
    world.wait(10_000);
    const { id } = await begun(world, query({ lastActive: { from: null, before: world.now() } }));
    world.wait(1);
    await nextOf(world, refreshTextOf(idle));
    await run(world, id);
    assert.equal(await lives(world, accessTextOf(idle)), false);
  });

  it("goes on where it was killed, at any step, and counts none twice [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    for (let n = 0; n < 300; n += 1) {
      await opened(world, { subject: subject(n), ...(n % 3 === 0 ? { device: PHONE } : {}) });
      world.wait(1);
    }
    const { id } = await begun(world, query({ region: "eu" }));
    let commits = 0;
    for (let life = 0; life < 40; life += 1) {
      // Each life commits twice and dies, with or without its last commit having been heard of.
      const node = world.node({
        ...world.store,
        commit: async (changes) => {
          commits += 1;
          if (commits % 3 === 0) throw new Error("killed");
          return world.store.commit(changes);
        },
      });
      await run(node, id).catch(() => {});
    }
    await run(world, id);
    const read = await readRevocation(world.store, TENANT, id);
    assert.ok(read.ok);
    assert.deepEqual(
      [read.value.run?.status, read.value.endedSessions, read.value.run?.scanned],
      ["complete", 100, 300],
    );
    const ends = (await world.facts()).filter(({ kind }) => kind === "session_ended");
    assert.equal(new Set(ends.map(({ session }) => session)).size, 100);
    assert.equal(ends.length, 100);
    const seen: string[] = [];
    for (let after: Parameters<typeof readAffected>[2]["after"] = null; ; ) {
      const page = await readAffected(world.store, TENANT, { revocation: id, after, limit: 7 });
      assert.ok(page.ok);
      assert.ok(page.value.sessions.length <= 7);
      seen.push(...page.value.sessions.map((one) => one.id));
      after = page.value.next;
      if (after === null) break;
    }
    assert.deepEqual(seen, [...new Set(ends.map(({ session }) => String(session)))].toSorted());
  });

  it("writes down what seems over by a clock that jumped ahead, so that it never lives again [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, { device: PHONE });
    const then = world.now();
    world.wait(200_000);
    await done(world, query({ region: "eu" }));
    world.setNow(then);
    assert.equal(await lives(world, accessTextOf(one)), false);
    assert.notEqual((await refreshed(world, refreshTextOf(one))).kind, "granted");
  });
});

describe("a revocation of everything before", () => {
  it("a position ends the sessions born before it, and services' tokens of before [NOT-8]", async () => {
    const world = await aWorld(createMemoryStore);
    const older = await opened(world, { subject: subject(1) });
    const service = await serviceToken(world);
    await done(world, query({ subject: subject(9) }));
    const { head } = await world.store.read([]);
    const younger = await opened(world, { subject: subject(2) });
    const fresh = await serviceToken(world);
    // Refreshed since: its access token is young, and its session is not.
    const renewed = await refreshed(world, refreshTextOf(older));
    assert.ok(renewed.kind === "granted");
    await done(world, { kind: "before", pos: head.pos });
    const before = `${head.pos.epoch}.${head.pos.seq}`;
    assert.ok((await world.notices()).some(({ taking }) => taking["before"] === before && taking["kind"] === "tenant"));
    const [row] = await world.store.list({ tenant: TENANT, kind: "revoked_token", limit: 1 });
    assert.equal(row?.expires, afterMs(world.now(), 610_000));
    const answers = [accessTextOf(older), accessTextOf(renewed), service, accessTextOf(younger), fresh];
    assert.deepEqual(await Promise.all(answers.map((token) => lives(world, token))), [false, false, false, true, true]);
  });

  it("a time ends what was opened and issued before it and the skew [NOT-8]", async () => {
    const world = await aWorld(createMemoryStore);
    const tokens: string[] = [];
    // At the time, one before the end of the skew, at its end.
    for (const wait of [0, 4999, 1]) {
      world.wait(wait);
      tokens.push(accessTextOf(await opened(world, { subject: subject(wait) })), await serviceToken(world));
    }
    await done(world, { kind: "before", time: instantOf(world.now() - 5000) });
    assert.deepEqual(await Promise.all(tokens.map((token) => lives(world, token))), [
      false,
      false,
      false,
      false,
      true,
      true,
    ]);
    const [notice] = await world.notices();
    assert.deepEqual(notice?.taking, { kind: "tenant", issued_before: world.now() / 1000 });
  });

  it("a time of which no token can live tells the verifiers of the sessions alone, and not a moment earlier [NOT-9]", async () => {
    for (const [late, kind] of [
      [-1, "tenant"],
      [0, "tenant"],
      [1, "token"],
    ] as const) {
      const world = await aWorld(createMemoryStore);
      const { longestToken, skew } = world.issuer;
      const time = world.now();
      world.wait((longestToken + 2 * skew) * 1000 + late);
      await opened(world);
      await done(world, { kind: "before", time });
      assert.deepEqual(
        (await world.notices()).map(({ taking }) => taking["kind"]),
        [kind],
      );
    }
  });

  it("what lies ahead is refused, and nothing is written", async () => {
    const world = await aWorld(createMemoryStore);
    const facts = (await world.facts()).length;
    for (const target of [
      { kind: "before", pos: { epoch: 1, seq: 1 } },
      { kind: "before", pos: { epoch: 2, seq: 0 } },
      { kind: "before", time: afterMs(world.now(), 1) },
    ] as const) {
      const answer = await revokeMany(world, { target, reason: null, ticket: null, actor: null });
      assert.deepEqual(answer, { ok: false, code: "cut_off_in_future" });
    }
    assert.equal((await world.facts()).length, facts);
    assert.equal((await world.notices()).length, 0);
    await done(world, { kind: "before", time: world.now() });
    await done(world, { kind: "before", pos: { epoch: 1, seq: 1 } });
  });

  it("an earlier time does not give back what a later one took [NOT-8]", async () => {
    const world = await aWorld(createMemoryStore);
    world.wait(100_000);
    const service = await serviceToken(world);
    await done(world, { kind: "before", time: world.now() });
    await done(world, { kind: "before", time: instantOf(world.now() - 50_000) });
    await done(world, { kind: "before", pos: { epoch: 1, seq: 0 } });
    assert.equal(await lives(world, service), false);
  });
});

it("revocations are listed oldest first, by ticket, by status and since a time, and kept for 30 days [RCP-8]", async () => {
  const world = await aWorld(createMemoryStore);
  const first = await begun(world, query({ region: "eu" }));
  world.wait(1000);
  const second = await done(world, query({ region: "us" }));
  const all = { ticket: null, status: null, since: null, after: null, limit: 10 };
  const ids = async (more: object): Promise<readonly string[]> =>
    (await listRevocations(world.store, TENANT, { ...all, ...more })).revocations.map(({ id }) => id);
  assert.deepEqual(await ids({}), [first.id, second.id]);
  assert.deepEqual(await ids({ limit: 1 }), [first.id]);
  assert.deepEqual(await ids({ after: first.id }), [second.id]);
  assert.deepEqual(await ids({ status: "running" }), [first.id]);
  assert.deepEqual(await ids({ status: "complete" }), [second.id]);
  assert.deepEqual(await ids({ ticket: "SEC-1" }), [first.id, second.id]);
  assert.deepEqual(await ids({ ticket: "SEC-2" }), []);
  assert.deepEqual(await ids({ since: world.now() }), [second.id]);
  assert.deepEqual(await ids({ since: afterMs(world.now(), 1) }), []);
  assert.deepEqual(await runningRevocations(world.store, TENANT), [first]);
  const [row] = await world.store.list({ tenant: TENANT, kind: "revocation", limit: 1 });
  assert.equal(row?.expires, afterMs(world.now(), RECEIPT_KEPT - 1000));
});
