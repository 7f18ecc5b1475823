import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatSessionToken, parseSessionToken, uuidToBytes } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import type { SessionId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Alteration } from "../sessions/decide.ts";
import { sessionFromRow, sessionKey } from "../sessions/session-row.ts";
import { ROW_KINDS } from "../store/store.ts";
import { aPolicy, TENANT, WEB } from "../testing/builders.ts";
import { accessTextOf, aWorld, BACKEND, type Deps, opened, revoked, theSession, type World } from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { type JudgedSessionToken, judgeSessionToken } from "../tokens/judge-session-token.ts";
import { alterSession } from "./alter-session.ts";
import { keepAlive } from "./keep-alive.ts";
import { rotateSessionToken } from "./rotate-session-token.ts";

const ISSUE = { issue: { access: true, refresh: true, sessionToken: true } };
const REVOCATION = "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6";

function textOf({ tokens }: { readonly tokens: { readonly sessionToken: Secret | null } }): string {
  assert.ok(tokens.sessionToken);
  return tokens.sessionToken.reveal();
}

async function kindOf(deps: Deps, text: string): Promise<JudgedSessionToken["kind"]> {
  return (await judgeSessionToken(deps, text)).kind;
}

async function claimsOf(deps: Deps, text: string): Promise<Readonly<Record<string, unknown>>> {
  const judged = await judgeSessionToken(deps, text);
  assert.equal(judged.kind, "live");
  if (judged.kind === "live") assert.equal(judged.claims, judged.claims, "made once, however often they are read");
  return judged.kind === "live" ? judged.claims : {};
}

function alter(deps: Deps, session: SessionId, alteration: Alteration, keepSessionToken = false) {
  return alterSession(deps, {
    session,
    alteration,
    expectVersion: null,
    keepSessionToken,
    revocationId: REVOCATION,
    actor: "ops",
  });
}

async function rotate(deps: Deps, session: SessionId, revocationId = REVOCATION): Promise<string> {
  const answer = await rotateSessionToken(deps, { session, revocationId, actor: "ops" });
  assert.ok(answer.ok);
  return answer.value.sessionToken.reveal();
}

