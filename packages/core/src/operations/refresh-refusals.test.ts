import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId, FamilyId, SubjectId } from "../kernel/ids.ts";
import { Secret } from "../kernel/secret.ts";
import { afterMs } from "../kernel/time.ts";
import { absoluteEnd, type Family } from "../sessions/session.ts";
import { sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { aClient, aFamily, aPolicy, TENANT, WEB } from "../testing/builders.ts";
import { counting } from "../testing/stores.ts";
import {
  accessTextOf,
  aRefresh,
  asBackend,
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
import { alterSession } from "./alter-session.ts";
import { disableClient } from "./disable-client.ts";
import { type Refreshed, refresh } from "./refresh.ts";
import { registerClient } from "./register-client.ts";

const U81 = "u-81" as SubjectId;

async function said(answer: Refreshed | Promise<Refreshed>): Promise<string> {
  const done = await answer;
  return done.kind === "denied" ? done.code : done.outcome;
}

async function lastFact(world: World): Promise<readonly [string, unknown]> {
  const fact = (await world.facts()).at(-1);
  return [fact?.kind ?? "", JSON.parse(fact?.body ?? "null")];
}

/** The version of the session's row: nothing was written while it stays. */
async function versionOf(world: Deps, id: Parameters<typeof theSession>[0]): Promise<number | undefined> {
  const key = sessionKey({ tenant: TENANT, id });
  return (await world.store.read([key])).get(key)?.version;
}

describe("a refresh that proves nothing", () => {
  it("touches no store when it is malformed or its outer MAC is wrong [RT-5] [RT-O1] [RT-1] [RT-15]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = refreshTextOf(await opened(world));
    const elsewhere = await aWorld((options) => createMemoryStore(options));
    const { store, reads, changes } = counting(world.store);
    const node = { ...world.node(store), keys: world.keys };
    const foreign = refreshTextOf(
      await opened({ ...elsewhere, issuer: { ...elsewhere.issuer, url: "https://other.example" } }),
    );
    for (const text of ["", "hpr_", one.slice(0, -1), `${one}A`, one.toLowerCase(), foreign])
      assert.equal(await said(refreshed(node, text)), "unknown");
    assert.deepEqual([reads(), changes().length], [0, 0]);
  });

  it("is unknown to a node that has opened no keys yet, and made for another issuer, too [RT-O1] [RT-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const issuer = { ...world.issuer, url: "https://other.example" };
    const foreign = refreshTextOf(await opened({ ...world, issuer }));
    assert.equal(await said(refreshed(world.node(), foreign)), "unknown");
    assert.equal(await said(refreshed({ ...world.node(), issuer }, foreign)), "rotated");
  });

  it("is unknown when its session has other families alone, and finds its own among several [RT-O1]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const key = sessionKey(one.session);
    const other = aFamily({ id: "BBBBBB" as FamilyId, client: "backend" as ClientId });
    const write = async (families: readonly Family[]): Promise<void> => {
      const expect = (await world.store.read([key])).get(key)?.version ?? assert.fail();
      const rows = [{ key, expect, next: sessionToRow({ ...one.session, families }, 0) }];
      await world.store.commit([{ attempt: "written", rows, notices: [], facts: [] }]);
    };
    await write([other]);
    assert.equal(await said(refreshed(world, refreshTextOf(one))), "unknown");
    await write([other, ...one.session.families]);
    assert.equal(await said(refreshed(world, refreshTextOf(one))), "rotated");
  });

  it("is unknown when its session is, and ends nothing [RT-O1]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const key = sessionKey(one.session);
    const gone = { key, expect: 1, next: "gone" as const };
    await world.store.commit([{ attempt: "gone", rows: [gone], notices: [], facts: [] }]);
    assert.equal(await said(refreshed(world, refreshTextOf(one))), "unknown");
    assert.deepEqual(await world.notices(), []);
  });

  it("by a client that is not who it says is denied before anything is judged or used up [RT-15] [CAUTH-2]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const { store, changes } = counting(world.store);
    const node = world.node(store);
    const liars = [
      { method: "none", clientId: "nobody" as ClientId } as const,
      { ...asBackend(world), secret: new Secret("hpc_wrong") },
      { method: "none", clientId: "backend" as ClientId } as const,
      { ...asBackend(world), clientId: WEB },
    ];
    for (const credentials of liars)
      assert.equal(await said(refreshed(node, refreshTextOf(one), { credentials })), "client_unauthenticated");
    assert.deepEqual(changes(), []);
    assert.equal(await said(refreshed(world, refreshTextOf(one))), "rotated");
  });

  it("by a client without the grant is denied [TOK-2] [O-25]", async () => {
    const world = await aWorld(createMemoryStore);
    await registerClient(world, aClient({ id: "ci" as ClientId, grants: [] }), null);
    const one = await opened(world);
    const credentials = { method: "none", clientId: "ci" as ClientId } as const;
    assert.equal(await said(refreshed(world, refreshTextOf(one), { credentials })), "grant_not_allowed");
  });

  it("by another client is misbound: refused, recorded, and nothing ends, at any age [RT-O2] [R-10] [REF-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const second = await nextOf(world, refreshTextOf(one));
    const version = await versionOf(world, one.session.id);
    world.wait(95_000);
    for (const token of [refreshTextOf(one), second]) {
      assert.equal(await said(refreshed(world, token, { credentials: asBackend(world) })), "misbound");
      const [kind, body] = await lastFact(world);
      assert.equal(kind, "refresh_refused");
      assert.deepEqual(body, {
        family: one.session.families[0]?.id,
        generation: token === second ? 2 : 1,
        outcome: "misbound",
        client: "backend",
      });
    }
    assert.deepEqual(await world.notices(), []);
    assert.equal(await versionOf(world, one.session.id), version);
    assert.equal(await said(refreshed(world, second)), "rotated");
  });
});

