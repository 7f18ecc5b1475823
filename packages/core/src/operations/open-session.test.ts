import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId, SessionId, SubjectId } from "../kernel/ids.ts";
import { sessionKey } from "../sessions/session-row.ts";
import { subjectFromRow, subjectKey } from "../sessions/subject.ts";
import { aClient, aPolicy, TENANT, WEB } from "../testing/builders.ts";
import { counting } from "../testing/stores.ts";
import {
  accessTextOf,
  anOpening,
  aWorld,
  type Deps,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { changeClient } from "./change-client.ts";
import { disableClient } from "./disable-client.ts";
import { openSession } from "./open-session.ts";
import { readSession } from "./read-session.ts";
import { registerClient } from "./register-client.ts";

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
    assert.deepEqual(one.session.families[0]?.superseded, []);
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

  it("takes claims of exactly 1,024 bytes", async () => {
    const world = await aWorld(createMemoryStore);
    assert.equal(await codeOf(world, { claims: { x: "x".repeat(1016) } }), "opened");
  });

  it("is refused for a refresh token that the client may not use [O-25]", async () => {
    const world = await aWorld(createMemoryStore);
    const id = "ci" as ClientId;
    await registerClient(world, aClient({ id, grants: [] }), null);
    assert.equal(await codeOf(world, { client: id }), "grant_not_allowed");
    assert.equal(await codeOf(world, { client: id, issue: { access: true, refresh: false } }), "opened");
  });

  it("with an idempotency key is new again at the instant that ends its day, swept or not [IDEM-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const idempotency = { caller: WEB, key: "k", fingerprint: "f" };
    const first = await opened(world, { idempotency });
    world.wait(1000);
    const again = await opened(world, { idempotency });
    assert.deepEqual([again.replayed, again.session.id], [true, first.session.id]);
    assert.equal(await codeOf(world, { idempotency: { ...idempotency, fingerprint: "g" } }), "idempotency_key_reused");
    world.wait(24 * 3600_000 - 1001);
    assert.equal(await codeOf(world, { idempotency }), "session_over");
    world.wait(1);
    const next = await opened(world, { idempotency });
    assert.deepEqual([next.replayed, next.session.id === first.session.id], [false, false]);
    const after = await opened(world, { idempotency });
    assert.deepEqual([after.replayed, after.session.id], [true, next.session.id]);
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

describe("what an opening reads and compares", () => {
  it("is one look where the client's policy is known, named by the caller or from the last time [POL-7]", async () => {
    const other = aPolicy({ name: "other", maxSessions: 9 });
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ maxSessions: 9 }), more: [other] });
    const asked: string[][] = [];
    const node = world.node({
      ...world.store,
      read: (keys) => {
        asked.push(keys.map(({ kind, id }) => (kind === "policy" ? id : kind)));
        return world.store.read(keys);
      },
    });
    const looks = async (changes: Parameters<typeof opened>[1] = {}): Promise<readonly (readonly string[])[]> => {
      asked.length = 0;
      await opened(node, changes);
      return [...asked];
    };
    const rows = ["keys", "client", "subject"];
    assert.deepEqual(await looks({ policy: "other" }), [[...rows, "other"]]);
    assert.deepEqual(await looks(), [rows, [...rows, "test"]]);
    assert.deepEqual(await looks(), [[...rows, "test"]]);
    await changeClient(world, WEB, { policy: "other" }, null, () => undefined);
    assert.deepEqual(await looks(), [
      [...rows, "test"],
      [...rows, "test", "other"],
    ]);
    assert.deepEqual(await looks(), [[...rows, "other"]]);
  });

  it("is compared when it is written: the client, the policy and the parent are as they were read [POL-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const parent = await opened(world);
    const { store, changes } = counting(world.store);
    const child = await opened(world.node(store), { parent: parent.session.id });
    const compared = changes()[0]?.rows.filter(({ next }) => next === "same");
    assert.deepEqual(
      compared?.map(({ key, expect }) => [key.kind, key.id, expect]),
      [
        ["client", "web", 1],
        ["policy", "test", "absent"],
        ["session", child.session.ancestors[0], 1],
      ],
    );
  });
});

describe("a subject's limit", () => {
  it("ends the oldest, with a notice, in the change that opens the next, and names it [POL-9]", async () => {
    const world = await aWorld(createMemoryStore);
    const [first, ...others] = [await opened(world), await opened(world), await opened(world)];
    const { store, changes } = counting(world.store);
    const { evicted } = await opened(world.node(store));
    assert.equal(changes().length, 1);
    assert.deepEqual(evicted, [first.session.id]);
    assert.equal(await standing(world, first.session.id), "evicted");
    for (const one of others) assert.equal(await standing(world, one.session.id), "active");
    assert.deepEqual(
      (await world.notices()).map((notice) => notice.taking),
      [{ kind: "session", sid: first.session.id }],
    );
    const refused = await refreshed(world, refreshTextOf(first));
    assert.deepEqual([refused.kind, refused.kind === "refused" && refused.outcome], ["refused", "ended"]);
  });

  it("is a fact of the evicted one, and counts none whose row is gone [POL-9]", async () => {
    const world = await aWorld(createMemoryStore);
    const [first, second] = [await opened(world), await opened(world), await opened(world)];
    const rows = [{ key: sessionKey(first.session), expect: 1, next: "gone" as const }];
    await world.store.commit([{ attempt: "gone", rows, notices: [], facts: [] }]);
    assert.deepEqual((await opened(world)).evicted, []);
    const { evicted, session } = await opened(world);
    assert.deepEqual(evicted, [second.session.id]);
    const end = (await world.facts()).find(({ kind }) => kind === "session_ended");
    assert.deepEqual(JSON.parse(end?.body ?? ""), {
      reason: "evicted",
      at_ms: world.now(),
      revocation: null,
      opened: session.id,
    });
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

  it("that was lowered is reached by the next opening, however many must go, and it names them [POL-9]", async () => {
    const strict = aPolicy({ name: "strict", maxSessions: 2 });
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ maxSessions: 100 }), more: [strict] });
    for (let count = 0; count < 20; count += 1) await opened(world);
    const live = async (): Promise<number> => {
      const key = subjectKey(TENANT, U81);
      return subjectFromRow((await world.store.read([key])).get(key)).sessions.length;
    };
    const before = subjectFromRow((await world.store.read([subjectKey(TENANT, U81)])).get(subjectKey(TENANT, U81)));
    const { evicted, session } = await opened(world, { policy: "strict" });
    assert.deepEqual(
      evicted,
      before.sessions.slice(0, 19).map(({ id }) => id),
    );
    assert.equal(await live(), 2);
    for (const id of evicted) assert.equal(await standing(world, id), "evicted");
    assert.equal(await standing(world, session.id), "active");
    assert.equal((await world.notices()).length, 19);
    // Only the last change knows which session it made room for.
    const ends = (await world.facts()).filter(({ kind }) => kind === "session_ended");
    const named = ends.filter(({ body }) => "opened" in (JSON.parse(body) as object));
    assert.deepEqual([ends.length, named.length], [19, 3]);
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
