import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId, SessionId, SubjectId } from "../kernel/ids.ts";
import { afterMs, secondsOf } from "../kernel/time.ts";
import { absoluteEnd } from "../sessions/session.ts";
import { subjectFromRow, subjectKey } from "../sessions/subject.ts";
import { aClient, aPolicy, TENANT, WEB } from "../testing/builders.ts";
import { counting } from "../testing/stores.ts";
import {
  accessTextOf,
  anOpening,
  aWorld,
  type Deps,
  nextOf,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { disableClient } from "./disable-client.ts";
import { openSession } from "./open-session.ts";
import { readSession } from "./read-session.ts";
import { registerClient } from "./register-client.ts";
import { revoke } from "./revoke.ts";

const U81 = "u-81" as SubjectId;

async function standing(deps: Deps, id: SessionId): Promise<string> {
  const answer = await readSession(deps.store, TENANT, id);
  if (!answer.ok) return answer.code;
  return answer.value.standing.kind === "active" ? "active" : answer.value.standing.reason;
}

async function codeOf(deps: Deps, changes: Parameters<typeof anOpening>[0]): Promise<string> {
  const answer = await openSession(deps, anOpening(changes));
  return answer.ok ? "opened" : answer.code;
}

describe("opening a session", () => {
  it("gives a session, an access token and a refresh token that work, in one change with one fact", async () => {
    const world = await aWorld(createMemoryStore);
    const { store, changes } = counting(world.store);
    const one = await opened(world.node(store), { acr: "aal2", amr: ["pwd", "otp"], authTime: 1_764_000_000 });
    assert.equal(changes().length, 1);
    assert.equal(changes()[0]?.notices.length, 0);
    assert.deepEqual((await world.facts()).map((fact) => fact.kind).slice(-1), ["session_opened"]);
    const token = await judgeAccessToken(world, accessTextOf(one));
    assert.equal(token?.claims.sid, one.session.id);
    assert.equal((await refreshed(world, refreshTextOf(one))).kind, "granted");
  });

  it("gives only what was asked for", async () => {
    const world = await aWorld(createMemoryStore);
    const none = await opened(world, { issue: { access: false, refresh: false } });
    assert.deepEqual([none.tokens.access, none.tokens.refresh], [null, null]);
  });

  const refusals: readonly [title: string, changes: Parameters<typeof anOpening>[0], code: string][] = [
    ["an unknown client", { client: "nobody" as ClientId }, "client_not_found"],
    ["an unknown policy", { policy: "none" }, "policy_unknown"],
    ["a scope beyond the client's [O-27]", { scope: ["read", "admin"] }, "scope_not_allowed"],
    ["an audience beyond the client's [O-31]", { audience: ["https://evil.example"] }, "audience_not_allowed"],
    ["an unknown parent", { parent: "019a9c3e-0000-7000-8000-000000000009" as SessionId }, "parent_not_found"],
    ["a reserved claim [AT-9]", { claims: { sub: "u-1" } }, "claim_reserved"],
    ["claims of more than 1,024 bytes", { claims: { note: "x".repeat(1024) } }, "session_too_large"],
    [
      "what would not fit into a token [AT-10]",
      { claims: { note: "x".repeat(1000) }, acr: "a".repeat(250) },
      "token_too_large",
    ],
  ];
  for (const [title, changes, code] of refusals) {
    it(`is refused for ${title}, and nothing is written`, async () => {
      const world = await aWorld(createMemoryStore);
      const { store, changes: committed } = counting(world.store);
      assert.equal(await codeOf(world.node(store), changes), code);
      assert.deepEqual(committed(), []);
    });
  }

  it("is refused for a refresh token that the client may not use [O-25]", async () => {
    const world = await aWorld(createMemoryStore);
    const id = "ci" as ClientId;
    await registerClient(world, aClient({ id, grants: [] }), null);
    assert.equal(await codeOf(world, { client: id }), "grant_not_allowed");
    assert.equal(await codeOf(world, { client: id, issue: { access: true, refresh: false } }), "opened");
  });

  it("is refused for a disabled client [O-23]", async () => {
    const world = await aWorld(createMemoryStore);
    await disableClient(world, WEB, "ops");
    assert.equal(await codeOf(world, {}), "client_disabled");
  });

  it("after a cut-off is not touched by it, in the same millisecond too [NOT-7] [F-19]", async () => {
    const world = await aWorld(createMemoryStore);
    const before = await opened(world);
    await revoked(world, { kind: "subject", subject: U81 });
    const after = await opened(world);
    assert.equal(await standing(world, before.session.id), "subject_revoked");
    assert.equal(await standing(world, after.session.id), "active");
    assert.equal(await judgeAccessToken(world, accessTextOf(before)), undefined);
    assert.notEqual(await judgeAccessToken(world, accessTextOf(after)), undefined);
  });
});

describe("a subject's limit", () => {
  it("ends the oldest, with a notice, in the change that opens the next", async () => {
    const world = await aWorld(createMemoryStore);
    const [first, ...others] = [await opened(world), await opened(world), await opened(world)];
    const { store, changes } = counting(world.store);
    await opened(world.node(store));
    assert.equal(changes().length, 1);
    assert.equal(await standing(world, first.session.id), "evicted");
    for (const one of others) assert.equal(await standing(world, one.session.id), "active");
    assert.deepEqual(
      (await world.notices()).map((notice) => notice.taking),
      [{ kind: "session", sid: first.session.id }],
    );
    const refused = await refreshed(world, refreshTextOf(first));
    assert.deepEqual([refused.kind, refused.kind === "refused" && refused.outcome], ["refused", "ended"]);
  });

  it("refuses the next where the policy says so", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ overLimit: "refuse" }) });
    for (let count = 0; count < 3; count += 1) await opened(world);
    assert.equal(await codeOf(world, {}), "session_limit");
    assert.equal(await codeOf(world, { subject: "u-82" as SubjectId }), "opened");
  });

  it("counts no session that is over: ended, idle, or revoked", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ overLimit: "refuse" }) });
    const first = await opened(world);
    await opened(world);
    await opened(world);
    await revoked(world, theSession(first.session.id));
    assert.equal(await codeOf(world, {}), "opened");
    assert.equal(await codeOf(world, {}), "session_limit");
    world.wait(100_000);
    assert.equal(await codeOf(world, {}), "opened");
  });

  for (const overLimit of ["evict_oldest", "refuse"] as const) {
    it(`holds exactly under 64 openings at once (${overLimit}) [S-10]`, async () => {
      const world = await aWorld(createMemoryStore, { policy: aPolicy({ overLimit }) });
      const answers = await Promise.all(Array.from({ length: 64 }, () => openSession(world, anOpening())));
      const ids = answers.flatMap((answer) => (answer.ok ? [answer.value.session.id] : []));
      assert.equal(ids.length, overLimit === "refuse" ? 3 : 64);
      const states = await Promise.all(ids.map((id) => standing(world, id)));
      assert.equal(states.filter((state) => state === "active").length, 3);
      const listed = subjectFromRow((await world.store.read([subjectKey(TENANT, U81)])).get(subjectKey(TENANT, U81)));
      assert.equal(listed.sessions.length, 3);
      const ends = (await world.facts()).filter((fact) => fact.kind === "session_ended");
      assert.equal(ends.length, ids.length - 3);
    });
  }

  it("an evicted session that races its eviction is left with nothing that lives [S-11]", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ maxSessions: 1 }) });
    const first = await opened(world);
    const [racer] = await Promise.all([refreshed(world, refreshTextOf(first)), opened(world)]);
    if (racer.kind === "granted") {
      assert.equal(await judgeAccessToken(world, accessTextOf(racer)), undefined);
      assert.notEqual((await refreshed(world, refreshTextOf(racer))).kind, "granted");
    }
    assert.equal(await standing(world, first.session.id), "evicted");
  });

  it("that was lowered is reached a few sessions at a time, and refuses nobody", async () => {
    const strict = aPolicy({ name: "strict", maxSessions: 2 });
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ maxSessions: 100 }), more: [strict] });
    for (let count = 0; count < 20; count += 1) await opened(world);
    const live = async (): Promise<number> => {
      const key = subjectKey(TENANT, U81);
      return subjectFromRow((await world.store.read([key])).get(key)).sessions.length;
    };
    const counts: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      await opened(world, { policy: "strict" });
      counts.push(await live());
    }
    assert.deepEqual(counts, [13, 6, 2, 2]);
  });

  it("never ends the parent of the session that is opened", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ maxSessions: 2 }) });
    const parent = await opened(world);
    const other = await opened(world);
    const child = await opened(world, { parent: parent.session.id });
    assert.equal(await standing(world, parent.session.id), "active");
    assert.equal(await standing(world, child.session.id), "active");
    assert.equal(await standing(world, other.session.id), "evicted");
    assert.equal(await codeOf(world, { parent: child.session.id }), "session_limit");
    assert.equal(await standing(world, parent.session.id), "active");
  });
});