describe("a session token", () => {
  it("says what an access token of the moment would say [ST-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, { ...ISSUE, acr: "aal2", claims: { plan: "gold" } });
    const access = await judgeAccessToken(world, accessTextOf(one));
    const { iat, exp, jti, ...said } = await claimsOf(world, textOf(one));
    const expected = { ...access?.claims.all };
    for (const name of ["iat", "exp", "jti"]) delete expected[name];
    assert.deepEqual(said, expected);
    assert.equal(Number(exp) - Number(iat), 60);
    assert.match(String(jti), new RegExp(`^${one.session.id}\\.[A-Za-z0-9_-]{12}$`));
  });

  it("is not in any row, notice or fact, nor is any piece of it; a keyed hash with its key's id is [ST-2] [L-01]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, ISSUE);
    const texts = [textOf(one), await rotate(world, one.session.id)];
    const rows = await Promise.all(ROW_KINDS.map((kind) => world.store.list({ tenant: TENANT, kind, limit: 1000 })));
    const resting = JSON.stringify([rows, await world.facts(), await world.notices()]);
    for (const text of texts) {
      const secret = Buffer.from(parseSessionToken(text)?.subarray(16) ?? []);
      for (const piece of [text, text.slice(30, 60), secret.toString("base64url"), secret.toString("hex")])
        assert.equal(resting.includes(piece), false);
    }
    const key = sessionKey(one.session);
    const row = (await world.store.read([key])).get(key);
    assert.ok(row);
    const { token } = sessionFromRow(row);
    assert.deepEqual([token?.kid, token?.hash.length, token?.previous?.hash.length], [1, 43, 43]);
  });

  it("of which one bit is another is nobody's [ST-3] [J-48]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, ISSUE);
    const other = await opened(world, { ...ISSUE, client: BACKEND });
    const bytes = parseSessionToken(textOf(one));
    const others = parseSessionToken(textOf(other));
    assert.ok(bytes && others);
    for (const at of [0, 15, 16, 31, 47]) {
      const changed: Uint8Array = Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 1 : byte));
      assert.equal(await kindOf(world, formatSessionToken(changed)), "inactive");
    }
    // The id of one session and the secret of another.
    const mixed = Uint8Array.from(bytes, (byte, index) => (index < 16 ? byte : (others[index] ?? 0)));
    for (const _ of ["once", "again"]) assert.equal(await kindOf(world, formatSessionToken(mixed)), "inactive");
    for (const text of ["", "hps_", textOf(one).slice(0, -1), `${textOf(one)}A`, textOf(one).toUpperCase()])
      assert.equal(await kindOf(world, text), "inactive");
  });

  it("of a session that has none is nobody's [ST-3]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, ISSUE);
    const bare = await opened(world);
    assert.equal(bare.tokens.sessionToken, null);
    const id = uuidToBytes(bare.session.id);
    const secret = parseSessionToken(textOf(one))?.subarray(16);
    assert.ok(id && secret);
    assert.equal(await kindOf(world, formatSessionToken(Uint8Array.from([...id, ...secret]))), "inactive");
  });

  it("is the same for the same idempotency key [ST-6] [A-13]", async () => {
    const world = await aWorld(createMemoryStore);
    const idempotency = { caller: WEB, key: "k", fingerprint: "f" };
    const [one, again] = [
      await opened(world, { ...ISSUE, idempotency }),
      await opened(world.node(), { ...ISSUE, idempotency }),
    ];
    assert.equal(again.replayed, true);
    assert.equal(textOf(one), textOf(again));
    assert.equal(await kindOf(world, textOf(again)), "live");
  });

  it("works on another node and ends with its session, its subject, its client and its parent [ST-5] [C-15]", async () => {
    const ends: ((world: World, one: Awaited<ReturnType<typeof opened>>) => Promise<unknown>)[] = [
      (world, one) => revoked(world, theSession(one.session.id)),
      (world, one) => revoked(world, { kind: "subject", subject: one.session.subject }),
      (world) => revoked(world, { kind: "client", client: WEB }),
      (world, one) => {
        const [family] = one.session.families;
        assert.ok(family);
        return revoked(world, { kind: "family", session: one.session.id, family: family.id });
      },
    ];
    for (const end of ends) {
      const world = await aWorld(createMemoryStore);
      const one = await opened(world, ISSUE);
      const child = await opened(world, { ...ISSUE, parent: one.session.id });
      assert.equal(await kindOf(world.node(), textOf(child)), "live");
      await end(world, one);
      assert.equal(await kindOf(world.node(), textOf(one)), "inactive");
    }
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, ISSUE);
    const child = await opened(world, { ...ISSUE, parent: one.session.id });
    await revoked(world, theSession(one.session.id));
    assert.equal(await kindOf(world, textOf(child)), "inactive");
  });
});

describe("what a verifier may remember of a session token", () => {
  it("never outlives the idle end, and moves on with activity [ST-4]", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ accessLifetime: aPolicy().idle }) });
    const one = await opened(world, ISSUE);
    world.wait(40_000);
    const before = await claimsOf(world, textOf(one));
    assert.equal(Number(before["exp"]) * 1000, one.session.opened + 100_000);
    await keepAlive(world, one.session.id, world.now(), "report");
    const moved = await claimsOf(world, textOf(one));
    assert.equal(Number(moved["exp"]) * 1000, one.session.opened + 140_000);
  });

  it("moves on by the store's clock where nobody says when the activity was, whatever the clock of a node says [S-08]", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ accessLifetime: aPolicy().idle }) });
    const one = await opened(world, ISSUE);
    world.wait(40_000);
    assert.equal(await keepAlive(world, one.session.id, null, "call"), "moved");
    assert.equal(Number((await claimsOf(world, textOf(one)))["exp"]) * 1000, one.session.opened + 140_000);
  });

  it("is nothing from the last whole second before the idle end on [ST-4] [S-02]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, ISSUE);
    world.wait(98_999);
    assert.equal(Number((await claimsOf(world, textOf(one)))["exp"]) * 1000, one.session.opened + 100_000);
    world.wait(1000);
    assert.equal(await kindOf(world, textOf(one)), "live");
    world.wait(1);
    assert.equal(await kindOf(world, textOf(one)), "inactive");
  });

  it("never outlives the absolute end, nor any end of a parent, however busy it is [ST-4] [S-02]", async () => {
    const world = await aWorld(createMemoryStore);
    const parent = await opened(world, ISSUE);
    world.wait(90_000);
    const child = await opened(world, { ...ISSUE, parent: parent.session.id });
    const { exp } = await claimsOf(world, textOf(child));
    assert.equal(Number(exp) * 1000, parent.session.opened + 100_000);
    const lone = await opened(world, ISSUE);
    for (let waited = 0; waited < 960_000; waited += 60_000) {
      world.wait(60_000);
      await keepAlive(world, lone.session.id, world.now(), "report");
    }
    const last = await claimsOf(world, textOf(lone));
    assert.equal(Number(last["exp"]) * 1000, lone.session.opened + 1_000_000);
  });
});

