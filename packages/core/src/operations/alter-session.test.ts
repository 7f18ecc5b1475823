import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { FamilyId, SessionId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import type { Alteration } from "../sessions/decide.ts";
import { sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { aFamily, TENANT } from "../testing/builders.ts";
import { counting } from "../testing/stores.ts";
import {
  accessTextOf,
  aWorld,
  type Deps,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { type AlterSession, alterSession } from "./alter-session.ts";
import { keepAlive } from "./keep-alive.ts";
import { readRevocation } from "./read-revocation.ts";

const REVOCATION = "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6";

function asked(session: SessionId, alteration: Alteration, changes: Partial<AlterSession> = {}): AlterSession {
  return { session, alteration, expectVersion: null, revocationId: REVOCATION, actor: "ops", ...changes };
}

async function codeOf(deps: Deps, request: AlterSession): Promise<string> {
  const answer = await alterSession(deps, request);
  return answer.ok ? "altered" : answer.code;
}

describe("an alteration of a live session", () => {
  const outdating: readonly [title: string, alteration: Alteration][] = [
    ["less scope", { scope: ["read"] }],
    ["other claims", { claims: { plan: "free" } }],
    ["less assurance", { acr: null }],
    ["more assurance", { acr: "aal3" }],
    ["other methods", { amr: ["pwd"] }],
    ["another time of sign-in", { authTime: 1_764_000_001 }],
  ];
  for (const [title, alteration] of outdating) {
    it(`to ${title} outdates the tokens of before by one notice, and the next refresh cures it [R-13] [NOT-4]`, async () => {
      const world = await aWorld(createMemoryStore);
      const one = await opened(world, {
        acr: "aal2",
        amr: ["pwd", "otp"],
        authTime: 1_764_000_000,
        claims: { plan: "gold" },
      });
      const answer = await alterSession(world, asked(one.session.id, alteration));
      assert.ok(answer.ok);
      assert.deepEqual(
        (await world.notices()).map((notice) => notice.taking),
        [{ kind: "outdated", sid: one.session.id }],
      );
      assert.equal(answer.value.version, 2);
      assert.deepEqual(answer.value.outdated, {
        id: REVOCATION,
        pos: { epoch: 1, seq: 1 },
        committed: world.now(),
        targets: [{ kind: "session", session: one.session.id }],
        reason: "session_changed",
        ticket: null,
        actor: "ops",
        endedSessions: 0,
        tokensExpireBy: afterMs(world.now(), 605_000),
      });
      assert.deepEqual(await readRevocation(world.store, TENANT, REVOCATION), {
        ok: true,
        value: answer.value.outdated,
      });
      assert.equal(await judgeAccessToken(world, accessTextOf(one)), undefined);
      const next = await refreshed(world, refreshTextOf(one));
      assert.ok(next.kind === "granted");
      assert.notEqual(await judgeAccessToken(world, accessTextOf(next)), undefined);
      const last = (await world.facts()).filter((fact) => fact.kind === "session_changed").at(-1);
      assert.deepEqual(JSON.parse(last?.body ?? ""), { changed: Object.keys(alteration), reduced: true, actor: "ops" });
    });
  }

  it("outdates the tokens of child sessions too", async () => {
    const world = await aWorld(createMemoryStore);
    const parent = await opened(world);
    const child = await opened(world, { parent: parent.session.id });
    await alterSession(world, asked(parent.session.id, { scope: ["read"] }));
    assert.equal(await judgeAccessToken(world, accessTextOf(child)), undefined);
    const next = await refreshed(world, refreshTextOf(child));
    assert.ok(next.kind === "granted");
    assert.notEqual(await judgeAccessToken(world, accessTextOf(next)), undefined);
  });

  it("of its device outdates nothing: no token speaks of it", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const { store, reads, changes } = counting(world.store);
    const answer = await alterSession(
      world.node(store),
      asked(one.session.id, { device: { name: "phone", userAgent: null, ip: null } }),
    );
    assert.ok(answer.ok && answer.value.outdated === null);
    assert.equal(answer.value.version, 2);
    // Compared with the list of runs: one that begins meanwhile comes before this change or after it.
    const rows = changes()[0]?.rows.map(({ key, next }) => [key.kind, next === "same"]);
    assert.deepEqual(
      [reads(), rows],
      [
        1,
        [
          ["session", false],
          ["affected", true],
        ],
      ],
    );
    assert.deepEqual(await world.notices(), []);
    assert.notEqual(await judgeAccessToken(world, accessTextOf(one)), undefined);
  });

  it("to claims of exactly 1,024 bytes is done", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    assert.equal(await codeOf(world, asked(session.id, { claims: { x: "x".repeat(1016) } })), "altered");
  });

  it("to a scope that one of several families has is done, and narrows the others to theirs [R-17]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const key = sessionKey(session);
    const narrow = aFamily({ id: "BBBBBB" as FamilyId, scope: ["read"] });
    const next = sessionToRow({ ...session, families: [...session.families, narrow] }, 0);
    await world.store.commit([{ attempt: "two", rows: [{ key, expect: 1, next }], notices: [], facts: [] }]);
    const answer = await alterSession(world, asked(session.id, { scope: ["write"] }));
    assert.ok(answer.ok);
    assert.deepEqual(
      answer.value.session.families.map(({ scope }) => scope),
      [["write"], []],
    );
  });

  it("that changes nothing writes nothing", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const before = (await world.facts()).length;
    const answer = await alterSession(world, asked(one.session.id, { scope: ["write", "read"] }));
    assert.ok(answer.ok && answer.value.outdated === null && answer.value.version === 1);
    assert.equal((await world.facts()).length, before);
  });

  it("for a version that is no longer there is refused, and for the one that is there it works", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    await refreshed(world, refreshTextOf(one));
    assert.equal(await codeOf(world, asked(one.session.id, { acr: "aal2" }, { expectVersion: 1 })), "version_conflict");
    const answer = await alterSession(world, asked(one.session.id, { acr: "aal2" }, { expectVersion: 2 }));
    assert.ok(answer.ok && answer.value.version === 3);
  });

  it("twice at once for one version succeeds once", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const ids = [REVOCATION, "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f7"];
    const codes = await Promise.all(
      ids.map((revocationId, index) =>
        codeOf(world, asked(session.id, { acr: `aal${index + 1}` }, { expectVersion: 1, revocationId })),
      ),
    );
    assert.deepEqual(codes.toSorted(), ["altered", "version_conflict"]);
  });

  const refusals: readonly [title: string, alteration: Alteration, code: string][] = [
    ["a scope that no family has", { scope: ["admin"] }, "scope_not_allowed"],
    ["a scope of which no family has all [R-17]", { scope: ["read", "admin"] }, "scope_not_allowed"],
    ["a reserved claim [AT-9]", { claims: { exp: 1 } }, "claim_reserved"],
    ["too many claims", { claims: { x: "x".repeat(1020) } }, "session_too_large"],
    [
      "what no token could hold any more [AT-10]",
      { claims: { x: "x".repeat(1000) }, acr: "a".repeat(255) },
      "token_too_large",
    ],
  ];
  for (const [title, alteration, code] of refusals) {
    it(`to ${title} is refused, and nothing changes`, async () => {
      const world = await aWorld(createMemoryStore);
      const one = await opened(world);
      assert.equal(await codeOf(world, asked(one.session.id, alteration)), code);
      assert.deepEqual(await world.notices(), []);
      assert.equal((await refreshed(world, refreshTextOf(one))).kind, "granted");
    });
  }

  it("that is over or was never there is refused", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    await revoked(world, theSession(session.id));
    assert.equal(await codeOf(world, asked(session.id, { acr: "aal2" })), "session_over");
    const nobody = "019a9c3e-0000-7000-8000-000000000009" as SessionId;
    assert.equal(await codeOf(world, asked(nobody, { acr: "aal2" })), "session_not_found");
  });
});

