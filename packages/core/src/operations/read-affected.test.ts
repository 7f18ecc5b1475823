// Whom a revocation hit, over many rows and pages.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { SessionId, SubjectId } from "../kernel/ids.ts";
import { type AffectedList, affectedRows } from "../revocation/affected-row.ts";
import { sessionKey } from "../sessions/session-row.ts";
import { at, TENANT } from "../testing/builders.ts";
import { aWorld, opened, revoked, theSession, type World } from "../testing/world.ts";
import { readAffected, readUnreadable } from "./read-affected.ts";
import { revokeMany } from "./revoke-many.ts";

const idOf = (n: number): SessionId => `019a9c3e-0000-7000-8000-${`${n}`.padStart(12, "0")}` as SessionId;
const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

async function begun(world: World): Promise<string> {
  const answer = await revokeMany(world, { target: { kind: "tenant" }, reason: null, ticket: null, actor: null });
  assert.ok(answer.ok);
  return answer.value.id;
}

/** In rows of three. */
async function listed(world: World, revocation: string, of: AffectedList, ids: readonly number[]): Promise<void> {
  for (let first = 0; first < ids.length; first += 3) {
    const rows = affectedRows(TENANT, { revocation, of }, ids.slice(first, first + 3).map(idOf), at(1e9));
    await world.store.commit([{ attempt: `${of}${first}`, rows, notices: [], facts: [] }]);
  }
}

type Read = typeof readAffected | typeof readUnreadable;

async function pages(
  world: World,
  read: Read,
  revocation: string,
  limit: number,
): Promise<readonly (readonly string[])[]> {
  const found: (readonly string[])[] = [];
  for (let after: SessionId | null = null; ; ) {
    const page: Awaited<ReturnType<Read>> = await read(world.store, TENANT, { revocation, after, limit });
    assert.ok(page.ok);
    found.push(page.value.sessions.map((one) => (typeof one === "string" ? one : one.id)));
    after = page.value.next;
    if (after === null) return found;
  }
}

test("whom a run ended is listed in order, a page at a time, whichever of its rows name them [RCP-15]", async () => {
  const world = await aWorld(createMemoryStore);
  const [id, next] = [await begun(world), await begun(world)];
  await listed(world, id, "ended", numbers(0, 100));
  await listed(world, id, "besides", [100, 101]);
  await listed(world, id, "unreadable", numbers(200, 204));
  await listed(world, next, "ended", [300]);
  const all = numbers(0, 102).map(idOf);
  assert.deepEqual(await pages(world, readAffected, id, 200), [all]);
  assert.deepEqual(await pages(world, readAffected, id, 102), [all]);
  assert.deepEqual(await pages(world, readAffected, id, 40), [all.slice(0, 40), all.slice(40, 80), all.slice(80)]);
  assert.deepEqual(await pages(world, readUnreadable, id, 10), [numbers(200, 204).map(idOf)]);
  assert.deepEqual(await pages(world, readUnreadable, id, 4), [numbers(200, 204).map(idOf)]);
  assert.deepEqual(await pages(world, readUnreadable, id, 3), [numbers(200, 203).map(idOf), [idOf(203)]]);
  assert.deepEqual(await pages(world, readAffected, next, 1), [[idOf(300)]]);
});

test("exactly sixteen rows of a list are all of it [RCP-15]", async () => {
  const world = await aWorld(createMemoryStore);
  const id = await begun(world);
  await listed(world, id, "ended", numbers(0, 48));
  assert.deepEqual(await pages(world, readAffected, id, 100), [numbers(0, 48).map(idOf)]);
});

test("whom a small revocation ended stands in its own row, with the sessions that are still there [RCP-15]", async () => {
  const world = await aWorld(createMemoryStore);
  const one = await opened(world, { subject: "u-1" as SubjectId });
  world.wait(1);
  const two = await opened(world, { subject: "u-2" as SubjectId });
  const { id } = await revoked(world, theSession(two.session.id), theSession(one.session.id));
  const rows = [{ key: sessionKey(one.session), expect: 2, next: "gone" as const }];
  await world.store.commit([{ attempt: "gone", rows, notices: [], facts: [] }]);
  const page = await readAffected(world.store, TENANT, { revocation: id, after: null, limit: 10 });
  assert.ok(page.ok);
  assert.deepEqual(
    page.value.sessions.map((each) => [each.id, each.session?.state.kind]),
    [
      [one.session.id, undefined],
      [two.session.id, "ended"],
    ],
  );
  assert.deepEqual(await pages(world, readAffected, id, 1), [[one.session.id], [two.session.id]]);
});

test("of a revocation that is not there nobody is listed [RCP-15]", async () => {
  const world = await aWorld(createMemoryStore);
  const request = { revocation: "nothing", after: null, limit: 1 };
  const not = { ok: false, code: "revocation_not_found" };
  assert.deepEqual(await readAffected(world.store, TENANT, request), not);
  assert.deepEqual(await readUnreadable(world.store, TENANT, request), not);
});
