import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { type Hello, parsePosition } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import type { FleetMember } from "../revocation/fleet.ts";
import {
  isAwaited,
  type NodeNote,
  notedOf,
  noteFromRow,
  noteKey,
  noteToRow,
  SILENT_AFTER,
} from "../revocation/node-note.ts";
import type { Head } from "../store/store.ts";
import { at, START, TENANT } from "../testing/builders.ts";
import { aWorld, type World } from "../testing/world.ts";
import { joinFleet, leaveNode } from "./join-fleet.ts";
import { noteNode, readNodes, readNoted } from "./note-node.ts";
import { readFleet } from "./read-revocation.ts";
import { startEpoch } from "./start-epoch.ts";

const pos = (text: string) => parsePosition(text) ?? assert.fail(text);
const headAt = (text: string): Head => ({ pos: pos(text), mark: "AAAAAAAAAAA" });

const hello: Hello = {
  type: "hello",
  feed: 1,
  instance: "v",
  service: "api",
  region: null,
  version: "1.0.0",
  after: null,
  max_staleness_ms: 60_000,
  on_stale: "unavailable",
};

function aNote(changes: Partial<NodeNote> = {}): NodeNote {
  return {
    node: "BBBB",
    name: "b",
    started: START,
    noted: START,
    head: headAt("1.42"),
    upTo: 7,
    behind: new Map([
      [3, pos("1.40")],
      [4, null],
    ]),
    gone: new Set([5]),
    connected: 6,
    ...changes,
  };
}

function aMember(number: number, node = "BBBB"): FleetMember {
  return {
    instance: "v",
    service: "api",
    region: null,
    software: "1",
    maxStaleness: 60_000,
    onStale: "unavailable",
    joined: START,
    lastNoted: START,
    join: null,
    at: { node, hello: number },
  };
}

const { at: _, ...placeless } = aMember(1);

test("a node's row is read back as it was written [NODE-4]", () => {
  for (const note of [aNote(), aNote({ head: null, behind: new Map(), gone: new Set(), upTo: 0, connected: 0 })]) {
    const { value, expires } = noteToRow(note);
    const row = {
      key: noteKey(TENANT, note.node),
      value,
      version: 1,
      attempt: "",
      notBefore: null,
      raisedAt: null,
      expires,
    };
    assert.deepEqual(noteFromRow(row), note);
  }
});

describe("what a node's row says of a verifier", () => {
  const said: readonly [title: string, member: FleetMember, note: NodeNote | undefined, applied: string | null][] = [
    ["that is not listed: the head", aMember(1), aNote(), "1.42"],
    ["that is the last one it speaks of: the head", aMember(7), aNote(), "1.42"],
    ["that said hello after it: nothing", aMember(8), aNote(), null],
    ["that is behind: what it acknowledged", aMember(3), aNote(), "1.40"],
    ["that acknowledged nothing: nothing", aMember(4), aNote(), null],
    ["that is gone: what it acknowledged, which stays true", aMember(5), aNote(), "1.42"],
    ["that said hello to another node since: nothing", aMember(1, "AAAA"), aNote(), null],
    ["before anything was sent: nothing", aMember(1), aNote({ head: null }), null],
    ["beyond the store's own head, whose history is lost: nothing", aMember(1), aNote({ head: headAt("1.44") }), null],
    ["at the store's own head: that", aMember(1), aNote({ head: headAt("1.43") }), "1.43"],
    ["of no row: nothing", aMember(1), undefined, null],
    ["whose own row names no node: nothing", placeless, aNote(), null],
  ];
  for (const [title, member, note, applied] of said) {
    it(`${title} [NODE-4] [NODE-5] [NODE-6]`, () => {
      assert.deepEqual(notedOf(member, note, headAt("1.43")), applied === null ? null : pos(applied));
    });
  }

  const awaited: readonly [
    title: string,
    member: FleetMember,
    note: NodeNote | undefined,
    wanted: string,
    is: boolean,
  ][] = [
    ["that has acknowledged it", aMember(1), aNote(), "1.42", false],
    ["that has not", aMember(1), aNote(), "1.43", true],
    ["that is behind", aMember(3), aNote(), "1.41", true],
    ["that is behind, but not that far", aMember(3), aNote(), "1.40", false],
    ["that is gone", aMember(5), aNote(), "1.43", false],
    ["that is new there", aMember(8), aNote(), "1.42", true],
    ["of a node of which nothing is known", aMember(1), undefined, "1.43", false],
    ["of another node", aMember(1, "AAAA"), aNote(), "1.43", false],
    ["whose row names no node", placeless, aNote(), "1.43", false],
    ["of a node that was heard of just in time", aMember(1), aNote({ noted: at(1 - SILENT_AFTER) }), "1.43", true],
    ["of a node that is silent", aMember(1), aNote({ noted: at(-SILENT_AFTER) }), "1.43", false],
  ];
  for (const [title, member, note, wanted, is] of awaited) {
    it(`one ${title} is ${is ? "" : "not "}waited for [NODE-7]`, () => {
      assert.equal(isAwaited(pos(wanted), member, note, { head: headAt("1.43"), clock: START }), is);
    });
  }
});