describe("a rise of privilege", () => {
  const raises: readonly [title: string, alteration: Alteration][] = [
    ["another acr", { acr: "aal3" }],
    ["a later sign-in", { authTime: 1_764_000_001 }],
    ["a further method", { amr: ["pwd", "otp"] }],
  ];
  for (const [title, alteration] of raises) {
    it(`by ${title} gives another session token, and the one before stops at once [ST-7] [C-01]`, async () => {
      const world = await aWorld(createMemoryStore);
      const one = await opened(world, { ...ISSUE, acr: "aal1", amr: ["pwd"], authTime: 1_764_000_000 });
      const answer = await alter(world, one.session.id, alteration);
      assert.ok(answer.ok);
      const next = answer.value.sessionToken?.reveal();
      assert.ok(next !== undefined && next !== textOf(one));
      assert.equal(await kindOf(world.node(), next), "live");
      assert.equal(await kindOf(world.node(), textOf(one)), "superseded");
      // What verifiers remember of the one before is outdated by the same notice as the access tokens.
      assert.deepEqual(
        (await world.notices()).map(({ taking }) => taking),
        [{ kind: "outdated", sid: one.session.id }],
      );
      const kinds = (await world.facts()).map(({ kind }) => kind);
      assert.deepEqual(kinds.slice(-2), ["session_changed", "session_token_issued"]);
    });
  }

  it("whose answer was lost is asked for again, and gives the same token without a further change [ST-8]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, { ...ISSUE, acr: "aal1" });
    const first = await alter(world, one.session.id, { acr: "aal2" });
    const facts = (await world.facts()).length;
    const again = await alter(world.node(), one.session.id, { acr: "aal2" });
    assert.ok(first.ok && again.ok);
    assert.equal(again.value.sessionToken?.reveal(), first.value.sessionToken?.reveal());
    assert.equal((await world.facts()).length, facts);
    assert.equal(await kindOf(world, again.value.sessionToken?.reveal() ?? ""), "live");
  });

  it("is given again for any of the three that say how sure the app is, and for nothing else [ST-8]", async () => {
    const alterations: readonly (readonly [Alteration, boolean])[] = [
      [{ acr: "aal3" }, true],
      [{ amr: ["otp"] }, true],
      [{ authTime: 1_764_000_009 }, true],
      [{ claims: { plan: "gold" } }, false],
      [{ scope: ["read"] }, false],
    ];
    for (const [alteration, isGiven] of alterations) {
      const world = await aWorld(createMemoryStore);
      const { session } = await opened(world, ISSUE);
      const first = await alter(world, session.id, alteration);
      const again = await alter(world, session.id, alteration);
      assert.ok(first.ok && again.ok);
      assert.equal(again.value.sessionToken?.reveal(), first.value.sessionToken?.reveal());
      assert.equal(again.value.sessionToken !== null, isGiven);
      const issued = (await world.facts()).filter(({ kind }) => kind === "session_token_issued");
      assert.deepEqual(
        issued.map(({ body }) => body),
        isGiven ? ['{"actor":"ops"}'] : [],
      );
    }
  });

  it("rotates nothing for a caller who keeps the token, and hands none out [ST-7]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, { ...ISSUE, acr: "aal2" });
    const answer = await alter(world, one.session.id, { acr: "aal1" }, true);
    assert.ok(answer.ok);
    assert.equal(answer.value.sessionToken, null);
    assert.equal(await kindOf(world, textOf(one)), "live");
    const again = await alter(world, one.session.id, { acr: "aal1" }, true);
    assert.ok(again.ok && again.value.sessionToken === null);
  });

  const keeps: readonly [title: string, alteration: Alteration][] = [
    ["less scope", { scope: ["read"] }],
    ["other claims", { claims: { plan: "free" } }],
    ["no acr", { acr: null }],
    ["a method less", { amr: [] }],
    ["an earlier sign-in", { authTime: 1_763_999_999 }],
    ["another device", { device: null }],
  ];
  for (const [title, alteration] of keeps) {
    it(`is not ${title}: the session token stays, and says what is true now [ST-7] [R-13]`, async () => {
      const world = await aWorld(createMemoryStore);
      const one = await opened(world, {
        ...ISSUE,
        acr: "aal1",
        amr: ["pwd"],
        authTime: 1_764_000_000,
        device: { name: "tv", userAgent: null, ip: null },
      });
      const answer = await alter(world, one.session.id, alteration);
      assert.ok(answer.ok);
      assert.equal(answer.value.sessionToken, null);
      const { scope, plan } = await claimsOf(world, textOf(one));
      assert.equal(scope, "scope" in alteration ? "read" : "read write");
      assert.equal(plan, "claims" in alteration ? "free" : undefined);
    });
  }

  it("of a session without a session token makes none", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const answer = await alter(world, one.session.id, { acr: "aal2" });
    assert.ok(answer.ok && answer.value.sessionToken === null);
  });
});

