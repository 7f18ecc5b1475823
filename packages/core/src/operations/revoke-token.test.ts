// What a refresh token takes with it when its client revokes it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { Secret } from "../kernel/secret.ts";
import { aPolicy } from "../testing/builders.ts";
import { withMishaps } from "../testing/stores.ts";
import {
  AS_WEB,
  accessTextOf,
  asBackend,
  aWorld,
  opened,
  refreshed,
  refreshTextOf,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { revokeToken } from "./revoke-token.ts";

async function isLive(world: World, token: string): Promise<boolean> {
  return (await judgeAccessToken(world, token)) !== undefined;
}

describe("a refresh token that is revoked", () => {
  for (const [onReuse, taking] of [
    ["session", "session"],
    ["family", "family"],
  ] as const) {
    it(`ends its ${taking}, and every access token of that, under a policy whose on_reuse is ${onReuse} [REV-6]`, async () => {
      const world = await aWorld(createMemoryStore, { policy: aPolicy({ onReuse }) });
      const one = await opened(world);
      const token = new Secret(refreshTextOf(one));
      const answer = await revokeToken(world, { token, credentials: AS_WEB });
      assert.ok(answer.ok && answer.value !== null);
      assert.deepEqual(
        (await world.notices()).map(({ taking: { kind } }) => kind),
        [taking],
      );
      assert.equal(await isLive(world, accessTextOf(one)), false);
      assert.equal((await refreshed(world, token.reveal())).kind, "refused");
    });
  }

  it("takes one notice, whatever was lost on the way, and the second time none [REV-3] [REV-7]", async () => {
    const world = await aWorld(createMemoryStore);
    const token = new Secret(refreshTextOf(await opened(world)));
    const node = world.node(withMishaps(world.store, ["lost", "conflict", "kept"]));
    assert.ok((await revokeToken(node, { token, credentials: AS_WEB })).ok);
    assert.deepEqual(await revokeToken(world, { token, credentials: AS_WEB }), { ok: true, value: null });
    assert.equal((await world.notices()).length, 1);
  });

  it("is revoked once by all who try at once [REV-3]", async () => {
    const world = await aWorld(createMemoryStore);
    const token = new Secret(refreshTextOf(await opened(world)));
    const tries = Array.from({ length: 16 }, () => revokeToken(world, { token, credentials: AS_WEB }));
    assert.ok((await Promise.all(tries)).every(({ ok }) => ok));
    assert.equal((await world.facts()).filter(({ kind }) => kind === "session_ended").length, 1);
  });

  it("of another client lives on; the attempt is a fact of the session [REV-4] [I-12]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    for (const text of [refreshTextOf(one), accessTextOf(one)]) {
      const answer = await revokeToken(world, { token: new Secret(text), credentials: asBackend(world) });
      assert.deepEqual(answer, { ok: false, code: "token_of_another_client" });
    }
    const refused = (await world.facts()).filter(({ kind }) => kind === "token_revocation_refused");
    assert.deepEqual(
      refused.map(({ session, body }) => [session, body]),
      [
        [one.session.id, '{"client":"backend","token":"refresh"}'],
        [one.session.id, '{"client":"backend","token":"access"}'],
      ],
    );
    assert.equal(await isLive(world, accessTextOf(one)), true);
    assert.deepEqual(await world.notices(), []);
  });
});
