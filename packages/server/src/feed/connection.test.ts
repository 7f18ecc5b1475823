import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  type ClientId,
  Fault,
  openSession,
  PROFILES,
  type SessionId,
  type SubjectId,
  sessionFromRow,
  sessionKey,
} from "@hallpass/core";
import { FEED_CLOSE } from "@hallpass/protocol";
import { createMemoryStore } from "@hallpass/store-memory";
import { HELLO_WITHIN_MS } from "./connection.ts";
import { type FrameKind, ruleOn, type StateKind } from "./frame-rulings.ts";
import type { FeedHub } from "./hub.ts";
import { MOST_UNREAD } from "./outbox.ts";
import { settled } from "./testing/hand-time.ts";
import { interposed } from "./testing/interposed-store.ts";
import { Peer } from "./testing/peer.ts";
import { aWorld, FLEET, heardOf, type World } from "./testing/world.ts";

async function aHub(changes: Parameters<World["hub"]>[0] = {}): Promise<{ world: World; hub: FeedHub }> {
  const world = await aWorld(createMemoryStore);
  return { world, hub: world.hub(changes) };
}

/** Joined, and past its snapshot. */
async function joined(world: World, hub: FeedHub, name = "api-1"): Promise<Peer> {
  const peer = new Peer(hub, await world.bearer(), name);
  peer.hello();
  await settled();
  assert.equal(peer.closedWith, undefined);
  return peer;
}

describe("what a frame means", () => {
  it("is what the table says, in every state", () => {
    const source = readFileSync(join(import.meta.dirname, "frame-rulings.ts"), "utf8");
    const rows = [...source.matchAll(/^\/\/ (\w+) +\|(.+)$/gm)].map(([, name, cells]) => ({
      name: name ?? "",
      cells: (cells ?? "").split("|").map((cell) => cell.trim()),
    }));
    const [header, ...frames] = rows;
    assert.deepEqual([header?.cells.length, frames.length], [4, 6]);
    for (const { name, cells } of frames) {
      cells.forEach((cell, index) => {
        const state = header?.cells[index] as StateKind;
        assert.equal(ruleOn(state, name as FrameKind), cell, `${name} when ${state}`);
      });
    }
  });
});

describe("a connection's first frame", () => {
  it("comes within 5 s, or the connection is closed [CONN-2]", async () => {
    const { world, hub } = await aHub();
    const peer = new Peer(hub, await world.bearer());
    await world.time.pass(HELLO_WITHIN_MS - 1);
    assert.equal(peer.closedWith, undefined);
    await world.time.pass(1);
    assert.equal(peer.closedWith, FEED_CLOSE.helloTimeout);
  });

  it("is a hello; any other, and a hello of another version of the feed, is malformed [CONN-2]", async () => {
    const { world, hub } = await aHub();
    const early = new Peer(hub, await world.bearer());
    early.ping();
    assert.equal(early.closedWith, FEED_CLOSE.malformed);
    const later = new Peer(hub, await world.bearer());
    later.hello({ feed: 2 });
    assert.equal(later.closedWith, FEED_CLOSE.malformed);
  });

  it("closes an earlier connection of the same instance, and no other", async () => {
    const { world, hub } = await aHub();
    const first = await joined(world, hub, "api-1");
    const other = await joined(world, hub, "api-2");
    const second = await joined(world, hub, "api-1");
    assert.deepEqual(
      [first.closedWith, other.closedWith, second.closedWith],
      [FEED_CLOSE.replaced, undefined, undefined],
    );
    assert.equal(heardOf(hub, "api-1")?.connected, true);
    assert.equal(hub.connections().length, 2);
  });
});

describe("a malformed frame", () => {
  it("closes its connection, and nothing sent afterwards counts [F-13]", async () => {
    for (const text of ["", "{", '{"type":"shout"}', '{"type":"ping"}', `{"type":"bye","type":"bye"}`]) {
      const { world, hub } = await aHub();
      const peer = await joined(world, hub);
      peer.raw(text);
      peer.ping();
      await settled();
      assert.equal(peer.closedWith, FEED_CLOSE.malformed, text);
      assert.equal(peer.heads.length, 0);
    }
  });
});

