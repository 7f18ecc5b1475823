// What a node reads of what others have noted: who has acknowledged what, who is connected, and who is waited for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { FleetMember } from "../revocation/fleet.ts";
import { type NodeNote, noteKey, SILENT_AFTER } from "../revocation/node-note.ts";
import { START, TENANT } from "../testing/builders.ts";
import { counting } from "../testing/stores.ts";
import { aWorld, type World } from "../testing/world.ts";
import { noteNode, readNodes, readNoted } from "./note-node.ts";

function aMember(instance: string, node: string | null, hello = 1): FleetMember {
  return {
    instance,
    service: "api",
    region: null,
    software: "1",
    maxStaleness: 60_000,
    onStale: "unavailable",
    joined: START,
    lastNoted: START,
    join: null,
    ...(node === null ? {} : { at: { node, hello } }),
  };
}

async function noted(world: World, node: string, changes: Partial<NodeNote> = {}): Promise<void> {
  const { head } = await world.store.read([]);
  const note = { node, name: `name-${node}`, head, upTo: 9, behind: new Map(), gone: new Set<number>(), connected: 1 };
  assert.equal(await noteNode(world, { ...note, ...changes }), true);
}

test("verifiers are known by the nodes that they said hello to, connected or gone, and waited for until they know [NODE-5] [NODE-7]", async () => {
  const world = await aWorld(createMemoryStore);
  const { head } = await world.store.read([]);
  const next = { ...head.pos, seq: head.pos.seq + 1 };
  await noted(world, "A", { gone: new Set([2]), behind: new Map([[3, null]]) });
  await noted(world, "B");
  const members = [
    aMember("applied", "A"),
    aMember("gone", "A", 2),
    aMember("behind", "A", 3),
    aMember("elsewhere", "B"),
    aMember("unknown", "C"),
    aMember("nowhere", null),
  ];
  const read = await readNoted(world.store, TENANT, members, head.pos);
  assert.deepEqual(
    [...read.applied],
    [
      ["applied", head.pos],
      ["gone", head.pos],
      ["elsewhere", head.pos],
    ],
  );
  assert.deepEqual([...read.connected], ["applied", "behind", "elsewhere"]);
  assert.deepEqual(
    [...read.nodes],
    [
      ["applied", "name-A"],
      ["gone", "name-A"],
      ["behind", "name-A"],
      ["elsewhere", "name-B"],
    ],
  );
  const names = (awaited: readonly FleetMember[]) => awaited.map(({ instance }) => instance);
  assert.deepEqual(names(read.awaited), ["behind"]);
  const later = await readNoted(world.store, TENANT, members, next);
  assert.deepEqual(names(later.awaited), ["applied", "behind", "elsewhere"]);
  assert.deepEqual((await readNoted(world.store, TENANT, members)).awaited, []);
  world.wait(SILENT_AFTER);
  const silent = await readNoted(world.store, TENANT, members, next);
  assert.deepEqual([[...silent.connected], silent.awaited, silent.applied.size], [[], [], 3]);
});

test("nothing is read where no verifier has said hello to a node that notes [NODE-5]", async () => {
  const world = await aWorld(createMemoryStore);
  const { store, reads } = counting(world.store);
  const nothing = { applied: new Map(), connected: new Set(), awaited: [], nodes: new Map() };
  assert.deepEqual(await readNoted(store, TENANT, [aMember("nowhere", null)], { epoch: 1, seq: 0 }), nothing);
  assert.equal(reads(), 0);
});

test("nodes are told the one that was heard of last in front, and no other row is one; one that has sent nothing is one [NODE-4]", async () => {
  const world = await aWorld(createMemoryStore);
  for (const node of ["B", "A", "C"]) {
    await noted(world, node, node === "C" ? { head: null } : {});
    world.wait(1);
  }
  const key = { ...noteKey(TENANT, "x"), id: "sweep" };
  const rows = [{ key, expect: "absent" as const, next: { value: "{}", expires: null } }];
  await world.store.commit([{ attempt: "other", rows, notices: [], facts: [] }]);
  assert.deepEqual(
    (await readNodes(world.store, TENANT)).map(({ node, head }) => [node, head === null]),
    [
      ["C", true],
      ["A", false],
      ["B", false],
    ],
  );
});

test("a head whose mark the store has forgotten is noted all the same [NODE-6]", async () => {
  const world = await aWorld(createMemoryStore);
  const { head } = await world.store.read([]);
  const store = { ...world.store, markAt: async () => undefined };
  const note = { node: "A", name: "a", head, upTo: 0, behind: new Map(), gone: new Set<number>(), connected: 0 };
  assert.equal(await noteNode({ ...world, store }, note), true);
});
