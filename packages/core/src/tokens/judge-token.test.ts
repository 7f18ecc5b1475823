import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { instantOf } from "../kernel/time.ts";
import { rotateSessionToken } from "../operations/rotate-session-token.ts";
import { foreseenEnd } from "../sessions/session.ts";
import { distinct } from "../store/distinct.ts";
import { aPolicy, START } from "../testing/builders.ts";
import { accessTextOf, aWorld, opened, type World } from "../testing/world.ts";
import { lookAt } from "./judge-token.ts";

const ISSUE = { issue: { access: true, refresh: true, sessionToken: true } };

async function kindOf(world: World, text: string): Promise<string> {
  const { rows, judge } = lookAt(world, text);
  return judge(await world.store.read(distinct(rows))).kind;
}

test("a text is told to be an access token, a session token, one that has a successor, or none", async () => {
  const world = await aWorld(createMemoryStore);
  const one = await opened(world, ISSUE);
  const text = one.tokens.sessionToken?.reveal() ?? assert.fail("no session token");
  assert.deepEqual([await kindOf(world, accessTextOf(one)), await kindOf(world, text)], ["access", "session"]);
  const revocationId = "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6";
  await rotateSessionToken(world, { session: one.session.id, revocationId, actor: null });
  assert.notEqual(await kindOf(world, text), "session");
  assert.deepEqual(lookAt(world, "x").rows, []);
  world.wait(10_000_000);
  assert.equal(await kindOf(world, accessTextOf(one)), "inactive");
  assert.equal(await kindOf(world, "x"), "inactive");
});

test("a session token is nothing in the part of a second that is left of its session [ST-4]", async () => {
  const world = await aWorld(createMemoryStore, { policy: aPolicy() });
  world.setNow(instantOf(START + 500));
  const one = await opened(world, ISSUE);
  const text = one.tokens.sessionToken?.reveal() ?? assert.fail("no session token");
  const end = foreseenEnd(one.session);
  for (const [left, kind] of [
    [1500, "session"],
    [501, "session"],
    [500, "inactive"],
    [1, "inactive"],
    [0, "inactive"],
  ] as const) {
    world.setNow(instantOf(end - left));
    assert.equal(await kindOf(world, text), kind, `${left} ms`);
  }
});
