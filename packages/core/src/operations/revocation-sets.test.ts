// Which sessions a run ends: those that were meant when it began, whatever they become while it goes on.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId, SessionId, SubjectId } from "../kernel/ids.ts";
import { statusOf } from "../revocation/large-run.ts";
import type { Revocation } from "../revocation/receipt.ts";
import type { LargeTarget } from "../revocation/target.ts";
import type { Alteration } from "../sessions/decide.ts";
import type { SessionQuery } from "../sessions/session-query.ts";
import type { Store } from "../store/store.ts";
import { aPolicy, TENANT, WEB } from "../testing/builders.ts";
import { goneAfter, inTurns } from "../testing/stores.ts";
import {
  accessTextOf,
  aRevoke,
  asBackend,
  aWorld,
  BACKEND,
  type Deps,
  nextOf,
  opened,
  refreshTextOf,
  theSession,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { alterSession } from "./alter-session.ts";
import { disableClient } from "./disable-client.ts";
import { keepAlive } from "./keep-alive.ts";
import { previewRevocation } from "./preview-revocation.ts";
import { readAffected } from "./read-affected.ts";
import { readRevocation } from "./read-revocation.ts";
import { readSession } from "./read-session.ts";
import { revoke } from "./revoke.ts";
import { revokeMany } from "./revoke-many.ts";
import { settleRevocation } from "./settle-revocation.ts";

const PHONE = { name: "phone", userAgent: "Curl/8", ip: "203.0.113.7", region: "eu" };
const ELSEWHERE = { ...PHONE, region: "us", ip: "198.51.100.7" };
const OF_EU: SessionQuery = { region: "eu" };

const subject = (n: number): SubjectId => `u-${n}` as SubjectId;

async function begun(deps: Deps, target: LargeTarget): Promise<string> {
  const answer = await revokeMany(deps, { target, reason: null, ticket: null, actor: "ops" });
  if (!answer.ok) throw new Error(answer.code);
  return answer.value.id;
}

function byQuery(deps: Deps, query: SessionQuery): Promise<string> {
  return begun(deps, { kind: "query", query });
}

async function settled(deps: Deps, id: string): Promise<Revocation> {
  for (let step = await settleRevocation(deps, id, null); step.kind === "running"; )
    step = await settleRevocation(deps, id, step.place);
  const read = await readRevocation(deps.store, TENANT, id);
  assert.ok(read.ok);
  return read.value;
}

async function altered(deps: World, session: SessionId, alteration: Alteration): Promise<string> {
  const random = `019a9c3e-6f1a-7c41-9a52-${Math.floor(deps.now() % 1e12)
    .toString()
    .padStart(12, "0")}`;
  const request = { session, alteration, expectVersion: null, revocationId: random, actor: null };
  const answer = await alterSession(deps, request);
  return answer.ok ? "altered" : answer.code;
}

async function stateOf(deps: Deps, id: SessionId): Promise<string> {
  const seen = await readSession(deps.store, TENANT, id);
  assert.ok(seen.ok);
  return seen.value.standing.kind === "ended" ? seen.value.standing.reason : "active";
}

async function affectedBy(deps: Deps, revocation: string): Promise<readonly SessionId[]> {
  const found: SessionId[] = [];
  for (let after: SessionId | null = null; ; ) {
    const page = await readAffected(deps.store, TENANT, { revocation, after, limit: 2 });
    assert.ok(page.ok);
    found.push(...page.value.sessions.map(({ id }) => id));
    after = page.value.next;
    if (after === null) return found;
  }
}

describe("the set of a revocation by query", () => {
  it("is that of its beginning: who would leave it by a change is ended first, counted and listed [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const sessions: SessionId[] = [];
    for (let n = 0; n < 5; n += 1) {
      sessions.push((await opened(world, { subject: subject(n), device: PHONE, acr: "gold" })).session.id);
      world.wait(1);
    }
    const [first, second, third] = sessions;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const id = await byQuery(world, { ...OF_EU, acr: "gold" });
    assert.equal(await altered(world, third, { device: ELSEWHERE }), "session_over");
    assert.equal(await altered(world, first, { acr: "silver" }), "session_over");
    assert.equal(await stateOf(world, third), "revoked");
    assert.equal(await altered(world, second, { claims: { plan: "x" } }), "altered", "no query looks at claims");
    const revocation = await settled(world, id);
    assert.deepEqual([statusOf(revocation), revocation.endedSessions], ["complete", 5]);
    assert.deepEqual(await affectedBy(world, id), sessions);
    const ends = (await world.facts()).filter(({ kind }) => kind === "session_ended");
    assert.deepEqual(
      ends.map(({ body }) => (JSON.parse(body) as { revocation: string }).revocation),
      Array<string>(5).fill(id),
    );
    const notices = (await world.notices()).filter(({ taking }) => taking["kind"] === "session");
    assert.equal(notices.length, 5);
  });

  it("is that of its beginning: who would come into it by a change stays outside, whatever it is changed to [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, { subject: subject(1), device: ELSEWHERE });
    const id = await byQuery(world, OF_EU);
    assert.equal(await altered(world, one.session.id, { device: PHONE }), "altered");
    world.wait(1);
    assert.equal(await altered(world, one.session.id, { device: { ...PHONE, name: "x" } }), "altered");
    assert.equal((await settled(world, id)).endedSessions, 0);
    await nextOf(world, refreshTextOf(one));
    assert.equal((await settled(world, await byQuery(world, OF_EU))).endedSessions, 1, "the next one means it");
  });

  it("of several runs at once is each run's own [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, { subject: subject(1), device: ELSEWHERE });
    const before = await byQuery(world, OF_EU);
    assert.equal(await altered(world, one.session.id, { device: PHONE }), "altered");
    const after = await byQuery(world, OF_EU);
    world.wait(1);
    assert.equal(await altered(world, one.session.id, { device: ELSEWHERE }), "session_over");
    assert.equal((await settled(world, before)).endedSessions, 0);
    assert.equal((await settled(world, after)).endedSessions, 1);
    assert.deepEqual(await affectedBy(world, after), [one.session.id]);
  });

  it("is no matter of a run that is over, or that has not begun [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, { subject: subject(1), device: PHONE });
    assert.equal(await altered(world, one.session.id, { device: ELSEWHERE }), "altered");
    assert.equal((await settled(world, await byQuery(world, OF_EU))).endedSessions, 0);
    world.wait(1);
    assert.equal(await altered(world, one.session.id, { device: PHONE }), "altered");
    world.wait(1);
    assert.equal(await altered(world, one.session.id, { device: ELSEWHERE }), "altered");
  });

  it("holds in every order of a change and a beginning: one of the two comes first [RCP-11]", async () => {
    for (const changeFirst of [1, 2, 3, 4, 5, 6]) {
      const world = await aWorld(createMemoryStore);
      const one = await opened(world, { subject: subject(1), device: PHONE });
      let turns = 0;
      let begin: () => void = () => {};
      const going = new Promise<void>((resolve) => {
        begin = resolve;
      });
      let id = "";
      // The revocation begins when the change has taken so many turns at the store.
      const node: World = {
        ...world,
        ...world.node(
          inTurns(world.store, async () => {
            turns += 1;
            if (turns !== changeFirst) return;
            id = await byQuery(world, OF_EU);
            begin();
          }),
        ),
      };
      const changed = await altered(node, one.session.id, { device: ELSEWHERE });
      if (turns < changeFirst) break;
      await going;
      const { endedSessions } = await settled(world, id);
      const state = await stateOf(world, one.session.id);
      if (changed === "altered") assert.deepEqual([state, endedSessions], ["active", 0], `after ${changeFirst}`);
      else assert.deepEqual([changed, state, endedSessions], ["session_over", "revoked", 1], `after ${changeFirst}`);
    }
  });

  it("loses nobody whose activity of the time before can't be told any more, and hits nobody who was surely not meant [RCP-11]", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ idle: aPolicy().absolute }) });
    const reported = await opened(world, { subject: subject(1) });
    const refreshedOften = await opened(world, { subject: subject(2) });
    const quiet = await opened(world, { subject: subject(3) });
    world.wait(150_000);
    const from = world.now();
    world.wait(1000);
    assert.equal(await keepAlive(world, reported.session.id, world.now(), "call"), "moved");
    let token = await nextOf(world, refreshTextOf(refreshedOften));
    world.wait(1000);
    const id = await byQuery(world, { lastActive: { from, before: null } });
    const idle = await byQuery(world, { lastActive: { from: null, before: from } });
    world.wait(110_000);
    await keepAlive(world, reported.session.id, world.now(), "call");
    for (let n = 0; n < 6; n += 1) {
      world.wait(31_000);
      token = await nextOf(world, token);
    }
    await settled(world, id);
    assert.deepEqual(
      await Promise.all([reported, refreshedOften, quiet].map(({ session }) => stateOf(world, session.id))),
      ["revoked", "revoked", "active"],
    );
    assert.equal((await settled(world, idle)).endedSessions, 1);
  });
});