describe("a child session", () => {
  it("names its ancestors, nearest first, eight at most [AT-5]", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ maxSessions: 50 }) });
    const line = [await opened(world)];
    for (let depth = 1; depth <= 8; depth += 1) {
      const parent = line[0]?.session.id ?? null;
      line.unshift(await opened(world, { parent }));
    }
    const [deepest, ...above] = line;
    assert.deepEqual(
      deepest?.session.ancestors,
      above.map((one) => one.session.id),
    );
    assert.equal(await codeOf(world, { parent: deepest?.session.id ?? null }), "too_deep");
    const token = deepest === undefined ? undefined : await judgeAccessToken(world, accessTextOf(deepest));
    assert.deepEqual(
      token?.claims.anc,
      above.map((one) => one.session.id),
    );
  });

  it("belongs to its parent's subject", async () => {
    const world = await aWorld(createMemoryStore);
    const parent = await opened(world);
    assert.equal(await codeOf(world, { parent: parent.session.id, subject: "u-82" as SubjectId }), "parent_not_found");
  });

  it("never outlives its parent, whatever its own policy says", async () => {
    const long = aPolicy({ name: "long", idle: secondsOf(1e6), absolute: secondsOf(1e6) });
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ idle: secondsOf(1000) }), more: [long] });
    const parent = await opened(world);
    for (const ms of [0, 1, 499, 500, 999, 1000]) {
      world.wait(ms);
      const child = await opened(world, { parent: parent.session.id, policy: "long" });
      assert.ok(absoluteEnd(child.session) <= absoluteEnd(parent.session));
      assert.ok((child.tokens.access?.expires ?? 0) <= absoluteEnd(parent.session));
    }
    world.setNow(afterMs(absoluteEnd(parent.session), -1));
    assert.equal(await codeOf(world, { parent: parent.session.id }), "parent_over");
    world.wait(1);
    assert.equal(await codeOf(world, { parent: parent.session.id }), "parent_over");
  });

  it("ends with any of its ancestors, by one notice [NOT-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const top = await opened(world);
    const middle = await opened(world, { parent: top.session.id });
    const bottom = await opened(world, { parent: middle.session.id });
    await revoked(world, theSession(top.session.id));
    assert.equal((await world.notices()).length, 1);
    for (const one of [middle, bottom]) {
      assert.equal(await standing(world, one.session.id), "ancestor_ended");
      assert.equal(await judgeAccessToken(world, accessTextOf(one)), undefined);
      assert.notEqual((await refreshed(world, refreshTextOf(one))).kind, "granted");
    }
    assert.equal(await codeOf(world, { parent: bottom.session.id }), "parent_over");
  });

  it("is not opened below a parent that ends at the same time", async () => {
    const world = await aWorld(createMemoryStore);
    for (const order of [0, 1]) {
      const parent = await opened(world);
      const open = () => openSession(world, anOpening({ parent: parent.session.id }));
      const end = () =>
        revoke(world, {
          targets: [theSession(parent.session.id)],
          endReason: "revoked",
          reason: null,
          ticket: null,
          actor: null,
        });
      const [first, second] = order === 0 ? [open(), end()] : [end(), open()];
      const answers = await Promise.all([first, second]);
      for (const answer of answers) {
        if (!answer.ok || !("session" in answer.value)) continue;
        assert.notEqual(await standing(world, answer.value.session.id), "active");
      }
    }
  });
});