describe("a refresh of what is over [RT-O3] [REF-2]", () => {
  const endings: readonly [
    title: string,
    end: (world: World, session: Awaited<ReturnType<typeof opened>>["session"]) => Promise<unknown> | void,
    reason: string,
  ][] = [
    ["the session was revoked", (world, { id }) => revoked(world, theSession(id)), "revoked"],
    [
      "the family was revoked",
      (world, { id, families }) =>
        revoked(world, { kind: "family", session: id, family: families[0]?.id ?? ("" as FamilyId) }),
      "revoked",
    ],
    ["the subject was cut off", (world) => revoked(world, { kind: "subject", subject: U81 }), "subject_revoked"],
    ["the client was cut off", (world) => revoked(world, { kind: "client", client: WEB }), "client_revoked"],
    ["its idle end came", (world) => world.wait(100_000), "idle"],
    ["its absolute end came", (world, session) => world.setNow(absoluteEnd(session)), "absolute"],
  ];
  for (const [title, end, reason] of endings) {
    it(`says so with the reason, and writes nothing, when ${title} [RT-O3] [REF-11] [R-20]`, async () => {
      const world = await aWorld(createMemoryStore, {
        policy: aPolicy({ idle: reason === "absolute" ? aPolicy().absolute : aPolicy().idle }),
      });
      const one = await opened(world);
      await end(world, one.session);
      const { store, changes } = counting(world.store);
      const answer = await refreshed(world.node(store), refreshTextOf(one));
      assert.ok(answer.kind === "refused");
      assert.deepEqual([answer.outcome, answer.end?.reason], ["ended", reason]);
      assert.deepEqual(changes(), []);
    });
  }

  it("of a disabled client is denied, and of its sessions nothing lives [O-23]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    await disableClient(world, WEB, "ops");
    assert.equal(await said(refreshed(world, refreshTextOf(one))), "client_unauthenticated");
    assert.equal(await judgeAccessToken(world, accessTextOf(one)), undefined);
  });

  it("one millisecond before an end still works, and moves only the idle one [R-20] [S-02]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const end = absoluteEnd(one.session);
    let token = refreshTextOf(one);
    while (world.now() + 99_999 < end) {
      world.wait(99_999);
      token = await nextOf(world, token);
    }
    world.setNow(afterMs(end, -1));
    const last = await refreshed(world, token);
    assert.ok(last.kind === "granted");
    assert.ok((last.tokens.access?.expires ?? Number.POSITIVE_INFINITY) <= end);
    world.wait(1);
    assert.equal(await said(refreshed(world, refreshTextOf(last))), "ended");
  });
});