describe("a client's cut-off", () => {
  async function aTown(): Promise<World> {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ maxSessions: 20 }) });
    for (let n = 0; n < 30; n += 1) {
      await opened(world, { subject: subject(n), ...(n % 3 === 0 ? { client: BACKEND } : {}) });
      world.wait(1);
    }
    const [over] = [await opened(world, { subject: subject(99) })];
    assert.ok((await revoke(world, aRevoke([theSession(over.session.id)]))).ok);
    return world;
  }

  async function cutOff(world: World, ...clients: readonly ClientId[]): Promise<Revocation> {
    const targets = clients.map((client) => ({ kind: "client", client }) as const);
    const answer = await revoke(world, aRevoke(targets));
    assert.ok(answer.ok);
    assert.equal(statusOf(answer.value), "complete");
    return answer.value;
  }

  it("holds at once, and counts the sessions that it took from its clients, as the look before it did [RCP-16] [RCP-13]", async () => {
    const world = await aTown();
    const seen = await previewRevocation(
      { ...world, pause: async () => {} },
      { targets: [{ kind: "client", client: WEB }], after: null, limit: 1 },
    );
    assert.ok(seen.ok);
    const later = await opened(world, { subject: subject(3), client: BACKEND });
    const { id } = await cutOff(world, WEB);
    const after = await opened(world, { subject: subject(2) });
    const counted = await settled(world, id);
    assert.equal(counted.endedSessions, 20);
    assert.equal(seen.value.counts?.sessions, 20);
    assert.equal((await affectedBy(world, id)).length, 20);
    assert.equal(counted.pos.seq, (await cutOffPosition(world, WEB)) ?? -1);
    for (const one of [later, after]) assert.ok((await judgeAccessToken(world, accessTextOf(one))) !== undefined);
    await nextOf(world, refreshTextOf(later), { credentials: asBackend(world) });
    const ends = (await world.facts()).filter(({ kind }) => kind === "family_ended");
    assert.equal(ends.length, 20);
    for (const { body } of ends) {
      const { reason, revocation } = JSON.parse(body) as { readonly reason: string; readonly revocation: string };
      assert.deepEqual([reason, revocation], ["client_revoked", id]);
    }
  });

  async function cutOffPosition(world: World, client: ClientId): Promise<number | undefined> {
    const key = { tenant: TENANT, kind: "client", id: client } as const;
    return (await world.store.read([key])).get(key)?.notBefore?.seq;
  }

  it("counts for none of two what the other took, also when the first has not counted yet [RCP-16]", async () => {
    const world = await aTown();
    const first = await cutOff(world, WEB);
    await opened(world, { subject: subject(1) });
    const second = await cutOff(world, WEB, BACKEND);
    assert.equal((await settled(world, second.id)).endedSessions, 11);
    assert.equal((await settled(world, first.id)).endedSessions, 20);
    assert.equal((await settled(world, (await cutOff(world, WEB)).id)).endedSessions, 0);
  });

  it("counts whom a disabled client loses, and nobody who signed out before the count had come so far [RCP-16]", async () => {
    const world = await aTown();
    const one = await opened(world, { subject: subject(1) });
    const disabled = await disableClient(world, WEB, "ops");
    assert.ok(disabled.ok);
    world.wait(1);
    assert.ok((await revoke(world, aRevoke([theSession(one.session.id)]))).ok);
    const counted = await settled(world, disabled.value.id);
    assert.equal(counted.endedSessions, 20);
  });

  it("counts on after a kill, none twice [RCP-16]", async () => {
    const world = await aTown();
    const { id } = await cutOff(world, WEB);
    const until = (commits: number): Store => goneAfter(world.store, commits);
    for (let commits = 0; commits < 3; commits += 1)
      await settled(world.node(until(commits)), id).catch(() => undefined);
    assert.equal((await settled(world, id)).endedSessions, 20);
  });
});
