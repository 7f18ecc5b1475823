// Finding sessions: those of one subject newest first, all others by looking, oldest first.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { SessionId, SubjectId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import { sessionKey } from "../sessions/session-row.ts";
import { aPolicy, TENANT } from "../testing/builders.ts";
import { aWorld, opened, revoked, theSession, type World } from "../testing/world.ts";
import { scanSessions } from "./scan-sessions.ts";
import { type SearchSessions, searchSessions } from "./search-sessions.ts";

const ADA = "ada" as SubjectId;
const EVERYONE = { means: () => true, wants: () => true, first: undefined, isBeyond: () => false };

/** Sessions one millisecond apart, of Ada and of one other each in turn. */
async function aTown(count: number) {
  const world = await aWorld(createMemoryStore, { policy: aPolicy({ maxSessions: 100 }) });
  const ids: SessionId[] = [];
  for (let n = 0; n < count; n += 1) {
    const subject = n % 2 === 0 ? ADA : (`u-${n}` as SubjectId);
    ids.push((await opened(world, { subject, acr: n < 2 ? "gold" : null })).session.id);
    world.wait(1);
  }
  return { world, ids };
}

function search(world: World, asked: Partial<SearchSessions>) {
  const request = { query: {}, state: undefined, after: null, limit: 10, ...asked };
  return searchSessions({ ...world, pause: async () => {} }, TENANT, request);
}

async function found(world: World, asked: Partial<SearchSessions>): Promise<readonly unknown[]> {
  const { sessions, scanned, next } = await search(world, asked);
  return [sessions.map(({ session }) => session.id), scanned, next];
}

describe("a search", () => {
  it("of a subject tells its sessions newest first, a page at a time, alive or over or both", async () => {
    const { world, ids } = await aTown(6);
    const [one, , two, , three] = ids;
    assert.ok(one !== undefined && two !== undefined && three !== undefined);
    const query = { subject: ADA };
    assert.deepEqual(await found(world, { query }), [[three, two, one], 3, null]);
    assert.deepEqual(await found(world, { query, limit: 2 }), [[three, two], 3, two]);
    assert.deepEqual(await found(world, { query, limit: 1 }), [[three], 3, three]);
    assert.deepEqual(await found(world, { query, limit: 2, after: two }), [[one], 1, null]);
    assert.deepEqual(await found(world, { query: { ...query, acr: "gold" } }), [[one], 3, null]);
    await revoked(world, theSession(two));
    assert.deepEqual((await search(world, { query, state: "active" })).sessions.length, 2);
    const over = await search(world, { query, state: "ended" });
    assert.deepEqual(
      over.sessions.map(({ session, version, standing, asOf }) => [session.id, version, standing.kind, asOf]),
      [[two, 2, "ended", world.now()]],
    );
    const rows = [{ key: sessionKey({ tenant: TENANT, id: one }), expect: 1, next: "gone" as const }];
    await world.store.commit([{ attempt: "gone", rows, notices: [], facts: [] }]);
    assert.deepEqual(await found(world, { query }), [[three, two], 2, null]);
  });

  it("of all others tells them oldest first, within the times that are asked for", async () => {
    const { world, ids } = await aTown(6);
    assert.deepEqual(await found(world, {}), [ids, 6, null]);
    assert.deepEqual(await found(world, { limit: 4 }), [ids.slice(0, 4), 6, ids[3]]);
    assert.deepEqual(await found(world, { limit: 4, after: ids[3] ?? null }), [ids.slice(4), 2, null]);
    const span = { from: afterMs(world.now(), -5), before: afterMs(world.now(), -2) };
    assert.deepEqual(await found(world, { query: { opened: span } }), [ids.slice(1, 4), 3, null]);
    await revoked(world, theSession(ids[2] ?? assert.fail()));
    assert.deepEqual(
      (await search(world, { state: "ended" })).sessions.map(({ session }) => session.id),
      [ids[2]],
    );
  });
});

describe("a scan", () => {
  it("looks at so many rows and no more, in pages between which others have their turn, and says how far it came", async () => {
    const { world, ids } = await aTown(150);
    let pauses = 0;
    const deps = { ...world, pause: async () => void (pauses += 1) };
    const scan = (after: SessionId | null, limit: number, mostRows: number) =>
      scanSessions(deps, TENANT, EVERYONE, { after, limit, mostRows });
    const all = await scan(null, 1000, 1000);
    assert.deepEqual([all.sessions.length, all.scanned, all.next, pauses], [150, 150, null, 1]);
    const some = await scan(null, 1000, 140);
    assert.deepEqual([some.sessions.length, some.scanned, some.next], [140, 140, ids[139]]);
    const rest = await scan(ids[139] ?? null, 1000, 140);
    assert.deepEqual([rest.sessions.length, rest.scanned, rest.next], [10, 10, null]);
    const most = await scan(null, 130, 1000);
    assert.deepEqual([most.sessions.length, most.next], [130, ids[129]]);
    assert.equal((await scan(null, 150, 1000)).next, null);
    const few = await scan(null, 3, 1000);
    assert.deepEqual([few.sessions.length, few.scanned, few.next], [3, 128, ids[2]]);
    const full = await scan(null, 128, 1000);
    assert.deepEqual([full.sessions.length, full.scanned, full.next], [128, 128, ids[127]]);
    const nobody = { ...EVERYONE, wants: () => false };
    const none = await scanSessions(deps, TENANT, nobody, { after: null, limit: 3, mostRows: 128 });
    assert.deepEqual([none.sessions, none.scanned, none.next], [[], 128, ids[127]]);
  });

  it("tells each row that it can't read once, in the page that reaches it", async () => {
    const { world, ids } = await aTown(4);
    const spoilt = { key: sessionKey({ tenant: TENANT, id: ids[1] ?? assert.fail() }), expect: 1 };
    const rows = [{ ...spoilt, next: { value: "[99]", expires: afterMs(world.now(), 1e9) } }];
    await world.store.commit([{ attempt: "spoilt", rows, notices: [], facts: [] }]);
    for (const [limit, expected] of [
      [1, [0, 1, 0]],
      [2, [1, 0]],
      [3, [1]],
    ] as const) {
      const told: number[] = [];
      for (let after: SessionId | null = null, isOver = false; !isOver; ) {
        const request = { after, limit, mostRows: 1000 };
        const page = await scanSessions({ ...world, pause: async () => {} }, TENANT, EVERYONE, request);
        told.push(page.unreadable);
        after = page.next;
        isOver = after === null;
      }
      assert.deepEqual(told, expected, `${limit} a page`);
    }
  });
});
