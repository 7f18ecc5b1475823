// What happens to sessions when the store's clock goes back.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { SessionId, SubjectId, TenantId } from "../kernel/ids.ts";
import { afterMs } from "../kernel/time.ts";
import { sessionFromRow, sessionKey, sessionToRow } from "../sessions/session-row.ts";
import { KEPT_AFTER_END } from "../sessions/standing.ts";
import type { Store } from "../store/store.ts";
import { TENANT } from "../testing/builders.ts";
import { aWorld, nextOf, opened, refreshed, refreshTextOf, type World } from "../testing/world.ts";
import { readSession } from "./read-session.ts";
import { sweepPassed } from "./sweep-passed.ts";

const OTHER = "other" as TenantId;
const THIRD = "third" as TenantId;

async function ends(world: World): Promise<readonly unknown[]> {
  return (await world.facts())
    .filter(({ kind }) => kind === "session_ended")
    .map(({ session, body }) => {
      const { reason, at_ms: at } = JSON.parse(body) as { readonly reason: string; readonly at_ms: number };
      return [session, reason, at];
    });
}

async function standing(world: World, id: SessionId): Promise<string> {
  const seen = await readSession(world.store, TENANT, id);
  if (!seen.ok) return seen.code;
  return seen.value.standing.kind === "active" ? "active" : seen.value.standing.reason;
}

