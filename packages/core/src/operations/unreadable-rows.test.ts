// Rows that this release can't read: a newer one wrote them, or a disk spoilt them. They stop nobody who goes through all rows, and are told.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { SessionId, SubjectId } from "../kernel/ids.ts";
import { instantOf } from "../kernel/time.ts";
import { statusOf } from "../revocation/large-run.ts";
import type { Revocation } from "../revocation/receipt.ts";
import type { LargeTarget } from "../revocation/target.ts";
import type { SessionQuery } from "../sessions/session-query.ts";
import { sessionKey } from "../sessions/session-row.ts";
import { change, write } from "../store/change.ts";
import { aPolicy, TENANT } from "../testing/builders.ts";
import { goneAfter } from "../testing/stores.ts";
import { aWorld, type Deps, opened, type World } from "../testing/world.ts";
import { previewPolicy } from "./apply-policy.ts";
import { beginErasure, eraseSubject, firstErasurePlace } from "./erase-subject.ts";
import { exportSubject } from "./export-subject.ts";
import { previewRevocation } from "./preview-revocation.ts";
import { readAffected, readUnreadable } from "./read-affected.ts";
import { readRevocation } from "./read-revocation.ts";
import { revokeMany } from "./revoke-many.ts";
import { searchSessions } from "./search-sessions.ts";
import { settleRevocation } from "./settle-revocation.ts";

const PHONE = { name: "phone", userAgent: "Curl/8", ip: "203.0.113.7", region: "eu" };
const OF_EU: SessionQuery = { region: "eu" };

const subject = (n: number): SubjectId => `u-${n}` as SubjectId;

async function begun(deps: Deps, target: LargeTarget): Promise<string> {
  const answer = await revokeMany(deps, { target, reason: null, ticket: null, actor: "ops" });
  if (!answer.ok) throw new Error(answer.code);
  return answer.value.id;
}

function byQuery(deps: Deps, query: SessionQuery): Promise<string> {
  return begun(deps, { kind: "query", query });
}

async function settled(deps: Deps, id: string): Promise<Revocation> {
  for (let step = await settleRevocation(deps, id, null); step.kind === "running"; )
    step = await settleRevocation(deps, id, step.place);
  const read = await readRevocation(deps.store, TENANT, id);
  assert.ok(read.ok);
  return read.value;
}

async function affectedBy(deps: Deps, revocation: string): Promise<readonly SessionId[]> {
  const found: SessionId[] = [];
  for (let after: SessionId | null = null; ; ) {
    const page = await readAffected(deps.store, TENANT, { revocation, after, limit: 2 });
    assert.ok(page.ok);
    found.push(...page.value.sessions.map(({ id }) => id));
    after = page.value.next;
    if (after === null) return found;
  }
}

async function spoiled(world: World, session: SessionId): Promise<void> {
  const key = sessionKey({ tenant: TENANT, id: session });
  await change(world.store, world.dice, [key], (snapshot) =>
    write({
      rows: [
        {
          key,
          expect: snapshot.get(key)?.version ?? "absent",
          next: { value: "[99]", expires: instantOf(world.now() + 1e9) },
        },
      ],
      answer: () => null,
    }),
  );
}