describe("the bearer of a connection", () => {
  it("ends the connection at its exp, not before [CONN-1]", async () => {
    const { world, hub } = await aHub();
    const bearer = await world.bearer();
    const peer = new Peer(hub, bearer);
    peer.hello();
    const left = (): number => bearer.expires - world.time.clock.now();
    while (left() > 1) {
      peer.ping();
      await world.time.pass(Math.min(20_000, left() - 1));
    }
    assert.equal(peer.closedWith, undefined);
    await world.time.pass(1);
    assert.equal(peer.closedWith, FEED_CLOSE.unauthorized);
  });

  it("ends it within a minute when the wall clock jumps past its exp [CONN-1]", async () => {
    const { world, hub } = await aHub();
    const peer = await joined(world, hub);
    world.time.jump(86_400_000);
    peer.ping();
    await world.time.pass(30_000);
    peer.ping();
    await world.time.pass(30_000);
    assert.equal(peer.closedWith, FEED_CLOSE.unauthorized);
  });

  it("ends it as soon as a notice takes the client away, after that notice was sent; others stay [CONN-1]", async () => {
    const { world, hub } = await aHub();
    const peer = await joined(world, hub);
    const other = new Peer(hub, await world.bearer("other" as ClientId), "other-1");
    other.hello();
    await settled();
    await world.revoke({ kind: "client", client: FLEET });
    await settled();
    assert.equal(peer.closedWith, FEED_CLOSE.unauthorized);
    assert.equal(peer.intervals.length, 1);
    assert.equal(other.closedWith, undefined);
  });

  it("ends it when its jti is revoked, and not when another's is [CONN-1]", async () => {
    const { world, hub } = await aHub();
    const bearer = await world.bearer();
    const peer = new Peer(hub, bearer);
    peer.hello();
    await world.revokeAny();
    await settled();
    assert.equal(peer.closedWith, undefined);
    await world.revoke({ kind: "token", jti: bearer.claims.jti, expires: null });
    await settled();
    assert.equal(peer.closedWith, FEED_CLOSE.unauthorized);
  });

  it("ends it when it was revoked between its judging and the hello [CONN-1]", async () => {
    const { world, hub } = await aHub();
    const bearer = await world.bearer();
    await world.revoke({ kind: "token", jti: bearer.claims.jti, expires: null });
    const peer = new Peer(hub, bearer);
    peer.hello();
    await settled();
    assert.equal(peer.closedWith, FEED_CLOSE.unauthorized);
  });

  it("is replaced by a fresh one of the same client that came in band [CONN-1]", async () => {
    const { world, hub } = await aHub();
    const first = await world.bearer();
    const peer = new Peer(hub, first);
    peer.hello();
    await world.time.pass(1000);
    for (let passed = 0; passed < 200; passed += 20) {
      peer.ping();
      await world.time.pass(20_000);
    }
    peer.say({ type: "auth", token: (await world.token()).reveal() });
    await settled();
    for (let passed = 0; passed < 140; passed += 20) {
      peer.ping();
      await world.time.pass(20_000);
    }
    assert.ok(world.time.clock.now() > first.expires);
    assert.equal(peer.closedWith, undefined);
    await world.revoke({ kind: "token", jti: first.claims.jti, expires: null });
    await settled();
    assert.equal(peer.closedWith, undefined);
  });

  it("is not replaced by one of another client, a forged one, or one without the scope [CONN-1]", async () => {
    const { world, hub } = await aHub();
    const other = await world.token("other" as ClientId);
    const unscoped = await world.token(FLEET, { scope: ["sessions:read"] });
    const cases = [
      [other.reveal(), FEED_CLOSE.unauthorized],
      ["x.y.z", FEED_CLOSE.unauthorized],
      [unscoped.reveal(), FEED_CLOSE.forbidden],
    ] as const;
    for (const [token, code] of cases) {
      const peer = await joined(world, hub);
      peer.say({ type: "auth", token });
      await settled();
      assert.equal(peer.closedWith, code);
    }
  });

  it("stays as it is when nobody can judge the fresh one [CONN-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const between = interposed(world.store);
    const peer = await joined(world, world.hub({ store: between.store }));
    const token = (await world.token()).reveal();
    between.between = { read: () => Promise.reject(new Fault("store_unavailable")) };
    peer.say({ type: "auth", token });
    await settled();
    assert.equal(peer.closedWith, undefined);
    assert.ok(world.events.some((event) => event.kind === "failed" && event.during === "auth"));
  });

  it("that was revoked while it was judged ends the connection [CONN-1]", async () => {
    const world = await aWorld(createMemoryStore);
    const between = interposed(world.store);
    const peer = await joined(world, world.hub({ store: between.store }));
    const fresh = await world.token();
    const judged = await world.judge(fresh);
    assert.ok(judged.kind === "granted");
    const gate = Promise.withResolvers<void>();
    // The judge reads before the commit, and is answered after it.
    between.between = {
      read: async (keys) => {
        const snapshot = await world.store.read(keys);
        if (keys.length > 1) await gate.promise;
        return snapshot;
      },
    };
    peer.say({ type: "auth", token: fresh.reveal() });
    await settled();
    if (judged.kind === "granted") await world.revoke({ kind: "token", jti: judged.bearer.claims.jti, expires: null });
    await settled();
    assert.equal(peer.closedWith, undefined);
    gate.resolve();
    await settled();
    assert.equal(peer.closedWith, FEED_CLOSE.unauthorized);
  });
});