describe("a node", () => {
  const note = (changes: Partial<NodeNote> = {}) => ({ ...aNote({ behind: new Map(), gone: new Set(), ...changes }) });
  const headOf = async ({ store }: World): Promise<Head> => (await store.read([])).head;

  it("notes how far its verifiers are, and says since when it does [NODE-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const head = await headOf(world);
    assert.equal(await noteNode(world, note({ head })), true);
    world.wait(5000);
    assert.equal(await noteNode(world, note({ head })), true);
    const [known] = await readNodes(world.store, TENANT);
    assert.deepEqual([known?.name, known?.started, known?.noted], ["b", START, world.now()]);
    assert.equal((await readNodes(world.store, TENANT)).length, 1);
  });

  it("notes nothing of a head that the store does not hold: beyond it, with another mark, or of before [NODE-6]", async () => {
    const world = await aWorld(createMemoryStore);
    await startEpoch(world, { epoch: 1, seq: 0 }, "cursor_ahead");
    const head = await headOf(world);
    const before = { epoch: head.pos.epoch, seq: head.pos.seq };
    await startEpoch(world, head.pos, "cursor_ahead");
    const now = await headOf(world);
    const wrong: readonly Head[] = [
      { pos: { ...now.pos, seq: now.pos.seq + 1 }, mark: now.mark },
      { pos: now.pos, mark: head.mark },
      { pos: before, mark: now.mark },
    ];
    for (const one of wrong) assert.equal(await noteNode(world, note({ head: one })), false);
    assert.deepEqual(await readNodes(world.store, TENANT), []);
    assert.equal(await noteNode(world, note({ head })), true);
    assert.equal(await noteNode(world, note({ head: now })), true);
  });

  it("speaks of a verifier whose row names it, until that says hello elsewhere, pulls, or is let go of [NODE-5]", async () => {
    const world = await aWorld(createMemoryStore);
    const place = { node: "BBBB", hello: 1 };
    const appliedNow = async (): Promise<boolean> =>
      (await readNoted(world.store, TENANT, await readFleet(world.store, TENANT))).applied.has("v");
    await noteNode(world, note({ head: await headOf(world) }));
    await joinFleet(world, hello, undefined, undefined, place);
    assert.equal(await appliedNow(), true);
    await joinFleet(world, hello);
    assert.equal(await appliedNow(), false);
    await joinFleet(world, hello, undefined, undefined, { ...place, hello: 2 });
    await leaveNode(world, "v", place);
    assert.equal(await appliedNow(), true, "a hello of before is let go of, and this one is not");
    await leaveNode(world, "v", { ...place, hello: 2 });
    assert.equal(await appliedNow(), false);
    await joinFleet(world, hello, undefined, undefined, place);
    assert.equal(await appliedNow(), true);
    await leaveNode(world, "v", { ...place, hello: 2 });
    assert.equal(await appliedNow(), false, "a hello whose row was never written lets go of the one before, too");
    await leaveNode(world, "nobody", place);
    assert.deepEqual(
      (await readFleet(world.store, TENANT)).map(({ instance }) => instance),
      ["v"],
    );
  });
});
