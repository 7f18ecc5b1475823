import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { Fault } from "../kernel/fault.ts";
import type { SessionId, SubjectId } from "../kernel/ids.ts";
import type { Paced } from "../kernel/paced.ts";
import { afterMs, type Instant } from "../kernel/time.ts";
import { absoluteEnd } from "../sessions/session.ts";
import { sessionKey } from "../sessions/session-row.ts";
import { KEPT_AFTER_END } from "../sessions/standing.ts";
import { subjectKey } from "../sessions/subject.ts";
import { TENANT } from "../testing/builders.ts";
import {
  accessTextOf,
  aWorld,
  type Deps,
  nextOf,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { keepAlive } from "./keep-alive.ts";
import { readFacts } from "./read-facts.ts";
import { readSession } from "./read-session.ts";
import { type PassedOver, type Swept, sweep } from "./sweep.ts";

const FACTS_KEPT = 90 * 86_400_000;

function swept(world: World, until: Instant = world.now(), deps: Deps = world): ReturnType<typeof sweep> {
  return sweep({ ...deps, factsKept: FACTS_KEPT }, until);
}

async function ends(world: World): Promise<readonly unknown[]> {
  return (await world.facts())
    .filter((fact) => fact.kind === "session_ended")
    .map((fact) => [
      fact.session,
      (JSON.parse(fact.body) as { reason: string }).reason,
      (JSON.parse(fact.body) as { at_ms: number }).at_ms,
    ]);
}

async function standing(world: World, id: SessionId): Promise<string> {
  const seen = await readSession(world.store, TENANT, id);
  if (!seen.ok) return seen.code;
  return seen.value.standing.kind === "active" ? "active" : seen.value.standing.reason;
}

describe("the sweep", () => {
  it("makes a derived end a fact, late, with the time at which it was over", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const idle = afterMs(world.now(), 100_000);
    world.wait(99_999);
    assert.deepEqual(await swept(world), { ended: 0, removed: 0, more: false });
    world.wait(500_000);
    assert.equal((await swept(world)).ended, 1);
    assert.deepEqual(await ends(world), [[session.id, "idle", idle]]);
  });

  it("makes it exactly once, however often it runs and with two sweepers at once", async () => {
    const world = await aWorld(createMemoryStore);
    const sessions = [];
    for (let count = 0; count < 5; count += 1)
      sessions.push(await opened(world, { subject: `s-${count}` as SubjectId }));
    world.wait(100_000);
    const results = await Promise.all([swept(world), swept(world, world.now(), world.node()), swept(world)]);
    assert.equal(
      results.reduce((sum, one) => sum + one.ended, 0),
      5,
    );
    await swept(world);
    assert.equal((await ends(world)).length, 5);
  });

  it("says why: absolute end, ancestor, subject", async () => {
    const world = await aWorld(createMemoryStore);
    const parent = await opened(world);
    const child = await opened(world, { parent: parent.session.id });
    const other = await opened(world, { subject: "u-82" as SubjectId });
    await revoked(world, theSession(parent.session.id), { kind: "subject", subject: "u-82" as SubjectId });
    const cut = world.now();
    world.wait(100_000);
    await swept(world);
    const told = new Map((await ends(world)).map((one) => [(one as [string])[0], one]));
    assert.deepEqual(told.get(child.session.id), [child.session.id, "ancestor_ended", cut]);
    assert.deepEqual(told.get(other.session.id), [other.session.id, "subject_revoked", cut]);
  });

  it("postpones what was used since it came due, and ends it at its absolute end [S-02]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    let token = refreshTextOf(one);
    const end = absoluteEnd(one.session);
    while (afterMs(world.now(), 90_000) < end) {
      world.wait(90_000);
      token = await nextOf(world, token);
      assert.equal((await swept(world)).ended, 0);
      assert.equal(await standing(world, one.session.id), "active");
    }
    world.setNow(end);
    assert.equal((await swept(world)).ended, 1);
    assert.deepEqual(await ends(world), [[one.session.id, "absolute", end]]);
  });

  it("ends nothing by a clock that its caller does not trust, though the store's own has jumped ahead [S-06]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    world.wait(90_000);
    const token = await nextOf(world, refreshTextOf(one));
    world.wait(20_000);
    const trusted = world.now();
    world.wait(365 * 86_400_000);
    assert.deepEqual(await swept(world, trusted), { ended: 0, removed: 0, more: false });
    world.setNow(trusted);
    assert.equal(await standing(world, one.session.id), "active");
    assert.equal((await refreshed(world, token)).kind, "granted");
  });

  it("believes no caller whose clock is ahead of the store's [FEED-6] [S-06]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    await revoked(world, { kind: "token", jti: "j", expires: null });
    const notice = (await world.notices()).length;
    const ahead = afterMs(world.now(), 365 * 86_400_000);
    assert.deepEqual(await swept(world, ahead), { ended: 0, removed: 0, more: false });
    assert.equal((await world.notices()).length, notice);
    assert.equal(await standing(world, one.session.id), "active");
  });

  it("ends sessions by the numbers of their own rows, one after the other", async () => {
    const world = await aWorld(createMemoryStore);
    const [gone, other] = [await opened(world), await opened(world, { subject: "u-82" as SubjectId })];
    const over = afterMs(world.now(), 100_000);
    world.wait(100_000);
    assert.equal((await swept(world, world.now())).ended, 2);
    const told = new Set((await ends(world)).map((one) => JSON.stringify(one)));
    assert.deepEqual(told, new Set([gone, other].map(({ session }) => JSON.stringify([session.id, "idle", over]))));
  });

  it("goes past rows that can't be read, however many there are and however soon they were due [GRO-7]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const ROWS = 450;
    for (let n = 0; n < ROWS; n += 1) {
      const key = { ...sessionKey(session), id: `unreadable-${n}` };
      const next = { value: "nonsense", expires: world.now() };
      await world.store.commit([
        { attempt: "AAAAAAAAAAA", rows: [{ key, expect: "absent", next }], notices: [], facts: [] },
      ]);
    }
    world.wait(100_000);
    const seen = new Map<string, unknown>();
    const passedOver: PassedOver = {
      has: ({ id }) => seen.has(id),
      count: (kind) => (kind === "session" ? seen.size : 0),
      add: ({ id }, thrown) => {
        assert.ok(!seen.has(id), "looked at once");
        seen.set(id, thrown);
      },
    };
    const steps: Swept[] = [];
    do steps.push(await sweep({ ...world, factsKept: 1e12, passedOver }, world.now()));
    while (steps.at(-1)?.more === true);
    assert.deepEqual([seen.size, steps.length], [ROWS, 3]);
    assert.equal((await ends(world)).length, 1);
    assert.deepEqual(await sweep({ ...world, factsKept: 1e12, passedOver }, world.now()), {
      ended: 0,
      removed: 0,
      more: false,
    });
  });

  it("settles everything else when a row can't be read, and only then fails where nobody remembers it", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const key = { ...sessionKey(session), id: "unreadable" };
    const next = { value: "nonsense", expires: world.now() };
    await world.store.commit([
      { attempt: "AAAAAAAAAAA", rows: [{ key, expect: "absent", next }], notices: [], facts: [] },
    ]);
    world.wait(100_000);
    await assert.rejects(swept(world), (thrown) => !(thrown instanceof Fault));
    assert.equal((await ends(world)).length, 1);
  });

  it("keeps an ended session for 30 days and then removes it", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    await revoked(world, theSession(session.id));
    world.wait(KEPT_AFTER_END - 1);
    await swept(world);
    assert.equal(await standing(world, session.id), "revoked");
    world.wait(1);
    await swept(world);
    assert.equal(await standing(world, session.id), "session_not_found");
    assert.equal((await ends(world)).length, 1);
  });

  it("removes no row of a subject, a client, the keys or the issuer, however late", async () => {
    const world = await aWorld(createMemoryStore);
    await opened(world);
    await revoked(world, { kind: "subject", subject: "u-81" as SubjectId });
    world.wait(10 * 365 * 86_400_000);
    for (let count = 0; count < 5; count += 1) await swept(world);
    for (const kind of ["subject", "client", "keys", "issuer"] as const)
      assert.notEqual((await world.store.list({ tenant: TENANT, kind, limit: 10 })).length, 0, kind);
    for (const kind of ["session", "revocation"] as const)
      assert.deepEqual(await world.store.list({ tenant: TENANT, kind, limit: 10 }), []);
  });

  it("forgets a notice only when no token can match it any more, and no token becomes valid again [NOT-3] [FEED-6] [F-17]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const { jti, expires } = one.tokens.access ?? { jti: "", expires: world.now() };
    await revoked(world, { kind: "token", jti, expires });
    const until = (await world.notices())[0]?.until ?? world.now();
    assert.equal(until, afterMs(expires, 10_000));
    for (const ms of [0, 4_999, 5_000]) {
      world.setNow(afterMs(until, ms));
      assert.equal(await judgeAccessToken(world, accessTextOf(one)), undefined);
      await swept(world);
      assert.equal((await world.notices()).length, ms < 5_000 ? 1 : 0);
    }
    assert.equal(await judgeAccessToken(world, accessTextOf(one)), undefined);
  });

  it("and a use of the session at the same time leave it either over or alive, and tell of one end at most", async () => {
    for (const late of [99_999, 100_000]) {
      const world = await aWorld(createMemoryStore);
      const { session } = await opened(world);
      world.wait(late);
      const [, kept] = await Promise.all([swept(world), keepAlive(world, session.id, world.now(), "call")]);
      assert.equal(kept, late === 99_999 ? "moved" : "over");
      assert.equal((await ends(world)).length, late === 99_999 ? 0 : 1);
      assert.equal((await world.store.read([sessionKey(session)])).get(sessionKey(session))?.version, 2);
    }
  });

  it("says that more is left when a step was not enough, and comes to an end", async () => {
    const world = await aWorld(createMemoryStore);
    for (let count = 0; count < 205; count += 1)
      await opened(world, { subject: `s-${count}` as SubjectId, issue: { access: false, refresh: false } });
    world.wait(100_000);
    const first = await swept(world);
    assert.deepEqual([first.ended, first.more], [200, true]);
    const second = await swept(world);
    assert.deepEqual([second.ended, second.more], [5, false]);
  });

  it("reads and commits 32 rows at a time, each step by itself, so that nobody waits behind more [GRO-6]", async () => {
    const world = await aWorld(createMemoryStore);
    for (let count = 0; count < 33; count += 1) await opened(world, { subject: `s-${count}` as SubjectId });
    world.wait(100_000);
    const seen: number[] = [];
    let steps = 0;
    const store: World["store"] = {
      ...world.store,
      commit: async (changes) => {
        seen.push(changes.length);
        assert.equal(underWay, 1, "within a step");
        return world.store.commit(changes);
      },
    };
    let underWay = 0;
    const paced: Paced = async (step) => {
      steps += 1;
      underWay += 1;
      assert.equal(underWay, 1, "one after the other");
      const done = await step();
      underWay -= 1;
      return done;
    };
    const { ended } = await sweep({ ...world, store, factsKept: FACTS_KEPT, paced }, world.now());
    assert.deepEqual([ended, seen], [33, [32, 1]]);
    assert.ok(steps > 3, "looking for rows and dropping are steps, too");
  });

  it("leaves a row that somebody changed in between as it is, and settles the others [GRO-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const [used, over] = [await opened(world), await opened(world, { subject: "u-82" as SubjectId })];
    world.wait(99_999);
    let isUsed = false;
    const store: World["store"] = {
      ...world.store,
      commit: async (changes) => {
        if (!isUsed) {
          isUsed = true;
          const row = (await world.store.read([sessionKey(used.session)])).get(sessionKey(used.session));
          assert.ok(row !== undefined);
          const next = { value: row.value, expires: row.expires, refs: [subjectKey(TENANT, used.session.subject)] };
          await world.store.commit([
            { attempt: "BBBBBBBBBBB", rows: [{ key: row.key, expect: row.version, next }], notices: [], facts: [] },
          ]);
        }
        return world.store.commit(changes);
      },
    };
    world.wait(1);
    const first = await sweep({ ...world, store, factsKept: FACTS_KEPT }, world.now());
    assert.equal(first.ended, 1);
    assert.deepEqual(
      (await ends(world)).map((one) => (one as [string])[0]),
      [over.session.id],
    );
    assert.equal((await swept(world)).ended, 1);
    assert.equal((await ends(world)).length, 2);
  });
});