describe("scope and audience at a refresh", () => {
  it("narrow the access token alone, and can be wide again the next time [RT-14] [O-28] [REF-7] [REF-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const narrow = await refreshed(world, refreshTextOf(one), { scope: ["read"] });
    assert.ok(narrow.kind === "granted");
    assert.deepEqual(narrow.tokens.scope, ["read"]);
    assert.deepEqual((await judgeAccessToken(world, accessTextOf(narrow)))?.claims.scope, ["read"]);
    const wide = await refreshed(world, refreshTextOf(narrow));
    assert.ok(wide.kind === "granted");
    assert.deepEqual(wide.tokens.scope, ["read", "write"]);
  });

  const wider: readonly [title: string, changes: Parameters<typeof aRefresh>[1], code: string][] = [
    ["a scope beyond the family's", { scope: ["read", "admin"] }, "scope_not_allowed"],
    [
      "an audience of the client's that the family does not have",
      { audience: ["https://billing.example"] },
      "audience_not_allowed",
    ],
    ["an audience twice", { audience: ["https://api.example", "https://api.example"] }, "audience_not_allowed"],
  ];
  for (const [title, changes, code] of wider) {
    it(`are refused for ${title}, and the generation is not used up [RT-14] [O-28] [R-17] [REF-8] [O-27] [O-31]`, async () => {
      const world = await aWorld(createMemoryStore);
      const one = await opened(world);
      const version = await versionOf(world, one.session.id);
      assert.equal(await said(refreshed(world, refreshTextOf(one), changes)), code);
      assert.equal(await versionOf(world, one.session.id), version);
      assert.equal(await said(refreshed(world, refreshTextOf(one))), "rotated");
    });
  }

  it("narrow the access token to one of the family's audiences, for this time [RT-14] [O-28]", async () => {
    const world = await aWorld(createMemoryStore);
    const both = ["https://api.example", "https://billing.example"];
    const one = await opened(world, { audience: both });
    const narrow = await refreshed(world, refreshTextOf(one), { audience: both.slice(1) });
    assert.ok(narrow.kind === "granted");
    assert.deepEqual((await judgeAccessToken(world, accessTextOf(narrow)))?.claims.aud, both.slice(1));
    const wide = await refreshed(world, refreshTextOf(narrow));
    assert.ok(wide.kind === "granted");
    assert.deepEqual((await judgeAccessToken(world, accessTextOf(wide)))?.claims.aud, both);
  });

  it("without any audience named are those of the family [R-17]", async () => {
    const world = await aWorld(createMemoryStore);
    const answer = await refreshed(world, refreshTextOf(await opened(world)), { audience: [] });
    assert.ok(answer.kind === "granted");
    assert.deepEqual((await judgeAccessToken(world, accessTextOf(answer)))?.claims.aud, ["https://api.example"]);
  });

  it("follow what was taken from the session since [R-13] [REF-14]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, {
      acr: "aal2",
      amr: ["pwd", "otp"],
      authTime: 1_763_999_990,
      claims: { role: "admin" },
    });
    const alteration = { scope: ["read"], claims: {} };
    await alterSession(world, {
      session: one.session.id,
      alteration,
      expectVersion: null,
      revocationId: "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6",
      actor: null,
    });
    world.wait(50_000);
    const answer = await refreshed(world, refreshTextOf(one));
    assert.ok(answer.kind === "granted");
    const claims = (await judgeAccessToken(world, accessTextOf(answer)))?.claims;
    assert.deepEqual(claims?.scope, ["read"]);
    assert.equal(claims?.all["role"], undefined);
    assert.deepEqual([claims?.acr, claims?.amr, claims?.authTime], ["aal2", ["pwd", "otp"], 1_763_999_990]);
    const widened = await refresh(world, aRefresh(refreshTextOf(answer), { scope: ["write"] }));
    assert.equal(await said(widened), "scope_not_allowed");
  });
});
