import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { heardAs, type Instant, memberKey, PULLING, receiptOf } from "@hallpass/core";
import {
  type NoticesFrame,
  noticesOfRows,
  parsePackedFrames,
  parseServerFrame,
  type ServerFrame,
} from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import type { FeedHub } from "./hub.ts";
import { type Pull, type PullAnswer, parsePull } from "./pull.ts";
import { acceptedBy, bodyOf, textsOf } from "./pull-body.ts";
import { fill } from "./testing/fill.ts";
import { settled } from "./testing/hand-time.ts";
import { interposed } from "./testing/interposed-store.ts";
import { Peer } from "./testing/peer.ts";
import { aWorld, FLEET, heardOf, TENANT, type World } from "./testing/world.ts";

const N = "kq3ZyVZ7Q0yT9n1m2b3c4Q";
const SID = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";
const LATER = { clientId: FLEET, expires: 2_000_000_000_000 as Instant };

function textOf(changes: object = {}, ping: object = {}, activity?: readonly unknown[]): string {
  const hello = { type: "hello", feed: 1, instance: "fn-1", service: "api", version: "v/1", after: null };
  const frames = [
    { ...hello, max_staleness_ms: 60_000, on_stale: "unavailable", ...changes },
    ...(activity === undefined ? [] : [{ type: "activity", sessions: activity }]),
    { type: "ping", n: N, applied: "1.0", keys: 0, ...ping },
  ];
  return frames.map((frame) => JSON.stringify(frame)).join("\n");
}

function pullOf(changes: object = {}, ping: object = {}, activity?: readonly unknown[]): Pull {
  const pull = parsePull(textOf(changes, ping, activity));
  assert.ok(pull !== undefined);
  return pull;
}

function framesOf({ before, snapshot, after }: PullAnswer): ServerFrame[] {
  return [...before, ...textsOf(snapshot), ...after].map((text) => {
    const frame = parseServerFrame(text);
    assert.ok(frame !== undefined && frame.type !== "ignored");
    return frame;
  });
}

async function pulled(hub: FeedHub, changes: object = {}, ping: object = {}): Promise<ServerFrame[]> {
  return framesOf(await hub.pull(pullOf(changes, ping), LATER));
}

const typesOf = (frames: readonly ServerFrame[]): string[] => frames.map(({ type }) => type);
const cursorOf = (frames: readonly ServerFrame[]): string | null =>
  frames.flatMap((frame) => ("cursor" in frame ? [frame.cursor] : [])).at(-1) ?? null;
const rowOf = async (world: World) =>
  (await world.store.read([memberKey(TENANT, "fn-1")])).get(memberKey(TENANT, "fn-1"));

describe("a request to pull", () => {
  const [hello = "", ping = ""] = textOf().split("\n");
  const good: readonly [what: string, text: string][] = [
    ["a hello and a ping", `${hello}\n${ping}`],
    ["a newline at the end", `${hello}\n${ping}\n`],
    ["activity between them", textOf({}, {}, [])],
  ];
  const bad: readonly [what: string, text: string][] = [
    ["nothing", ""],
    ["no ping", hello],
    ["no hello", ping],
    ["two pings", `${hello}\n${ping}\n${ping}`],
    ["two hellos", `${hello}\n${hello}\n${ping}`],
    ["the wrong order", `${ping}\n${hello}`],
    ["activity before the hello", `{"type":"activity","sessions":[]}\n${hello}\n${ping}`],
    ["an empty line between", `${hello}\n\n${ping}`],
    ["a bearer in band", `${hello}\n{"type":"auth","token":"x"}\n${ping}`],
    ["a goodbye", `${hello}\n{"type":"bye"}`],
    ["four frames", `${textOf({}, {}, [])}\n${ping}`],
    ["another version of the feed", textOf({ feed: 2 })],
    ["a staleness below the least", textOf({ max_staleness_ms: 999 })],
    ["an n of 15 bytes", textOf({}, { n: "AAAAAAAAAAAAAAAAAAAA" })],
    [
      "a thousand and one sessions",
      textOf(
        {},
        {},
        Array.from({ length: 1001 }, () => [SID, 1]),
      ),
    ],
    ["text that is no JSON", `${hello}\n{`],
  ];
  for (const [what, text] of good) it(`is read: ${what} [PULL-1]`, () => assert.ok(parsePull(text) !== undefined));
  for (const [what, text] of bad)
    it(`is refused: ${what} [PULL-1] [F-13]`, () => assert.equal(parsePull(text), undefined));
});