describe("a row that can't be read", () => {
  async function aTown(): Promise<{ readonly world: World; readonly ids: readonly SessionId[] }> {
    const world = await aWorld(createMemoryStore);
    const ids: SessionId[] = [];
    for (let n = 0; n < 20; n += 1) {
      ids.push((await opened(world, { subject: subject(n), device: PHONE })).session.id);
      world.wait(1);
    }
    return { world, ids };
  }

  async function unreadableOf(world: World, revocation: string): Promise<readonly SessionId[]> {
    const found: SessionId[] = [];
    for (let after: SessionId | null = null; ; ) {
      const page = await readUnreadable(world.store, TENANT, { revocation, after, limit: 2 });
      assert.ok(page.ok);
      found.push(...page.value.sessions);
      after = page.value.next;
      if (after === null) return found;
    }
  }

  it("leaves a run incomplete, is counted and listed, and keeps nobody else from ending [RCP-11]", async () => {
    const { world, ids } = await aTown();
    const spoilt = [3, 4, 17].flatMap((index) => ids[index] ?? []);
    for (const id of spoilt) await spoiled(world, id);
    const id = await byQuery(world, OF_EU);
    let died = 0;
    for (let commits = 0; ; commits += 1) {
      // Each life is cut off after some commits: what it had counted is not counted again.
      const node = world.node(goneAfter(world.store, commits));
      if (
        await settled(node, id).then(
          () => true,
          () => false,
        )
      )
        break;
      died += 1;
    }
    assert.ok(died >= 2);
    const revocation = await settled(world, id);
    assert.deepEqual(
      [statusOf(revocation), revocation.run?.unreadable, revocation.endedSessions],
      ["incomplete", 3, 17],
    );
    assert.deepEqual(await unreadableOf(world, id), spoilt);
    assert.equal((await affectedBy(world, id)).length, 17);
    const told = (await world.facts()).find(({ kind }) => kind === "revocation_completed");
    assert.deepEqual(JSON.parse(told?.body ?? ""), { revocation: id, sessions: 17, unreadable: 3 });
  });

  it("is told of a tenant's run as well, whose cut-off has taken it whatever it says [RCP-11]", async () => {
    const { world, ids } = await aTown();
    const spoilt = ids.slice(5, 6);
    for (const id of spoilt) await spoiled(world, id);
    const id = await begun(world, { kind: "tenant" });
    const revocation = await settled(world, id);
    assert.deepEqual([statusOf(revocation), revocation.run?.unreadable], ["complete", 1]);
    assert.deepEqual(await unreadableOf(world, id), spoilt);
  });

  it("stops no look, no search, no erasure, no export and no policy, and each of them tells of it [RCP-13] [SUB-5] [POL-10]", async () => {
    const { world, ids } = await aTown();
    for (const id of [ids[3], ids[4]]) if (id !== undefined) await spoiled(world, id);
    const scan = { ...world, pause: async () => {} };
    const target = { kind: "query", query: OF_EU } as const;
    const look = await previewRevocation(scan, { targets: [target], after: null, limit: 1 });
    assert.ok(look.ok);
    assert.deepEqual([look.value.counts?.sessions, look.value.unreadable], [18, 2]);
    const all = { query: OF_EU, state: undefined, after: null, limit: 100 };
    const found = await searchSessions(scan, TENANT, all);
    assert.deepEqual([found.sessions.length, found.unreadable, found.next], [18, 2, null]);
    const policy = aPolicy({ version: 2, requiredAcr: ["gold"] });
    const effect = await previewPolicy(world, policy, { after: null, limit: 100 });
    assert.deepEqual([effect.ended, effect.unreadable, effect.next], [18, 2, null]);
    const exported = await exportSubject(world, { subject: subject(1), place: null, limit: 100, actor: null });
    assert.deepEqual([exported.records.length, exported.unreadable], [2, 2]);
    const ask = { subject: subject(1), reason: null, ticket: null, actor: null };
    const place = firstErasurePlace(await beginErasure(world, ask));
    const erased = await eraseSubject(world, { subject: subject(1), place, limit: 100, actor: null });
    assert.deepEqual([erased.sessions, erased.unreadable], [1, 2]);
  });

  it("is none where all could be read, and of no revocation that is not there [RCP-11]", async () => {
    const { world } = await aTown();
    const id = await byQuery(world, OF_EU);
    assert.equal((await settled(world, id)).run?.unreadable, undefined);
    assert.deepEqual(await unreadableOf(world, id), []);
    const nowhere = { revocation: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10", after: null, limit: 1 };
    assert.deepEqual(await readUnreadable(world.store, TENANT, nowhere), { ok: false, code: "revocation_not_found" });
  });
});