describe("keeping a session alive", () => {
  it("moves its idle end, seldom, and never its absolute one [CONN-7] [S-02]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const at = (ms: number) => {
      world.wait(ms);
      return keepAlive(world, session.id, world.now(), "report");
    };
    assert.equal(await at(9_999), "unmoved");
    assert.equal(await at(1), "moved");
    for (let count = 0; count < 10; count += 1)
      assert.equal(await at(99_000 - (count === 0 ? 10_000 : 0)), count < 10 ? "moved" : "over");
    assert.equal(await at(99_000), "over");
    assert.equal(await at(0), "over");
    const kept = (await world.facts()).filter((fact) => fact.kind === "session_kept_alive");
    assert.deepEqual(
      kept.map(({ body }) => body),
      Array<string>(11).fill('{"by":"report"}'),
    );
  });

  it("revives nothing: idle, revoked, unknown [CONN-7]", async () => {
    const world = await aWorld(createMemoryStore);
    const [one, two] = [await opened(world), await opened(world)];
    await revoked(world, theSession(one.session.id));
    assert.equal(await keepAlive(world, one.session.id, world.now(), "call"), "over");
    world.wait(100_000);
    assert.equal(await keepAlive(world, two.session.id, world.now(), "call"), "over");
    const nobody = "019a9c3e-0000-7000-8000-000000000009" as SessionId;
    assert.equal(await keepAlive(world, nobody, world.now(), "call"), "unknown");
  });

  it("reported late counts from when it was, and from the future from now [CONN-7]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const start = world.now();
    world.wait(90_000);
    assert.equal(await keepAlive(world, session.id, start, "report"), "unmoved");
    const future = world.now() + 1_000_000;
    assert.equal(await keepAlive(world, session.id, future as typeof start, "report"), "moved");
    world.wait(100_000);
    assert.equal(await keepAlive(world, session.id, world.now(), "report"), "over");
  });
});