describe("the answer to a pull", () => {
  it("is a snapshot for a verifier without a view, and ends with the head that its n asked for [PULL-3] [CONN-3]", async () => {
    const world = await aWorld(createMemoryStore);
    await world.revokeAny();
    const frames = await pulled(world.hub());
    assert.deepEqual(typesOf(frames), ["welcome", "keys", "snapshot", "head"]);
    const head = frames.at(-1);
    assert.ok(head?.type === "head" && head.n === N && head.pos.seq === 1);
  });

  it("is what follows the cursor, and nothing of what it covers [PULL-3] [CONN-3]", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    await world.revokeAny();
    const after = cursorOf(await pulled(hub));
    assert.deepEqual(typesOf(await pulled(hub, { after })), ["welcome", "keys", "head"]);
    const { pos } = await world.revokeAny();
    const frames = await pulled(hub, { after }, { applied: "1.1" });
    assert.deepEqual(typesOf(frames), ["welcome", "keys", "notices", "head"]);
    const notices = frames[2] as NoticesFrame;
    assert.deepEqual([notices.after.seq, notices.notices.map((one) => one.pos)], [1, [pos]]);
  });

  it("comes in parts of 2,000 notices, all of them before the head [PULL-3] [FEED-2]", async () => {
    const world = await aWorld(createMemoryStore);
    await fill(world, 4001);
    const frames = await pulled(world.hub());
    assert.deepEqual(typesOf(frames), ["welcome", "keys", "snapshot", "snapshot", "snapshot", "head"]);
  });

  it("names a head that was read after the request, and after the row was written [PULL-4] [LEASE-4] [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const between = interposed(world.store);
    const hub = world.hub({ store: between.store });
    const gate = Promise.withResolvers<void>();
    between.between = { commit: (changes) => gate.promise.then(() => world.store.commit(changes)) };
    const answer = pulled(hub);
    await settled();
    // The row is not there yet: this notice must be in the answer, for no receipt of it can name this verifier.
    const { pos } = await world.revokeAny();
    gate.resolve();
    const head = (await answer).at(-1);
    assert.ok(head?.type === "head");
    assert.deepEqual(head.pos, pos);
    assert.ok((await rowOf(world)) !== undefined);
  });

  it("is a fault, and no lease, when the row can't be written; the next one tries again [PULL-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const between = interposed(world.store);
    const hub = world.hub({ store: between.store });
    between.between = { commit: async (changes) => changes.map(() => ({ kind: "failed", cause: null, full: false })) };
    await assert.rejects(pulled(hub));
    assert.equal(hub.heard().size, 0);
    between.between = {};
    assert.equal((await pulled(hub)).at(-1)?.type, "head");
  });

  it("holds nothing of another tenant [PULL-3] [CONN-6] [F-12]", async () => {
    const mine = await aWorld(createMemoryStore);
    const other = await aWorld(createMemoryStore, {
      store: mine.store,
      time: mine.time,
      tenant: "other" as typeof TENANT,
      seed: "other",
    });
    await other.revokeAny();
    const frames = await pulled(mine.hub());
    assert.deepEqual(
      frames.flatMap((frame) => (frame.type === "snapshot" ? frame.notices : [])),
      [],
    );
  });
});

