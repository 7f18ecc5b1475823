// Several targets in one revocation: each gets its own row, whoever is named like another.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { FamilyId, SubjectId } from "../kernel/ids.ts";
import { afterMs, type Instant } from "../kernel/time.ts";
import { revokedTokenKey } from "../revocation/revoked-token.ts";
import { sessionKey } from "../sessions/session-row.ts";
import type { Row } from "../store/store.ts";
import { TENANT, WEB } from "../testing/builders.ts";
import {
  accessTextOf,
  aWorld,
  opened,
  refreshed,
  refreshTextOf,
  revoked,
  theSession,
  type World,
} from "../testing/world.ts";
import { judgeAccessToken } from "../tokens/judge-access-token.ts";
import { readSession } from "./read-session.ts";

const subject = (id: string): SubjectId => id as SubjectId;

async function tokenRow(world: World, jti: string): Promise<Row | undefined> {
  const key = revokedTokenKey(TENANT, jti);
  return (await world.store.read([key])).get(key);
}

describe("a revocation of several", () => {
  it("takes each of two sessions, two subjects, and a client that is called like a subject [NOT-4] [RCP-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const taken = [
      await opened(world, { subject: subject("u-1") }),
      await opened(world, { subject: subject("u-2") }),
      await opened(world, { subject: subject("u-3") }),
      await opened(world, { subject: subject(WEB) }),
    ];
    const [one, two] = taken;
    const revocation = await revoked(
      world,
      theSession(one?.session.id ?? assert.fail()),
      theSession(two?.session.id ?? assert.fail()),
      { kind: "subject", subject: subject("u-3") },
      { kind: "subject", subject: subject(WEB) },
      { kind: "client", client: WEB },
    );
    assert.deepEqual([revocation.endedSessions, revocation.pos.seq], [4, 5]);
    assert.deepEqual(new Set(revocation.ended), new Set(taken.map(({ session }) => session.id)));
    for (const { session } of taken) {
      const seen = await readSession(world.store, TENANT, session.id);
      assert.ok(seen.ok && seen.value.standing.kind === "ended");
    }
    for (const each of taken) assert.notEqual((await refreshed(world, refreshTextOf(each))).kind, "granted");
    const next = await opened(world, { subject: subject("u-3") });
    assert.notEqual(await judgeAccessToken(world, accessTextOf(next)), undefined);
  });

  it("ends two sessions of one subject, and each has its own end [NOT-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const [one, two, other] = [await opened(world), await opened(world), await opened(world)];
    await revoked(world, theSession(one.session.id), theSession(two.session.id));
    for (const [{ session }, kind] of [
      [one, "ended"],
      [two, "ended"],
      [other, "active"],
    ] as const) {
      const seen = await readSession(world.store, TENANT, session.id);
      assert.ok(seen.ok);
      assert.deepEqual([seen.value.session.id, seen.value.standing.kind], [session.id, kind]);
    }
  });

  it("that finds a session over by a clock that was ahead ends it for good, with a family of it named beside it [NOT-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const right = world.now();
    world.setNow(afterMs(right, 100_000));
    const family = session.families[0]?.id ?? ("" as FamilyId);
    await revoked(world, theSession(session.id), { kind: "family", session: session.id, family });
    world.setNow(right);
    const seen = await readSession(world.store, TENANT, session.id);
    assert.ok(seen.ok && seen.value.standing.kind === "ended");
    assert.equal(seen.value.standing.reason, "idle");
  });

  it("remembers each token as long as it could be accepted, and one that is named twice for the longer [NOT-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    const at = (ms: number): Instant => afterMs(world.now(), ms);
    const revocation = await revoked(
      world,
      { kind: "token", jti: "short", expires: at(1000) },
      { kind: "token", jti: "long", expires: at(60_000) },
      { kind: "token", jti: "unknown", expires: null },
      { kind: "token", jti: "short", expires: at(2000) },
      theSession(session.id),
    );
    const kept = await Promise.all(
      ["short", "long", "unknown"].map(async (jti) => (await tokenRow(world, jti))?.expires),
    );
    assert.deepEqual(kept, [at(12_000), at(70_000), at(610_000)]);
    assert.equal(revocation.tokensExpireBy, at(605_000));
    const alone = await revoked(world, { kind: "token", jti: "other", expires: null });
    assert.equal(alone.tokensExpireBy, at(605_000));
  });

  it("of a token again leaves its row as it is, and gives it a notice [NOT-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const target = { kind: "token", jti: "j", expires: afterMs(world.now(), 60_000) } as const;
    await revoked(world, target);
    const before = await tokenRow(world, "j");
    await revoked(world, target);
    assert.deepEqual(await tokenRow(world, "j"), before);
    assert.equal((await world.notices()).length, 2);
  });

  it("of a subject counts no session whose row is gone already [RCP-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const { session } = await opened(world);
    await opened(world);
    const key = sessionKey(session);
    const rows = [{ key, expect: 1, next: "gone" as const }];
    await world.store.commit([{ attempt: "gone", rows, notices: [], facts: [] }]);
    assert.equal((await revoked(world, { kind: "subject", subject: session.subject })).endedSessions, 1);
  });
});
