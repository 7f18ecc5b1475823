// What a look before a revocation says that it would end, and that the revocation then ends just that.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId, FamilyId, SessionId, SubjectId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import { type AnyTarget, isLarge } from "../revocation/target.ts";
import { sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { aFamily, aPolicy, TENANT, WEB } from "../testing/builders.ts";
import { aWorld, BACKEND, opened, revoked, theSession, type World } from "../testing/world.ts";
import { type Preview, previewRevocation } from "./preview-revocation.ts";

const ADA = "ada" as SubjectId;
const BOB = "bob" as SubjectId;
const NO_SESSION = "019a9c3e-0000-7000-8000-000000000009" as SessionId;
const OTHER_FAMILY = "BBBBBB" as FamilyId;

/** Ada: two sessions of the web client, the second below the first, and one of the backend; Bob: one that lives, and one that is over. */
async function aTown() {
  const world = await aWorld(createMemoryStore, { policy: aPolicy({ maxSessions: 9 }) });
  const ids: SessionId[] = [];
  const open = async (changes: Parameters<typeof opened>[1]): Promise<SessionId> => {
    const { session } = await opened(world, changes);
    ids.push(session.id);
    world.wait(1);
    return session.id;
  };
  const parent = await open({ subject: ADA });
  const child = await open({ subject: ADA, parent });
  const service = await open({ subject: ADA, client: BACKEND });
  const bobs = await open({ subject: BOB });
  const over = await open({ subject: BOB });
  await revoked(world, theSession(over));
  return { world, parent, child, service, bobs, over };
}

async function look(world: World, targets: readonly AnyTarget[], page = {}): Promise<Preview> {
  const answer = await previewRevocation(
    { ...world, pause: async () => {} },
    { targets, after: null, limit: 10, ...page },
  );
  assert.ok(answer.ok, answer.ok ? "" : answer.code);
  return answer.value;
}

const idsOf = ({ affected }: Preview): readonly SessionId[] => affected.map(({ session }) => session.id);

async function familyOf(world: World, id: SessionId): Promise<FamilyId> {
  const { affected } = await look(world, [theSession(id)]);
  return affected.find(({ session }) => session.id === id)?.session.families[0]?.id ?? assert.fail();
}

describe("a look before a revocation", () => {
  it("of a session counts it and what hangs below it, of a family the session that loses it, of a subject all that lives [RCP-13]", async () => {
    const { world, parent, child, service, bobs } = await aTown();
    const { head } = await world.store.read([]);
    const seen = await look(world, [theSession(parent)]);
    assert.deepEqual(idsOf(seen), [child, parent]);
    assert.deepEqual([seen.head, seen.asOf, seen.next, seen.unreadable], [head, world.now(), null, 0]);
    assert.deepEqual(seen.counts, { sessions: 2, subjects: 1, clients: 1 });
    assert.deepEqual(idsOf(await look(world, [theSession(child)])), [child]);
    const family = await familyOf(world, service);
    assert.deepEqual(idsOf(await look(world, [{ kind: "family", session: service, family }])), [service]);
    const ofAda = await look(world, [{ kind: "subject", subject: ADA }]);
    assert.deepEqual(idsOf(ofAda), [service, child, parent]);
    assert.deepEqual(ofAda.counts, { sessions: 3, subjects: 1, clients: 2 });
    assert.deepEqual(idsOf(await look(world, [{ kind: "subject", subject: BOB }])), [bobs]);
    const both = await look(world, [{ kind: "family", session: service, family }, theSession(bobs)]);
    assert.deepEqual(idsOf(both), [bobs, service]);
    assert.deepEqual(both.counts, { sessions: 2, subjects: 2, clients: 2 });
    // Another of Bob's is nobody's business here, whoever's sessions are looked at.
    await opened(world, { subject: BOB });
    const mixed = [
      { kind: "subject", subject: ADA },
      { kind: "token", jti: "j", expires: null },
    ] as const;
    assert.deepEqual(idsOf(await look(world, [...mixed, theSession(bobs)])), [bobs, service, child, parent]);
  });

  it("of a token, and of what is over, counts nobody [RCP-13]", async () => {
    const { world, over, service } = await aTown();
    const none = { sessions: 0, subjects: 0, clients: 0 };
    for (const target of [{ kind: "token", jti: "j", expires: null } as const, theSession(over)])
      assert.deepEqual((await look(world, [target])).counts, none);
    const family = await familyOf(world, service);
    const target = { kind: "family", session: service, family } as const;
    await revoked(world, target);
    assert.deepEqual((await look(world, [target])).counts, none);
  });

  it("of a client counts who has a living family of it that no cut-off took [RCP-13] [RCP-16]", async () => {
    const { world, parent, child, service, bobs } = await aTown();
    const target = { kind: "client", client: WEB } as const;
    const seen = await look(world, [target]);
    assert.deepEqual(idsOf(seen), [parent, child, bobs]);
    assert.deepEqual(seen.counts, { sessions: 3, subjects: 2, clients: 1 });
    assert.deepEqual(idsOf(await look(world, [{ kind: "client", client: BACKEND }, theSession(bobs)])), [
      service,
      bobs,
    ]);
    await revoked(world, target);
    assert.deepEqual(idsOf(await look(world, [target])), []);
    const later = await opened(world, { subject: BOB });
    assert.deepEqual(idsOf(await look(world, [target])), [later.session.id]);
    const key = sessionKey(later.session);
    const ended = aFamily({ ended: "revoked", born: later.session.born });
    const other = aFamily({ id: OTHER_FAMILY, client: "other" as ClientId });
    const write = async (
      expect: number,
      families: Parameters<typeof sessionToRow>[0]["families"],
    ): Promise<unknown> => {
      const rows = [{ key, expect, next: sessionToRow({ ...later.session, families }, 0) }];
      return world.store.commit([{ attempt: `${expect}`, rows, notices: [], facts: [] }]);
    };
    await write(1, [ended, other]);
    assert.deepEqual(idsOf(await look(world, [target])), []);
    await write(2, [other, ...later.session.families]);
    assert.deepEqual(idsOf(await look(world, [target])), [later.session.id]);
  });

  it("of a tenant, a time and a query counts as their runs would [RCP-13]", async () => {
    const { world, parent, child, service, bobs } = await aTown();
    assert.deepEqual(idsOf(await look(world, [{ kind: "tenant" }])), [parent, child, service, bobs]);
    const past = { kind: "before", time: afterMs(world.now(), -5001) } as const;
    assert.deepEqual(idsOf(await look(world, [past])), [parent, child, service, bobs]);
    const query = { opened: { from: afterMs(world.now(), -4), before: afterMs(world.now(), -2) } };
    assert.deepEqual(idsOf(await look(world, [{ kind: "query", query }])), [child, service]);
  });

  it("says whom it would hit a page at a time, and the numbers once [RCP-13]", async () => {
    const { world, parent, child, service, bobs } = await aTown();
    const targets: readonly AnyTarget[] = [{ kind: "subject", subject: ADA }, theSession(bobs)];
    const first = await look(world, targets, { limit: 3 });
    assert.deepEqual([idsOf(first), first.next, first.counts?.sessions], [[bobs, service, child], child, 4]);
    const second = await look(world, targets, { limit: 3, after: child });
    assert.deepEqual([idsOf(second), second.next, second.counts, second.unreadable], [[parent], null, null, null]);
    assert.equal((await look(world, targets, { limit: 4 })).next, null);
    const all = await look(world, [{ kind: "tenant" }], { limit: 3 });
    assert.deepEqual(
      [idsOf(all), all.next, all.counts],
      [[parent, child, service], service, { sessions: 4, subjects: 2, clients: 2 }],
    );
    const rest = await look(world, [{ kind: "tenant" }], { limit: 3, after: service });
    assert.deepEqual([idsOf(rest), rest.next, rest.counts, rest.unreadable], [[bobs], null, null, null]);
  });

  it("refuses what the revocation itself would refuse [RCP-13]", async () => {
    const { world, parent } = await aTown();
    const refusals: readonly (readonly [AnyTarget, string])[] = [
      [{ kind: "before", time: afterMs(world.now(), 1) }, "cut_off_in_future"],
      [{ kind: "client", client: "nobody" as ClientId }, "client_not_found"],
      [theSession(NO_SESSION), "session_not_found"],
      [{ kind: "family", session: NO_SESSION, family: OTHER_FAMILY }, "session_not_found"],
      [{ kind: "family", session: parent, family: OTHER_FAMILY }, "target_not_found"],
    ];
    for (const [target, code] of refusals) {
      const targets = isLarge(target) ? [target] : [theSession(parent), target];
      const request = { targets, after: null, limit: 10 };
      const answer = await previewRevocation({ ...world, pause: async () => {} }, request);
      assert.deepEqual(answer, { ok: false, code });
    }
    assert.deepEqual((await world.store.list({ tenant: TENANT, kind: "revocation", limit: 9 })).length, 1);
  });
});