describe("a slow reader", () => {
  it("is closed with more than 8 MiB unread; others are served on [CONN-4] [F-14]", async () => {
    const { world, hub } = await aHub();
    const slow = await joined(world, hub, "slow");
    const quick = await joined(world, hub, "quick");
    slow.unread = MOST_UNREAD - 200;
    slow.stalled = true;
    slow.ping();
    await settled();
    assert.equal(slow.closedWith, undefined);
    await world.revokeAny();
    await settled();
    assert.equal(slow.closedWith, FEED_CLOSE.slow);
    quick.ping();
    await settled();
    assert.equal(quick.heads.length, 1);
    assert.equal(quick.intervals.length, 1);
  });

  it("that does not take in its snapshot gets no more of it, and is closed after 30 s [CONN-4] [F-14]", async () => {
    const { world, hub } = await aHub();
    const peer = new Peer(hub, await world.bearer());
    peer.unread = 2 * 1024 * 1024;
    peer.hello();
    await world.time.pass(29_000);
    assert.deepEqual([peer.closedWith, peer.types], [undefined, ["welcome", "keys", "snapshot"]]);
    await world.time.pass(2000);
    assert.equal(peer.closedWith, FEED_CLOSE.slow);
  });

  it("counts what queues for it while it joins [CONN-4]", async () => {
    const { world, hub } = await aHub();
    const peer = new Peer(hub, await world.bearer());
    peer.unread = 2 * 1024 * 1024;
    peer.hello();
    await settled();
    peer.unread = MOST_UNREAD - 400;
    await world.revokeAny();
    await settled();
    assert.equal(peer.closedWith, undefined);
    await world.revokeAny();
    await settled();
    assert.equal(peer.closedWith, FEED_CLOSE.slow);
  });
});

describe("a verifier that falls silent", () => {
  it("is let go after a minute or so, and one that pings is not", async () => {
    const { world, hub } = await aHub();
    const silent = await joined(world, hub, "silent");
    const alive = await joined(world, hub, "alive");
    for (let passed = 0; passed < 100; passed += 10) {
      alive.ping();
      await world.time.pass(10_000);
    }
    assert.deepEqual([silent.closedWith, alive.closedWith], [1001, undefined]);
    assert.equal(heardOf(hub, "silent")?.connected, false);
  });
});

describe("reported activity", () => {
  async function aSession(world: World): Promise<SessionId> {
    await world.token("web" as ClientId);
    const answer = await openSession(
      { ...world, policies: PROFILES },
      {
        subject: "u-81" as SubjectId,
        client: "web" as ClientId,
        issue: { access: false, refresh: false },
        audience: undefined,
        scope: undefined,
        acr: null,
        amr: [],
        authTime: null,
        policy: "consumer",
        remember: false,
        parent: null,
        replaces: null,
        device: null,
        claims: {},
        actor: null,
        idempotency: null,
      },
    );
    if (!answer.ok) throw new Error(answer.code);
    return answer.value.session.id;
  }

  it("moves a session's last activity forward, never back, never beyond the store's clock, and seldom [CONN-7]", async () => {
    const { world, hub } = await aHub();
    const sid = await aSession(world);
    const key = sessionKey({ tenant: world.issuer.tenant, id: sid });
    const row = async (): Promise<{ readonly version: number; readonly lastActive: number }> => {
      const found = (await world.store.read([key])).get(key);
      assert.ok(found !== undefined);
      return { version: found.version, lastActive: sessionFromRow(found).lastActive };
    };
    const start = world.time.clock.now();
    const idle = 14 * 86_400_000;
    world.time.jump(idle / 2);
    const peer = await joined(world, hub);
    const report = async (at: number): Promise<void> => {
      peer.say({ type: "activity", sessions: [[sid, at]] });
      await settled();
    };
    await report(start + idle / 10 - 1);
    assert.deepEqual(await row(), { version: 1, lastActive: start });
    await report(start + idle / 10);
    assert.deepEqual(await row(), { version: 2, lastActive: start + idle / 10 });
    await report(start);
    assert.deepEqual(await row(), { version: 2, lastActive: start + idle / 10 });
    await report(start + 10 * idle);
    assert.deepEqual(await row(), { version: 3, lastActive: world.time.clock.now() });
  });

  it("holds up no ping, folds reports of one session, and is dropped, once said, when the store fails [CONN-7]", async () => {
    const { world } = await aHub();
    const sid = await aSession(world);
    const hold = Promise.withResolvers<void>();
    let reads = 0;
    const store = {
      ...world.store,
      read: async (keys: Parameters<World["store"]["read"]>[0]) => {
        if (keys[0]?.kind !== "session") return world.store.read(keys);
        reads += 1;
        await hold.promise;
        throw new Fault("store_unavailable");
      },
    };
    const hub = world.hub({ store });
    const peer = await joined(world, hub);
    const others = Array.from({ length: 999 }, (_, index) => sid.slice(0, -4) + (index + 1000));
    const at = world.time.clock.now();
    peer.say({ type: "activity", sessions: [sid, ...others].map((one) => [one, at]) });
    peer.say({ type: "activity", sessions: [sid, ...others].map((one) => [one, at]) });
    peer.ping();
    await settled();
    assert.equal(peer.heads.length, 1);
    assert.equal(reads, 8);
    hold.resolve();
    await settled();
    assert.ok(reads <= 16);
    const dropped = world.events.filter((event) => event.kind === "activity_dropped");
    assert.ok(dropped.length > 0 && dropped.length <= 16);
  });
});