describe("facts that are kept for another time", () => {
  const kinds = async (world: World): Promise<readonly string[]> =>
    (await world.facts()).map(({ kind }) => kind).filter((kind) => /session_opened|token_refreshed/.test(kind));

  it("go at the bound of their kind, those of others stay, and a second sweep looks at none of them again", async () => {
    const world = await aWorld(createMemoryStore);
    await nextOf(world, refreshTextOf(await opened(world)));
    const from: number[] = [];
    const store: World["store"] = {
      ...world.store,
      drop: (bounds) => {
        from.push(...(bounds.factsOf ?? []).map((of) => of.from));
        return world.store.drop(bounds);
      },
    };
    const deps = {
      ...world,
      store,
      factsKept: FACTS_KEPT,
      factsKeptOf: new Map([["token_refreshed", 1000]]),
      sweptOf: new Map<string, Instant>(),
    };
    world.wait(1000);
    await sweep(deps, world.now());
    assert.deepEqual(await kinds(world), ["session_opened", "token_refreshed"]);
    world.wait(1);
    await sweep(deps, world.now());
    assert.deepEqual(await kinds(world), ["session_opened"]);
    assert.ok((from[1] ?? 0) > (from[0] ?? 0));
  });

  it("go in their time when every reader has read them", async () => {
    const world = await aWorld(createMemoryStore);
    await opened(world);
    world.wait(61_000);
    await opened(world);
    await readFacts(world, { name: "quick", batch: 100, deliver: async () => {} });
    world.wait(39_001);
    await sweep({ ...world, factsKept: 100_000, readers: ["quick"] }, world.now());
    assert.deepEqual(await kinds(world), ["session_opened"]);
  });

  it("stay while a reader has not read them, and at most twice as long", async () => {
    const world = await aWorld(createMemoryStore);
    await opened(world);
    const deps = { ...world, factsKept: 100_000, readers: ["slow"] };
    for (const wait of [150_000, 50_000]) {
      world.wait(wait);
      await sweep(deps, world.now());
      assert.deepEqual(await kinds(world), ["session_opened"]);
    }
    world.wait(1);
    await sweep(deps, world.now());
    assert.deepEqual(await kinds(world), []);
  });
});