describe("an idempotency key", () => {
  const once = { caller: "backend" as ClientId, key: "k1", fingerprint: "f1" };

  it("gets a retry the same session and refresh token, and opens nothing again [A-13]", async () => {
    const world = await aWorld(createMemoryStore);
    const first = await opened(world, { idempotency: once });
    world.wait(5000);
    const again = await opened(world, { idempotency: once });
    assert.equal(again.replayed, true);
    assert.equal(again.session.id, first.session.id);
    assert.equal(refreshTextOf(again), refreshTextOf(first));
    assert.equal((await world.facts()).filter((fact) => fact.kind === "session_opened").length, 1);
  });

  it("with another request is refused; of another caller it is another key [A-13]", async () => {
    const world = await aWorld(createMemoryStore);
    const first = await opened(world, { idempotency: once });
    assert.equal(await codeOf(world, { idempotency: { ...once, fingerprint: "f2" } }), "idempotency_key_reused");
    const other = await opened(world, { idempotency: { ...once, caller: "batch" as ClientId } });
    assert.notEqual(other.session.id, first.session.id);
  });

  it("used 64 times at once opens one session [A-13]", async () => {
    const world = await aWorld(createMemoryStore);
    const all = await Promise.all(Array.from({ length: 64 }, () => opened(world, { idempotency: once })));
    assert.equal(new Set(all.map((one) => one.session.id)).size, 1);
    assert.equal(new Set(all.map(refreshTextOf)).size, 1);
    assert.equal(all.filter((one) => !one.replayed).length, 1);
  });

  it("revives nothing: the session, its family or its client may be over by then [A-13] [O-23]", async () => {
    const endings: readonly ((world: Deps, id: SessionId) => Promise<unknown>)[] = [
      (world, id) => revoked(world, theSession(id)),
      async (world, id) => {
        const seen = await readSession(world.store, TENANT, id);
        const family = seen.ok ? seen.value.session.families[0]?.id : undefined;
        if (family !== undefined) await revoked(world, { kind: "family", session: id, family });
      },
      (world) => revoked(world, { kind: "client", client: WEB }),
      (world) => revoked(world, { kind: "subject", subject: U81 }),
      (world) => disableClient(world, WEB, null),
    ];
    for (const end of endings) {
      const world = await aWorld(createMemoryStore);
      const first = await opened(world, { idempotency: once });
      await end(world, first.session.id);
      assert.equal(await codeOf(world, { idempotency: once }), "session_over");
    }
  });

  it("after a rotation gives the refresh token that is current then", async () => {
    const world = await aWorld(createMemoryStore);
    const first = await opened(world, { idempotency: once });
    const second = await nextOf(world, refreshTextOf(first));
    assert.equal(refreshTextOf(await opened(world, { idempotency: once })), second);
  });
});
