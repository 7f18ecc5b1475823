// An application of a policy beside edits, and what it writes of a subject with several sessions.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { secondsOf } from "../kernel/time.ts";
import type { PolicyNumbers } from "../sessions/policy.ts";
import type { PolicyName } from "../sessions/policy-row.ts";
import { absoluteEnd } from "../sessions/session.ts";
import { subjectFromRow, subjectKey } from "../sessions/subject.ts";
import type { Store } from "../store/store.ts";
import { aPolicy, TENANT } from "../testing/builders.ts";
import { aWorld, opened, type World } from "../testing/world.ts";
import { applyPolicy } from "./apply-policy.ts";
import { putPolicy } from "./policies.ts";
import { readSession } from "./read-session.ts";

const TEST = "test" as PolicyName;
const CONFLICT = { ok: false, code: "version_conflict" };

async function put(world: World, changes: Partial<PolicyNumbers>): Promise<void> {
  const edit = () => ({ ...aPolicy(), ...changes });
  assert.ok((await putPolicy(world, { name: TEST, edit, expectVersion: null, actor: "ops" })).ok);
}

const apply = (world: World, version: number, store: Store = world.store) =>
  applyPolicy({ ...world, store }, { name: TEST, version, after: null, limit: 10, actor: "ops" });

/** The store, with another version put just before this read of it. */
function editedBefore(world: World, read: number, changes: Partial<PolicyNumbers>): Store {
  let reads = 0;
  return {
    ...world.store,
    read: async (keys) => {
      reads += 1;
      if (reads === read) await put(world, changes);
      return world.store.read(keys);
    },
  };
}

describe("an application", () => {
  it("of a version that does not hold is refused where there is nothing to do, too [POL-11]", async () => {
    const world = await aWorld(createMemoryStore);
    await put(world, { idle: secondsOf(70) });
    assert.deepEqual(await apply(world, 1), CONFLICT);
    assert.equal((await apply(world, 2)).ok, true);
  });

  for (const [what, changes] of [
    ["times", { idle: secondsOf(70) }],
    ["a limit", { maxSessions: 1 }],
  ] as const)
    it(`of ${what} that is followed by another version in between touches nobody, and says so [POL-11]`, async () => {
      const world = await aWorld(createMemoryStore);
      const sessions = [await opened(world), await opened(world)];
      await put(world, changes);
      // The policy, the sessions, those beside them; then each is decided anew.
      const read = what === "times" ? 3 : 4;
      assert.deepEqual(await apply(world, 2, editedBefore(world, read, { ...changes, idle: secondsOf(80) })), CONFLICT);
      for (const { session } of sessions) {
        const seen = await readSession(world.store, TENANT, session.id);
        assert.ok(seen.ok);
        assert.deepEqual([seen.value.standing.kind, seen.value.session.policy.version], ["active", 1]);
      }
    });

  it("of a longer life is noted for each session of a subject with its own end [POL-9] [POL-11]", async () => {
    const world = await aWorld(createMemoryStore);
    await opened(world);
    world.wait(10_000);
    await opened(world);
    await put(world, { absolute: secondsOf(2000) });
    assert.equal((await apply(world, 2)).ok, true);
    const key = subjectKey(TENANT, "u-81" as Parameters<typeof subjectKey>[1]);
    const { sessions } = subjectFromRow((await world.store.read([key])).get(key));
    assert.equal(sessions.length, 2);
    for (const { id, until } of sessions) {
      const seen = await readSession(world.store, TENANT, id);
      assert.equal(seen.ok && absoluteEnd(seen.value.session), until);
    }
  });
});