describe("a rotation by request", () => {
  it("takes the token before away by its name, and leaves access and refresh tokens alone [ST-9] [C-01]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, ISSUE);
    const { jti } = await claimsOf(world, textOf(one));
    const answer = await rotateSessionToken(world, { session: one.session.id, revocationId: REVOCATION, actor: "ops" });
    assert.ok(answer.ok);
    assert.deepEqual(
      (await world.notices()).map(({ taking }) => taking),
      [{ kind: "token", jti }],
    );
    assert.deepEqual(answer.value.outdated?.targets, [{ kind: "token", jti, expires: null }]);
    // Nor is it remembered for the live one that it is compared with.
    for (const _ of ["once", "again"]) assert.equal(await kindOf(world, textOf(one)), "superseded");
    assert.equal(await kindOf(world, answer.value.sessionToken.reveal()), "live");
    assert.ok(await judgeAccessToken(world, accessTextOf(one)));
  });

  it("gives a session its first token, which takes nothing away [ST-9]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const answer = await rotateSessionToken(world, { session: one.session.id, revocationId: REVOCATION, actor: null });
    assert.ok(answer.ok && answer.value.outdated === null);
    assert.equal(await kindOf(world, answer.value.sessionToken.reveal()), "live");
    assert.deepEqual(await world.notices(), []);
  });

  it("that is asked for again gives yet another, and only the last one lives [ST-8]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, ISSUE);
    const lost = await rotate(world, one.session.id);
    const got = await rotate(world, one.session.id, REVOCATION.replace("6f", "60").replace(/6$/, "7"));
    assert.deepEqual(
      [await kindOf(world, textOf(one)), await kindOf(world, lost), await kindOf(world, got)],
      ["inactive", "superseded", "live"],
    );
  });

  it("64 times at once leaves exactly one live token, and everybody has an answer [ST-8]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, ISSUE);
    const texts = await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        rotate(world, one.session.id, `019a9c40-1b2c-7d3e-8f90-a1b2c3d4e${String(index).padStart(3, "0")}`),
      ),
    );
    const kinds = await Promise.all(texts.map((text) => kindOf(world, text)));
    assert.deepEqual(
      [kinds.filter((kind) => kind === "live").length, kinds.filter((kind) => kind === "superseded").length],
      [1, 1],
    );
    assert.equal(new Set(texts).size, 64);
  });

  it("is refused for a session that is over or that there never was [ST-9]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, ISSUE);
    await revoked(world, theSession(one.session.id));
    const over = await rotateSessionToken(world, { session: one.session.id, revocationId: REVOCATION, actor: null });
    assert.deepEqual(over, { ok: false, code: "session_over" });
    const never = await rotateSessionToken(world, {
      session: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e99" as SessionId,
      revocationId: REVOCATION,
      actor: null,
    });
    assert.deepEqual(never, { ok: false, code: "session_not_found" });
  });
});

describe("a session token that was revoked by its name", () => {
  it("stays refused for as long as its session may live, whatever end the caller names [ST-10] [F-17]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world, ISSUE);
    const { jti } = await claimsOf(world, textOf(one));
    await revoked(world, { kind: "token", jti: String(jti), expires: world.now() });
    assert.equal(await kindOf(world, textOf(one)), "inactive");
    const rows = await world.store.list({ tenant: TENANT, kind: "revoked_token", limit: 10 });
    assert.ok((rows[0]?.expires ?? 0) >= one.session.opened + one.session.policy.absolute * 1000);
  });
});