describe("the row of a verifier that pulls", () => {
  it("is written once for many requests, again after 5 minutes, and when the hello says something else [PULL-4]", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    await pulled(hub);
    const first = (await rowOf(world))?.version;
    await world.time.pass(PULLING.renewEvery - 1);
    await pulled(hub);
    assert.equal((await rowOf(world))?.version, first);
    await world.time.pass(1);
    await pulled(hub);
    const second = (await rowOf(world))?.version;
    assert.notEqual(second, first);
    await pulled(hub, { max_staleness_ms: 120_000 });
    const row = await rowOf(world);
    assert.notEqual(row?.version, second);
    assert.ok(row !== undefined && row.expires === world.time.clock.now() + 120_000 + PULLING.kept);
  });

  it("stays as long as that of a connection of the same name would [PULL-4] [RCP-6]", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    const peer = new Peer(hub, await world.bearer(), "fn-1");
    peer.hello();
    await settled();
    const kept = (await rowOf(world))?.expires;
    await pulled(hub);
    assert.equal((await rowOf(world))?.expires, kept);
  });
});

describe("what is heard of a verifier that pulls", () => {
  it("is the head's time, what a cursor of ours proves, and what it reported; it is not waited for [PULL-9] [RCP-7]", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    await world.revokeAny();
    const after = cursorOf(await pulled(hub));
    assert.equal(heardOf(hub, "fn-1")?.applied?.seq, 0);
    await world.time.pass(1000);
    await pulled(hub, { after }, { applied: "1.1", keys: 1, stats: { accepted: 12 } });
    assert.deepEqual(heardOf(hub, "fn-1"), {
      connected: false,
      applied: { epoch: 1, seq: 1 },
      keys: 1,
      lastPing: world.time.clock.now(),
    });
    assert.deepEqual(hub.pulls(), [
      {
        instance: "fn-1",
        heardAs: heardAs({ instance: "fn-1", client: FLEET }),
        service: "api",
        region: null,
        stats: { accepted: 12 },
      },
    ]);
    const { pos } = await world.revokeAny();
    await hub.waitApplied(pos, 30_000);
  });

  it("is not a position that its cursor does not cover: nobody is enforced by saying so [PULL-9]", async () => {
    const world = await aWorld(createMemoryStore);
    const hub = world.hub();
    await world.revokeAny();
    const after = cursorOf(await pulled(hub));
    await world.revokeAny();
    await pulled(hub, { after }, { applied: "1.2" });
    assert.equal(heardOf(hub, "fn-1")?.applied?.seq, 0);
  });

  it("counts from the commit while an answer is on its way, whatever was heard before [PULL-9] [RCP-3]", async () => {
    const world = await aWorld(createMemoryStore);
    const between = interposed(world.store);
    const hub = world.hub({ store: between.store });
    await pulled(hub);
    const member = { instance: "fn-1", service: "api", region: null, software: "v/1", maxStaleness: 60_000 } as const;
    const start = world.time.clock.now();
    await world.time.pass(30_000);
    const gate = Promise.withResolvers<void>();
    between.between = {
      read: async (keys) => {
        const snapshot = await world.store.read(keys);
        await gate.promise;
        return snapshot;
      },
    };
    const answer = pulled(hub);
    await settled();
    const revocation = await world.revokeAny();
    const members = [
      { ...member, client: FLEET, onStale: "unavailable", joined: start, lastNoted: start, join: null },
    ] as const;
    const boundNow = (): number | null =>
      receiptOf(
        revocation,
        { members, heard: hub.heard(), listeningSince: start, traits: { head: "linearizable", nodes: "one" } },
        world.time.clock.now(),
      ).enforced_by_ms;
    assert.equal(boundNow(), revocation.committed + 60_000);
    gate.resolve();
    await answer;
    // The head was read at the time of the commit: its lease ends M after that.
    assert.equal(boundNow(), revocation.committed + 60_000);
  });
});

const LINES = { gzip: false, packed: false };
const GZIP = { gzip: true, packed: false };
const pause = async (): Promise<void> => undefined;
const PACKED = { gzip: true, packed: true };

/** As it would stand on a line. */
function asLine(frame: ServerFrame): object {
  if (frame.type !== "snapshot") return frame;
  const { rows = [], notices, ...rest } = frame;
  return { ...rest, notices: [...notices, ...rows.flatMap(noticesOfRows)].toSorted((a, b) => a.pos.seq - b.pos.seq) };
}

