// From a token that was found to what it stands for.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { Secret } from "../kernel/secret.ts";
import { instantOf } from "../kernel/time.ts";
import { sessionKey } from "../sessions/session-row.ts";
import { aPolicy } from "../testing/builders.ts";
import {
  accessTextOf,
  aWorld,
  nextOf,
  opened,
  refreshTextOf,
  revoked,
  theSession,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { resolveLeaked } from "./resolve-leaked.ts";
import { rotateSessionToken } from "./rotate-session-token.ts";

const ISSUE = { issue: { access: true, refresh: true, sessionToken: true } };
const NOT = { ok: false, code: "token_not_genuine" };

const shown = (world: World, text: string) => resolveLeaked(world, new Secret(text));

/** With its last character but one turned: of a signature or a MAC that is never the same. */
function turned(text: string): string {
  const at = text.length - 8;
  return `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
}

describe("a token that leaked", () => {
  for (const onReuse of ["session", "family"] as const) {
    it(`stands as a refresh token of any generation for its ${onReuse}, where reuse ends that; over or not [RCP-14]`, async () => {
      const world = await aWorld(createMemoryStore, { policy: aPolicy({ onReuse }) });
      const one = await opened(world);
      const next = await nextOf(world, refreshTextOf(one));
      const { id, families } = one.session;
      const family = { kind: "family", session: id, family: families[0]?.id };
      const value = onReuse === "family" ? family : theSession(id);
      for (const text of [refreshTextOf(one), next]) assert.deepEqual(await shown(world, text), { ok: true, value });
      await revoked(world, theSession(id));
      assert.deepEqual(await shown(world, next), { ok: true, value });
      assert.deepEqual(await shown(world, turned(next)), NOT);
    });
  }

  it("stands as a session token, the current one or the one before, for its session [RCP-14]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session, tokens } = await opened(world, ISSUE);
    const first = tokens.sessionToken?.reveal() ?? assert.fail();
    const revocationId = "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6";
    const rotate = async (last: string): Promise<string> => {
      const id = `${revocationId.slice(0, -1)}${last}`;
      const answer = await rotateSessionToken(world, { session: session.id, revocationId: id, actor: null });
      assert.ok(answer.ok);
      return answer.value.sessionToken.reveal();
    };
    const second = await rotate("1");
    for (const text of [first, second])
      assert.deepEqual(await shown(world, text), { ok: true, value: theSession(session.id) });
    await rotate("2");
    assert.deepEqual(await shown(world, first), NOT);
  });

  it("stands as an access token for itself, until its end [RCP-14]", async () => {
    const world = await aWorld(createMemoryStore);
    const text = accessTextOf(await opened(world));
    const claims = (await judgeAccessToken(world, text))?.claims ?? assert.fail();
    const value = { kind: "token", jti: claims.jti, expires: instantOf(claims.exp * 1000) };
    assert.deepEqual(await shown(world, text), { ok: true, value });
    assert.deepEqual(await shown(world, turned(text)), NOT);
  });

  it("is nothing that can be told when nobody made it, or its session is gone or has no such token [RCP-14]", async () => {
    const world = await aWorld(createMemoryStore);
    assert.deepEqual(await shown(world, "nothing"), NOT);
    const one = await opened(world, ISSUE);
    const cookie = one.tokens.sessionToken?.reveal() ?? assert.fail();
    const other = await opened(world);
    const rows = [{ key: sessionKey(one.session), expect: 1, next: "gone" as const }];
    await world.store.commit([{ attempt: "gone", rows, notices: [], facts: [] }]);
    assert.deepEqual(await shown(world, cookie), NOT);
    assert.deepEqual(await shown(world, refreshTextOf(one)), NOT);
    assert.notDeepEqual(await shown(world, refreshTextOf(other)), NOT);
  });
});