describe("a clock that was set back", () => {
  const HOUR = 3_600_000;

  it("brings nothing to life again once what was over is written down, with the end that it had [S-07] [NODE-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const token = refreshTextOf(one);
    const idle = afterMs(world.now(), 100_000);
    world.setNow(idle);
    world.wait(3000);
    const reached = world.now();
    world.setNow(afterMs(reached, -HOUR));
    assert.equal(await standing(world, one.session.id), "active", "by the clock alone it lives");
    assert.equal(await sweepPassed({ ...world, tenant: TENANT }, reached), 1);
    assert.equal(await standing(world, one.session.id), "idle");
    assert.notEqual((await refreshed(world, token)).kind, "granted");
    assert.deepEqual(await ends(world), [[one.session.id, "idle", idle]]);
  });

  it("ends nothing that was not over at that instant, and nothing that was opened since: each node asks once [S-07] [NODE-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const lives = await opened(world);
    const reached = afterMs(world.now(), 99_999);
    world.setNow(afterMs(reached, -HOUR));
    assert.equal(await sweepPassed({ ...world, tenant: TENANT }, reached), 0);
    assert.equal(await standing(world, lives.session.id), "active");
    const since = await opened(world, { subject: "u-82" as SubjectId });
    assert.equal(await sweepPassed({ ...world, tenant: TENANT }, reached), 0, "the second node to see it");
    assert.equal(await sweepPassed({ ...world, tenant: TENANT }, afterMs(reached, -5)), 0, "one that had seen less");
    assert.equal(await standing(world, since.session.id), "active");
  });

  it("is noted by the later of two instants that are seen at once, whichever is written first [S-07] [NODE-11]", async () => {
    for (const order of [
      [200_000, 50_000],
      [50_000, 200_000],
    ]) {
      const world = await aWorld(createMemoryStore);
      const start = world.now();
      const seen = order.map((ms) => sweepPassed({ ...world, tenant: TENANT }, afterMs(start, ms)));
      assert.deepEqual(await Promise.all(seen), [0, 0]);
      const since = await opened(world);
      assert.equal(await sweepPassed({ ...world, tenant: TENANT }, afterMs(start, 200_000)), 0);
      assert.equal(await standing(world, since.session.id), "active");
    }
  });

  it("ends nothing that was opened since at one tenant when another tenant sees it later [S-07] [NODE-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const before = await opened(world);
    world.wait(103_000);
    const reached = world.now();
    world.setNow(afterMs(reached, -HOUR));
    assert.equal(await sweepPassed({ ...world, tenant: OTHER }, reached), 1);
    assert.equal(await standing(world, before.session.id), "idle");
    const since = await opened(world, { subject: "u-82" as SubjectId });
    assert.equal(
      await sweepPassed({ ...world, tenant: TENANT }, reached),
      0,
      "whose sessions were settled with the other's",
    );
    assert.equal(await sweepPassed({ ...world, tenant: THIRD }, reached), 0, "that had none");
    assert.equal(await standing(world, since.session.id), "active");
  });

  it("is settled for a session that somebody wrote in between, too [S-07] [NODE-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    world.wait(103_000);
    const reached = world.now();
    world.setNow(afterMs(reached, -HOUR));
    const key = sessionKey({ tenant: TENANT, id: one.session.id });
    let races = 1;
    const commit: Store["commit"] = async (changes) => {
      if (races > 0) {
        races -= 1;
        const row = (await world.store.read([key])).get(key);
        assert.ok(row);
        const next = sessionToRow(sessionFromRow(row), KEPT_AFTER_END);
        const rows = [{ key, expect: row.version, next }];
        await world.store.commit([{ attempt: "AAAAAAAAAAC", rows, notices: [], facts: [] }]);
      }
      return world.store.commit(changes);
    };
    assert.equal(await sweepPassed({ ...world, store: { ...world.store, commit }, tenant: TENANT }, reached), 1);
    assert.equal(await standing(world, one.session.id), "idle");
  });

  it("is settled for as many sessions as there are, and leaves those that were used since [S-07] [NODE-11]", async () => {
    const world = await aWorld(createMemoryStore);
    for (let one = 0; one < 450; one += 1) await opened(world, { subject: `u-${one}` as SubjectId });
    const used = await opened(world, { subject: "used" as SubjectId });
    world.wait(60_000);
    await nextOf(world, refreshTextOf(used));
    world.wait(60_000);
    const reached = world.now();
    world.setNow(afterMs(reached, -HOUR));
    assert.equal(await sweepPassed({ ...world, tenant: TENANT }, reached), 450);
    assert.equal(await standing(world, used.session.id), "active");
  });

  it("is not kept from answering by a row that nobody can read [S-07] [NODE-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const other = await opened(world, { subject: "u-82" as SubjectId });
    const key = sessionKey({ tenant: TENANT, id: one.session.id });
    const row = (await world.store.read([key])).get(key);
    assert.ok(row);
    const next = { value: "{", expires: row.expires };
    const rows = [{ key, expect: row.version, next }];
    await world.store.commit([{ attempt: "AAAAAAAAAAC", rows, notices: [], facts: [] }]);
    world.wait(103_000);
    const reached = world.now();
    world.setNow(afterMs(reached, -HOUR));
    assert.equal(await sweepPassed({ ...world, tenant: TENANT }, reached), 1);
    assert.equal(await standing(world, other.session.id), "idle");
  });

  it("is settled behind rows that nobody can read, 32 at a time, however many there are [S-07] [NODE-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const one = await opened(world);
    const unreadable = Array.from({ length: 200 }, (_, n) => {
      const key = sessionKey({ tenant: TENANT, id: `unreadable-${n}` as SessionId });
      const rows = [{ key, expect: "absent", next: { value: "{", expires: world.now() } } as const];
      return { attempt: "AAAAAAAAAAC", rows, notices: [], facts: [] };
    });
    await world.store.commit(unreadable);
    world.wait(103_000);
    const reached = world.now();
    world.setNow(afterMs(reached, -HOUR));
    const most: number[] = [];
    const read: Store["read"] = (keys) => {
      most.push(keys.filter(({ kind }) => kind === "session").length);
      return world.store.read(keys);
    };
    assert.equal(await sweepPassed({ ...world, store: { ...world.store, read }, tenant: TENANT }, reached), 1);
    assert.equal(Math.max(...most), 32);
    assert.equal(await standing(world, one.session.id), "idle");
  });

  it("is noted once for an instant, again for a later one, and read by nobody who does not know the note [S-07] [NODE-11]", async () => {
    const world = await aWorld(createMemoryStore);
    const key = { tenant: TENANT, kind: "lease", id: "clock" } as const;
    const noted = async () => (await world.store.read([key])).get(key);
    const first = world.now();
    const later = afterMs(first, 5000);
    for (const reached of [first, first, later, first]) await sweepPassed({ ...world, tenant: TENANT }, reached);
    const row = await noted();
    assert.deepEqual([row?.value, row?.version], [JSON.stringify({ layout: 1, reached: later }), 2]);
    const next = { value: JSON.stringify({ layout: 2, reached: first }), expires: null };
    await world.store.commit([{ attempt: "AAAAAAAAAAC", rows: [{ key, expect: 2, next }], notices: [], facts: [] }]);
    await assert.rejects(sweepPassed({ ...world, tenant: TENANT }, later), /layout/);
    assert.equal((await noted())?.version, 3);
  });
});