describe("the body of an answer", () => {
  it("is the same text, plain or as one gzip member, and small [PULL-10]", async () => {
    const world = await aWorld(createMemoryStore);
    await fill(world, 4001);
    const hub = world.hub();
    const answer = await hub.pull(pullOf(), LATER);
    const [plain, packed] = [await bodyOf(answer, LINES, pause), await bodyOf(answer, GZIP, pause)];
    assert.ok(typeof plain.body === "string" && typeof packed.body !== "string");
    assert.equal(gunzipSync(packed.body).toString(), plain.body);
    assert.ok(packed.body.length * 3 < plain.body.length, `${packed.body.length} of ${plain.body.length}`);
    const again = await bodyOf(await hub.pull(pullOf({ after: cursorOf(framesOf(answer)) }), LATER), GZIP, pause);
    assert.ok(typeof again.body !== "string" && gunzipSync(again.body).toString().trimEnd().split("\n").length === 3);
  });

  it("is the same frames, packed, in some 30 bytes for a notice and packed alike for everyone [PULL-11] [PULL-12]", async () => {
    const world = await aWorld(createMemoryStore);
    // Every tenth has no packed form.
    await fill(world, 4001, (index) =>
      index % 10 === 0 ? { kind: "token", jti: `many-${index}` } : { kind: "session", sid: randomUUID() },
    );
    const hub = world.hub();
    const answer = await hub.pull(pullOf(), LATER);
    const [first, again] = [await bodyOf(answer, PACKED, pause), await bodyOf(answer, PACKED, pause)];
    assert.deepEqual([first.type, first.encoding], ["application/vnd.hallpass.frames", {}]);
    assert.ok(typeof first.body !== "string");
    assert.deepEqual(again.body, first.body);
    assert.ok(first.body.length < 40 * 4001, `${first.body.length} bytes`);
    const packed = parsePackedFrames(first.body) ?? assert.fail("refused");
    const lines = framesOf(answer);
    assert.deepEqual(packed.map(asLine), lines.map(asLine));
  });

  it("is lines where nothing of it can be packed: what follows a cursor [PULL-11]", async () => {
    const world = await aWorld(createMemoryStore);
    await world.revokeAny();
    const hub = world.hub();
    const after = cursorOf(await pulled(hub));
    await world.revokeAny();
    const { body, type } = await bodyOf(await hub.pull(pullOf({ after }), LATER), PACKED, pause);
    assert.equal(type, "application/x-ndjson");
    assert.ok(typeof body !== "string" && gunzipSync(body).toString().includes('"type":"notices"'));
  });

  it("is packed only for who names it [PULL-11]", () => {
    const name = "application/vnd.hallpass.frames";
    for (const yes of [name, `application/x-ndjson, ${name}`, `${name.toUpperCase()};q=0.1, */*`]) {
      assert.equal(acceptedBy(new Headers({ accept: yes })).packed, true, yes);
    }
    for (const no of [
      "",
      "*/*",
      "application/*",
      "application/x-ndjson",
      `${name};q=0`,
      `${name}2`,
      `*/*, ${name};q=0.0`,
    ]) {
      assert.equal(acceptedBy(new Headers({ accept: no })).packed, false, no);
    }
  });

  it("is compressed only for who accepts it [PULL-10]", () => {
    for (const yes of ["gzip", "gzip, deflate, br", "br;q=1.0, GZIP;q=0.5", "*", "deflate, *;q=0.1"]) {
      assert.equal(acceptedBy(new Headers({ "accept-encoding": yes })).gzip, true, yes);
    }
    assert.deepEqual(acceptedBy(new Headers()), { gzip: false, packed: false });
    for (const no of ["", "br", "gzip;q=0", "gzip; q=0.000, *", "identity", "*;q=0", "xgzip"]) {
      assert.equal(acceptedBy(new Headers({ "accept-encoding": no })).gzip, false, no);
    }
  });
});
