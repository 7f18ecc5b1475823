import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { Fault } from "../kernel/fault.ts";
import { afterMs } from "../kernel/time.ts";
import { fencedStore } from "../leadership/fenced-store.ts";
import { change, write } from "../store/change.ts";
import type { RowKey, Store } from "../store/store.ts";
import { START, TENANT } from "../testing/builders.ts";
import { counting, inTurns } from "../testing/stores.ts";
import { aWorld, type World } from "../testing/world.ts";
import { type Candidate, LEADS_FOR, lead, readLeader, stopLeading } from "./lead.ts";

const A: Candidate = { node: "AAAA", name: "a" };
const B: Candidate = { node: "BBBB", name: "b" };
const DONE: RowKey = { tenant: TENANT, kind: "lease", id: "done" };
const isDeposed = (error: unknown): boolean => error instanceof Fault && error.code === "deposed";

const aNode = (): Promise<World> => aWorld(createMemoryStore);

async function leaderAfter(world: World, candidate: Candidate): Promise<readonly [name: string, term: number]> {
  const { leader } = await lead(world, candidate);
  return [leader.name, leader.term];
}

/** What a task does: it counts one more. */
async function work(world: World, store: Store): Promise<number> {
  return change(store, world.dice, [DONE], (snapshot) => {
    const row = snapshot.get(DONE);
    const next = Number(row?.value ?? 0) + 1;
    return write({
      rows: [{ key: DONE, expect: row?.version ?? "absent", next: { value: String(next), expires: null } }],
      answer: () => next,
    });
  });
}

const doneIn = async ({ store }: World): Promise<string | undefined> => (await store.read([DONE])).get(DONE)?.value;

describe("of several nodes", () => {
  it("the first one leads, and the others learn who it is and until when [NODE-1]", async () => {
    const world = await aNode();
    assert.equal(await readLeader(world.store, TENANT), undefined);
    assert.deepEqual(await leaderAfter(world, A), ["a", 1]);
    assert.deepEqual(await leaderAfter(world, B), ["a", 1]);
    const known = await readLeader(world.store, TENANT);
    assert.deepEqual([known?.leader.since, known?.until], [START, START + LEADS_FOR]);
  });

  it("a leader that is silent leads until its time is over, and another from then on, with the next term [NODE-1]", async () => {
    for (const [waits, expected] of [
      [LEADS_FOR - 1, ["a", 1]],
      [LEADS_FOR, ["b", 2]],
      [LEADS_FOR + 1, ["b", 2]],
    ] as const) {
      const world = await aNode();
      await lead(world, A);
      world.wait(waits);
      assert.deepEqual(await leaderAfter(world, B), expected);
    }
  });

  it("a leader that is heard of goes on in its term, also when it was late and nobody was faster [NODE-1]", async () => {
    const world = await aNode();
    await lead(world, A);
    world.wait(LEADS_FOR - 1);
    assert.deepEqual(await leaderAfter(world, A), ["a", 1]);
    world.wait(LEADS_FOR - 1);
    assert.deepEqual(await leaderAfter(world, B), ["a", 1]);
    world.wait(LEADS_FOR * 3);
    assert.deepEqual(await leaderAfter(world, A), ["a", 1]);
  });

  it("one that was followed does not lead when it comes back, and its goodbye takes nothing from the other [NODE-1]", async () => {
    const world = await aNode();
    await lead(world, A);
    world.wait(LEADS_FOR);
    await lead(world, B);
    assert.deepEqual(await leaderAfter(world, A), ["b", 2]);
    await stopLeading(world, A.node);
    assert.deepEqual(await leaderAfter(world, A), ["b", 2]);
  });

  it("one that stops lets another lead at once [NODE-1]", async () => {
    const world = await aNode();
    await lead(world, A);
    await stopLeading(world, A.node);
    assert.deepEqual(await leaderAfter(world, B), ["b", 2]);
    const kinds = (await world.facts()).filter(({ kind }) => kind === "leader_changed").map(({ body }) => body);
    assert.deepEqual(kinds, ['{"name":"a","term":1}', '{"name":"b","term":2}']);
  });

  it("an end that was set before the store's clock was set back binds nobody [NODE-1]", async () => {
    const world = await aNode();
    world.wait(3_600_000);
    await lead(world, A);
    world.setNow(START);
    assert.deepEqual(await leaderAfter(world, B), ["b", 2]);
  });

  it("sixty-four that ask at once have one leader in one term [NODE-1]", async () => {
    const world = await aNode();
    const all = Array.from({ length: 64 }, (_, n) => leaderAfter(world, { node: `N${n}`, name: `n${n}` }));
    const led = await Promise.all(all);
    assert.equal(new Set(led.map(([name]) => name)).size, 1);
    assert.deepEqual([...new Set(led.map(([, term]) => term))], [1]);
  });
});

describe("a leader's task", () => {
  it("writes while its node leads, however often the lease is renewed beside it [NODE-2]", async () => {
    const world = await aNode();
    const { version } = await lead(world, A);
    const fenced = fencedStore(world.store, TENANT, version);
    for (let n = 1; n <= 3; n += 1) {
      await lead(world, A);
      assert.equal(await work(world, fenced), n);
    }
  });

  it("that was paused between its read and its commit writes nothing once another node leads [NODE-2]", async () => {
    for (const isFenced of [true, false]) {
      const world = await aNode();
      const { version } = await lead(world, A);
      // The pause: while the old leader stands before its commit, its time ends and another takes over.
      let paused = false;
      const slow = inTurns(world.store, async (what) => {
        if (what !== "commit" || paused) return;
        paused = true;
        world.wait(LEADS_FOR);
        await lead(world, B);
      });
      const store = isFenced ? fencedStore(slow, TENANT, version) : slow;
      if (isFenced) await assert.rejects(work(world, store), isDeposed);
      else assert.equal(await work(world, store), 1, "the negative control: without the fence the change gets through");
      assert.equal(await doneIn(world), isFenced ? undefined : "1");
    }
  });

  it("of a term that is over reads nothing either, and so decides nothing [NODE-2]", async () => {
    const world = await aNode();
    const { version } = await lead(world, A);
    world.wait(LEADS_FOR);
    await lead(world, B);
    await assert.rejects(async () => fencedStore(world.store, TENANT, version).read([DONE]), isDeposed);
  });

  it("of a term that is over drops nothing: the store compares when it drops [NODE-2]", async () => {
    const world = await aNode();
    const { version } = await lead(world, A);
    const fenced = fencedStore(world.store, TENANT, version);
    const bounds = { horizon: START, factsBefore: afterMs(START, 1), limit: 10 };
    const told = (await world.facts()).length;
    world.wait(LEADS_FOR);
    await lead(world, B);
    await assert.rejects(async () => fenced.drop(bounds), isDeposed);
    assert.equal((await world.facts()).length, told + 1);
    const { version: its } = await lead(world, B);
    assert.deepEqual(await fencedStore(world.store, TENANT, its).drop(bounds), { more: false });
    assert.ok((await world.facts()).length < told + 1);
  });

  it("carries the condition in the very change that it protects [NODE-2]", async () => {
    const world = await aNode();
    const { version } = await lead(world, A);
    const { store, changes } = counting(world.store);
    await work(world, fencedStore(store, TENANT, version));
    const [one] = changes();
    const fence = one?.rows.find(({ key }) => key.id === "leader");
    assert.deepEqual([fence?.expect, fence?.next, one?.rows.length], [version, "same", 2]);
  });
});
