// Finding revocations among many, page by page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { uuidv7 } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import type { Instant } from "../kernel/time.ts";
import { notBegun } from "../revocation/large-run.ts";
import { noticeDraft } from "../revocation/notice-draft.ts";
import { revocationKey, revocationToRow } from "../revocation/revocation-row.ts";
import type { AnyTarget } from "../revocation/target.ts";
import type { Change } from "../store/store.ts";
import { at, START, TENANT } from "../testing/builders.ts";
import { aWorld, type World } from "../testing/world.ts";
import { listRevocations, runningRevocations } from "./list-revocations.ts";

const idOf = (ms: number): string => uuidv7(at(ms), new Uint8Array(10).fill(7));

/** One for each millisecond; the named ones have a run that is under way, and a ticket. */
async function aStoreOf(count: number, running: readonly number[]): Promise<World> {
  const world = await aWorld(createMemoryStore);
  const target: AnyTarget = { kind: "tenant" };
  const changes = Array.from({ length: count }, (_, ms): Change => {
    const asked = {
      targets: [target],
      reason: 'not "status":"running"',
      ticket: running.includes(ms) ? "SEC-1" : null,
      actor: null,
      endedSessions: 0,
      run: { ...notBegun(START), status: running.includes(ms) ? ("running" as const) : ("complete" as const) },
      tokensExpireBy: START,
    };
    const next = revocationToRow(asked, at(1e9));
    const rows = [{ key: revocationKey(TENANT, idOf(ms)), expect: "absent" as const, next, raise: true as const }];
    const notices = [noticeDraft(TENANT, { kind: "tenant" }, world.issuer, world.dice)];
    return { attempt: `${ms}`.padStart(11, "A"), rows, notices, facts: [] };
  });
  await world.store.commit(changes);
  return world;
}

const all = { ticket: null, status: null, since: null, after: null, limit: 1000 } as const;
type Asked = Partial<Parameters<typeof listRevocations>[2]>;

async function found(world: World, asked: Asked): Promise<readonly [string[], string | null]> {
  const { revocations, next } = await listRevocations(world.store, TENANT, { ...all, ...asked });
  return [revocations.map(({ id }) => id), next];
}

test("revocations beyond a page are found, and the page says where to go on [RCP-15]", async () => {
  const world = await aStoreOf(401, [5, 300]);
  const ids = Array.from({ length: 401 }, (_, ms) => idOf(ms));
  assert.deepEqual(await found(world, {}), [ids, null]);
  assert.deepEqual(await found(world, { limit: 250 }), [ids.slice(0, 250), idOf(249)]);
  assert.deepEqual(await found(world, { limit: 250, after: idOf(249) }), [ids.slice(250), null]);
  assert.deepEqual(await found(world, { ticket: "SEC-1" }), [[idOf(5), idOf(300)], null]);
  assert.deepEqual(await found(world, { ticket: "SEC-1", limit: 1 }), [[idOf(5)], idOf(5)]);
  assert.deepEqual(await found(world, { status: "running", since: at(6) }), [[idOf(300)], null]);
});

test("a call looks at so many rows and no more, and says how far it came though it found nothing [RCP-15]", async () => {
  const world = await aStoreOf(2001, [2000]);
  assert.deepEqual(await found(world, { ticket: "SEC-1" }), [[], idOf(1999)]);
  assert.deepEqual(await found(world, { ticket: "SEC-1", after: idOf(1999) }), [[idOf(2000)], null]);
  assert.deepEqual(
    (await runningRevocations(world.store, TENANT)).map(({ id }) => id),
    [idOf(2000)],
  );
});

test("of those whose run goes on only rows are read that say so, from the time that is named [RCP-11]", async () => {
  const world = await aStoreOf(10, [2, 7]);
  const running = async (since: Instant | null): Promise<readonly string[]> =>
    (await runningRevocations(world.store, TENANT, since)).map(({ id }) => id);
  assert.deepEqual(await running(null), [idOf(2), idOf(7)]);
  assert.deepEqual(await running(at(3)), [idOf(7)]);
  assert.deepEqual(await running(at(8)), []);
});
