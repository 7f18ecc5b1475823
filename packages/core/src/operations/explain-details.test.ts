// Which of several facts an explanation is about.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { FACT_SENTENCES, sessionFact } from "../facts.ts";
import type { FamilyId, SessionId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import { revocationKey } from "../revocation/revocation-row.ts";
import { sessionKey, sessionToRow } from "../sessions/session-row.ts";
import type { RowKey } from "../store/store.ts";
import { aFamily, TENANT, WEB } from "../testing/builders.ts";
import {
  asBackend,
  aWorld,
  nextOf,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
  type World,
} from "../testing/world.ts";
import { type Explanation, explainSession } from "./explain-session.ts";

const OTHER = "BBBBBB" as FamilyId;

async function explained(world: World, id: SessionId): Promise<Explanation> {
  const answer = await explainSession(world.store, TENANT, id);
  assert.ok(answer.ok);
  return answer.value;
}

async function gone(world: World, key: RowKey): Promise<void> {
  const expect = (await world.store.read([key])).get(key)?.version ?? assert.fail();
  await world.store.commit([{ attempt: "gone", rows: [{ key, expect, next: "gone" }], notices: [], facts: [] }]);
}

describe("an explanation", () => {
  it("of reuse names the generation that ended it, and when that one was replaced, whatever else was refused or rotated [WHY-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const { id } = one.session;
    const body = { family: OTHER, generation: 9, outcome: "rotated" } as const;
    const facts = [sessionFact(TENANT, id, world.now(), "token_refreshed", body)];
    await world.store.commit([{ attempt: "other", rows: [], notices: [], facts }]);
    const second = await nextOf(world, refreshTextOf(one));
    world.wait(1000);
    const replaced = world.now();
    const third = await nextOf(world, second);
    world.wait(1000);
    await nextOf(world, third);
    world.wait(60_000);
    const shown = world.now();
    assert.equal((await refreshed(world, second)).kind, "refused");
    world.wait(1000);
    assert.equal((await refreshed(world, third, { credentials: asBackend(world) })).kind, "refused");
    const { because, before } = await explained(world, id);
    assert.deepEqual(because, { kind: "reuse", generation: 2, client: WEB, shown, replaced });
    // The five before the end, and none of after it.
    assert.deepEqual(
      before.map(({ kind, sentence }) => [kind, sentence === FACT_SENTENCES[kind as keyof typeof FACT_SENTENCES]]),
      [...Array<string>(4).fill("token_refreshed"), "refresh_refused"].map((kind) => [kind, true]),
    );
  });

  it("of families that ended says of each when and by whom [WHY-2]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const { session } = one;
    const families = [...session.families, aFamily({ id: OTHER })];
    const rows = [{ key: sessionKey(session), expect: 1, next: sessionToRow({ ...session, families }, 0) }];
    await world.store.commit([{ attempt: "two", rows, notices: [], facts: [] }]);
    const ends: (readonly [FamilyId, number, string])[] = [];
    for (const { id } of families) {
      world.wait(1000);
      const revocation = await revoked(world, { kind: "family", session: session.id, family: id });
      ends.push([id, world.now(), revocation.id]);
    }
    // A later fact of the same family, and of another kind.
    world.wait(1000);
    await refreshed(world, refreshTextOf(one), { credentials: asBackend(world) });
    const told = (await explained(world, session.id)).families;
    assert.deepEqual(
      told.map(({ id, at, by }) => [id, at, by?.revocation]),
      ends,
    );
  });

  it("of a revocation whose receipt is gone still names it [WHY-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const { id } = await revoked(world, theSession(session.id));
    await gone(world, revocationKey(TENANT, id));
    const { by } = await explained(world, session.id);
    assert.deepEqual(by, { revocation: id, actor: null, reason: null, ticket: null });
  });

  it("of an end by a policy that a release without rules wrote says that it was the times, and without a fact nothing [WHY-1]", async () => {
    const world = await aWorld(createMemoryStore);
    for (const isTold of [true, false]) {
      const { session } = await opened(world);
      const state = { kind: "ended", reason: "policy_applied", at: afterMs(world.now(), 0) } as const;
      const rows = [{ key: sessionKey(session), expect: 1, next: sessionToRow({ ...session, state }, 0) }];
      const body = { policy: "test", from: 1, to: 2, actor: "ops" } as Parameters<
        typeof sessionFact<"session_policy_applied">
      >[4];
      const facts = isTold ? [sessionFact(TENANT, session.id, world.now(), "session_policy_applied", body)] : [];
      await world.store.commit([{ attempt: `old${isTold}`, rows, notices: [], facts }]);
      const { because, by } = await explained(world, session.id);
      assert.deepEqual(because, isTold ? { kind: "policy", policy: "test", version: 2, rule: "lifetime" } : null);
      assert.deepEqual(by, isTold ? { revocation: null, actor: "ops", reason: null, ticket: null } : null);
    }
  });

  it("of one that was evicted or replaced without a note says nothing of what took its place [WHY-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const state = { kind: "ended", reason: "evicted", at: world.now() } as const;
    const rows = [{ key: sessionKey(session), expect: 1, next: sessionToRow({ ...session, state }, 0) }];
    await world.store.commit([{ attempt: "old", rows, notices: [], facts: [] }]);
    assert.equal((await explained(world, session.id)).because, null);
  });
});
