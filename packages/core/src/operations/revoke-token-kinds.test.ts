// What each kind of token takes away, and what takes nothing: never issued, over already, or no token at all.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientCredentials } from "../clients/authenticate.ts";
import { Secret } from "../kernel/secret.ts";
import { afterMs, instantOf } from "../kernel/time.ts";
import { aPolicy, TENANT } from "../testing/builders.ts";
import {
  AS_WEB,
  accessTextOf,
  asBackend,
  aWorld,
  BACKEND,
  opened,
  refreshTextOf,
  revoked,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { issueClientToken } from "./issue-client-token.ts";
import { readRevocation } from "./read-revocation.ts";
import { revokeToken } from "./revoke-token.ts";
import { rotateSessionToken } from "./rotate-session-token.ts";

const ISSUE = { issue: { access: true, refresh: true, sessionToken: true } };
const NOTHING = { ok: true, value: null };

const revoking = (world: World, text: string, credentials: ClientCredentials = AS_WEB) =>
  revokeToken(world, { token: new Secret(text), credentials });

async function takings(world: World): Promise<readonly unknown[]> {
  return (await world.notices()).map(({ taking }) => taking);
}

async function lastFact(world: World): Promise<readonly unknown[]> {
  const last = (await world.facts()).at(-1);
  return [last?.kind, last?.session, JSON.parse(last?.body ?? "null")];
}

describe("a client that revokes", () => {
  it("a session token, the one before the last rotation too, signs out of the session [REV-6] [ST-10]", async () => {
    for (const isOlder of [false, true]) {
      const world = await aWorld(createMemoryStore);
      const { session, tokens } = await opened(world, ISSUE);
      const text = tokens.sessionToken?.reveal() ?? assert.fail();
      const revocationId = "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6";
      if (isOlder) await rotateSessionToken(world, { session: session.id, revocationId, actor: null });
      const other = await revoking(world, text, asBackend(world));
      assert.deepEqual(other, { ok: false, code: "token_of_another_client" });
      const body = { client: BACKEND, token: "session" };
      assert.deepEqual(await lastFact(world), ["token_revocation_refused", session.id, body]);
      const answer = await revoking(world, text);
      assert.ok(answer.ok && answer.value !== null);
      assert.deepEqual(answer.value.targets, [{ kind: "session", session: session.id }]);
      assert.deepEqual((await takings(world)).at(-1), { kind: "session", sid: session.id });
      assert.deepEqual(await revoking(world, text), NOTHING);
    }
  });

  it("an access token takes that one away once, until its end and the skew, and not one that nobody signed [REV-3] [REV-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const text = accessTextOf(await opened(world));
    const { claims } = (await judgeAccessToken(world, text)) ?? assert.fail();
    const end = instantOf((claims.exp + 5) * 1000);
    const [header, payload, signature] = text.split(".");
    const forged = [header, payload, signature?.replace(/^./, (first) => (first === "A" ? "B" : "A"))].join(".");
    assert.deepEqual(await revoking(world, forged), NOTHING);
    world.setNow(end);
    assert.deepEqual(await revoking(world, text), NOTHING);
    world.setNow(afterMs(end, -1));
    const answer = await revoking(world, text);
    assert.ok(answer.ok && answer.value !== null);
    const expires = instantOf(claims.exp * 1000);
    assert.deepEqual(answer.value.targets, [{ kind: "token", jti: claims.jti, expires }]);
    assert.deepEqual(await takings(world), [{ kind: "token", jti: claims.jti }]);
    assert.deepEqual(await revoking(world, text), NOTHING);
  });

  it("a service's own token of another is refused, and a fact of no session [REV-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const request = { credentials: asBackend(world), scope: undefined, audience: undefined };
    const answer = await issueClientToken(world, request);
    assert.ok(answer.ok);
    const text = answer.value.access.token.reveal();
    assert.deepEqual(await revoking(world, text), { ok: false, code: "token_of_another_client" });
    assert.deepEqual(await lastFact(world), ["token_revocation_refused", null, { client: "web", token: "access" }]);
    assert.ok((await revoking(world, text, asBackend(world))).ok);
    assert.equal(await judgeAccessToken(world, text), undefined);
  });

  it("a family that is over already, what was never issued, or a client's secret takes nothing [REV-3] [REV-7]", async () => {
    const world = await aWorld(createMemoryStore, { policy: aPolicy({ onReuse: "family" }) });
    const one = await opened(world);
    const family = one.session.families[0]?.id ?? assert.fail();
    await revoked(world, { kind: "family", session: one.session.id, family });
    assert.deepEqual(await revoking(world, refreshTextOf(one)), NOTHING);
    const other = await aWorld(createMemoryStore);
    assert.deepEqual(await revoking(world, refreshTextOf(await opened(other))), NOTHING);
    assert.deepEqual(await revoking(world, "nothing"), NOTHING);
    const secret = await revoking(world, world.backendSecret.reveal());
    assert.deepEqual(secret, { ok: false, code: "token_type_unsupported" });
    const liar = { ...asBackend(world), secret: new Secret("hpc_x") } as ClientCredentials;
    assert.deepEqual(await revoking(world, "nothing", liar), { ok: false, code: "client_unauthenticated" });
  });
});

describe("a session token's rotation", () => {
  it("is a fact, and a revocation of the one before that can be read again [ST-9] [RCP-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world, ISSUE);
    const revocationId = "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6";
    const answer = await rotateSessionToken(world, { session: session.id, revocationId, actor: "ops" });
    assert.ok(answer.ok && answer.value.outdated !== null);
    assert.equal(answer.value.version, 2);
    const { targets, ...outdated } = answer.value.outdated;
    assert.equal(targets[0]?.kind, "token");
    assert.deepEqual(outdated, {
      id: revocationId,
      pos: { epoch: 1, seq: 1 },
      committed: world.now(),
      reason: "session_token_rotated",
      ticket: null,
      actor: "ops",
      endedSessions: 0,
      tokensExpireBy: afterMs(world.now(), 605_000),
    });
    assert.deepEqual(await readRevocation(world.store, TENANT, revocationId), {
      ok: true,
      value: answer.value.outdated,
    });
    assert.deepEqual(await lastFact(world), ["session_token_issued", session.id, { actor: "ops" }]);
  });

  it("is refused when the family that it speaks for is over, by itself or with its client [ST-9]", async () => {
    for (const what of ["family", "client"] as const) {
      const world = await aWorld(createMemoryStore);
      const { session } = await opened(world, ISSUE);
      const family = session.families[0]?.id ?? assert.fail();
      const client = session.families[0]?.client ?? assert.fail();
      await revoked(
        world,
        what === "family" ? { kind: "family", session: session.id, family } : { kind: "client", client },
      );
      const revocationId = "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6";
      const answer = await rotateSessionToken(world, { session: session.id, revocationId, actor: null });
      assert.deepEqual(answer, { ok: false, code: "session_over" });
    }
  });
});
