// One connection, told frames by hand: what it sends, when it goes, and that nothing is said or heard after its end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FEED_CLOSE, MAX_ACTIVITY } from "@hallpass/protocol";
import { FeedConnection, fraction, randomName } from "./feed-connection.ts";
import { Knowledge } from "./knowledge.ts";
import { newCounters, reportOf } from "./metrics.ts";
import { settingsFrom } from "./options.ts";
import { platformCrypto } from "./platform-crypto.ts";
import type { FeedBearer, OpenConnection, Ports } from "./ports.ts";
import { MemoryFeed } from "./testing/memory-feed.ts";
import { after } from "./testing/scene.ts";
import { TestClock } from "./testing/test-clock.ts";

const issuer = "https://auth.example";
const NOTHING = { trackedNotices: 0, tableBytes: 0, rememberedTokens: 0, viewAgeMs: 0, clockSkewMs: 0 };

interface Given {
  readonly knowledge?: Knowledge;
  readonly maxStalenessMs?: number;
  readonly bearer?: FeedBearer;
  readonly fetchToken?: () => Promise<FeedBearer>;
  /** Each byte that the dice give. */
  readonly roll?: number;
}

function connection({ knowledge = new Knowledge(() => {}), maxStalenessMs = 60_000, roll = 0, ...given }: Given = {}) {
  const clock = new TestClock();
  const feed = new MemoryFeed({ issuer, now: () => clock.now() });
  const counters = newCounters();
  const sent: Record<string, unknown>[] = [];
  const closed: number[] = [];
  const ended: number[] = [];
  const opened: OpenConnection[] = [];
  const leases: number[] = [];
  let nonces = 0;
  const ports: Ports = {
    clock,
    scheduler: clock,
    dice: {
      bytes: (length) => (length === 16 ? new Uint8Array(16).fill((nonces += 1)) : new Uint8Array(length).fill(roll)),
    },
    crypto: platformCrypto(),
    connect: (open) => {
      opened.push(open);
      return { send: (text) => void sent.push(JSON.parse(text)), close: (code) => void closed.push(code) };
    },
    fetchToken: given.fetchToken ?? (async () => ({ token: "t2" })),
  };
  const deps = {
    ports,
    settings: settingsFrom({ issuer, audience: "a", maxStalenessMs }),
    knowledge,
    counters,
    trouble: { words: null },
    instance: () => "i",
    stats: () => reportOf(counters, NOTHING),
    onLease: (serverAhead: number) => void leases.push(serverAhead),
  };
  const one = new FeedConnection(deps, "wss://auth.example/v1/feed", given.bearer ?? { token: "t" }, (code) =>
    ended.push(code),
  );
  const tell = (...frames: readonly object[]): void => {
    for (const frame of frames) opened[0]?.onText(JSON.stringify(frame));
  };
  const kinds = (): readonly unknown[] => sent.map(({ type }) => type);
  const begin = (welcome: object = {}): void => {
    opened[0]?.onOpen();
    tell({ ...feed.welcomeFrame(false), ...welcome }, feed.keysFrame(), ...feed.snapshotFrames());
  };
  return { one, feed, clock, counters, knowledge, sent, kinds, closed, ended, opened, leases, tell, begin };
}

test("whatever comes before the welcome is refused, and applied to nothing [F-12] [CONN-2]", () => {
  const { feed, knowledge, tell, closed, ended, counters } = connection();
  tell(feed.keysFrame());
  assert.deepEqual([closed, ended, counters.feedGaps], [[FEED_CLOSE.malformed], [FEED_CLOSE.malformed], 1]);
  assert.equal(knowledge.keys.version, undefined);
});

test("a second welcome, another version and another issuer are left [F-12]", () => {
  for (const frames of [
    (feed: MemoryFeed) => [feed.welcomeFrame(false), feed.welcomeFrame(false)],
    (feed: MemoryFeed) => [{ ...feed.welcomeFrame(false), feed: 2 }],
    (feed: MemoryFeed) => [{ ...feed.welcomeFrame(false), issuer: "https://other.example" }],
  ]) {
    const { feed, tell, ended } = connection();
    tell(...frames(feed));
    assert.deepEqual(ended, [FEED_CLOSE.malformed]);
  }
});

test("a server that resumes where no cursor was shown is left, with nothing taken from its welcome [CONN-3] [F-12]", () => {
  const { feed, knowledge, tell, ended, one } = connection();
  tell(feed.welcomeFrame(true));
  assert.deepEqual([ended, knowledge.salt.length, one.welcomed], [[FEED_CLOSE.malformed], 0, false]);
});

test("a frame that can't be read is counted once, is as good as a gap, and ends the connection [F-13] [LEASE-7]", () => {
  const { begin, opened, knowledge, closed, ended, counters, kinds } = connection();
  begin();
  const said = kinds().length;
  opened[0]?.onText("{");
  opened[0]?.onText("{");
  opened[0]?.onClose(1006);
  assert.deepEqual([closed, ended], [[FEED_CLOSE.malformed], [FEED_CLOSE.malformed]]);
  assert.deepEqual([counters.malformedFrames, counters.feedGaps], [1, 0]);
  const { view } = knowledge;
  assert.equal(view.state === "lost" && view.why, "gap");
  assert.equal(kinds().length, said);
});

test("a frame of a kind that is not known yet changes nothing, not even before the welcome", () => {
  const { tell, ended, begin, knowledge } = connection();
  tell({ type: "weather" });
  begin();
  tell({ type: "weather" });
  assert.deepEqual([ended, knowledge.view.state], [[], "live"]);
});

test("older keys end the connection unless they are its first, and get no ping [LEASE-7] [LEASE-9]", () => {
  const { begin, tell, ended, sent, feed } = connection();
  begin();
  const before = sent.length;
  tell({ ...feed.keysFrame(), version: 0 });
  assert.deepEqual([ended, sent.length], [[FEED_CLOSE.malformed], before]);
});

test("notices that do not follow end the connection, and get no ping [FEED-3] [LEASE-9]", () => {
  const { begin, tell, ended, sent, feed } = connection();
  begin();
  const before = sent.length;
  tell(feed.noticesFrame(after(feed.head), after(feed.head, 2), []));
  assert.deepEqual([ended, sent.length], [[FEED_CLOSE.malformed], before]);
});

test("no ping names a view that this connection does not continue yet [LEASE-1] [LEASE-9]", async () => {
  const { knowledge } = (() => {
    const first = connection();
    first.begin();
    first.opened[0]?.onClose(1006);
    return first;
  })();
  const { opened, tell, feed, clock, kinds } = connection({ knowledge });
  opened[0]?.onOpen();
  await clock.advance(2000);
  tell(feed.welcomeFrame(false), feed.keysFrame(), feed.noticesFrame(feed.head, feed.head, []));
  await clock.advance(3000);
  assert.deepEqual(kinds(), ["hello"]);
  tell(...feed.snapshotFrames());
  assert.deepEqual(kinds(), ["hello", "ping"]);
});

test("no ping names a snapshot of which parts are missing [FEED-2] [LEASE-1]", async () => {
  const { opened, tell, feed, clock, kinds } = connection();
  for (let n = 0; n < 2001; n += 1) feed.take({ kind: "token", jti: `n${n}` });
  const [first = {}, last = {}] = feed.snapshotFrames();
  opened[0]?.onOpen();
  tell(feed.welcomeFrame(false), feed.keysFrame(), first);
  await clock.advance(2000);
  assert.deepEqual(kinds(), ["hello"]);
  tell(last);
  assert.deepEqual(kinds(), ["hello", "ping"]);
});

test("a connection that is resumed is pinged over as soon as keys are there [CONN-3] [LEASE-9]", async () => {
  const knowledge = new Knowledge(() => {});
  const first = connection({ knowledge });
  first.opened[0]?.onOpen();
  first.tell(first.feed.welcomeFrame(false), ...first.feed.snapshotFrames());
  first.opened[0]?.onClose(1006);
  const { opened, tell, feed, kinds, sent, one, clock } = connection({ knowledge });
  assert.equal(one.welcomed, false);
  opened[0]?.onOpen();
  assert.notEqual(sent[0]?.["after"], null);
  tell(feed.welcomeFrame(true));
  await clock.advance(2000);
  assert.deepEqual(kinds(), ["hello"]);
  tell(feed.keysFrame());
  assert.deepEqual([kinds(), one.welcomed], [["hello", "ping"], true]);
});

test("activity goes in frames of at most as many sessions as one may have, and no frame is empty [CONN-7]", () => {
  for (const [count, sizes] of [
    [0, []],
    [1, [1]],
    [MAX_ACTIVITY, [MAX_ACTIVITY]],
    [MAX_ACTIVITY + 1, [MAX_ACTIVITY, 1]],
  ] as const) {
    const { one, sent } = connection();
    const sessions = Array.from({ length: count }, (_, n) => [`s${n}`, n] as const);
    one.sendActivity(sessions);
    assert.deepEqual(
      sent.map(({ type, sessions: told }) => [type, Array.isArray(told) ? told.length : 0]),
      sizes.map((size) => ["activity", size]),
    );
    assert.deepEqual(
      sent.flatMap(({ sessions: told }) => told),
      sessions.map((pair) => [...pair]),
    );
  }
});

test("whoever closes says goodbye once, hears nothing any more, and says and asks nothing any more [CONN-2]", async () => {
  const fetchToken = (): never => assert.fail("a bearer was fetched");
  const { one, begin, tell, opened, feed, clock, knowledge, kinds, closed, ended, counters } = connection({
    fetchToken,
  });
  begin();
  one.close();
  one.close();
  assert.equal(one.welcomed, false);
  const said = kinds().length;
  tell(feed.noticesFrame(after(feed.head), after(feed.head, 2), []));
  opened[0]?.onText("{");
  opened[0]?.onOpen();
  opened[0]?.onClose(1006);
  await clock.advance(4_000_000);
  assert.deepEqual([kinds().length, kinds().filter((kind) => kind === "bye").length], [said, 1]);
  assert.deepEqual([closed, ended, counters.malformedFrames, knowledge.view.state], [[1000], [], 0, "live"]);
});

test("a connection that ends is told once, with its code, and the view stays [LEASE-7]", async () => {
  const { begin, opened, ended, closed, clock, knowledge, kinds } = connection();
  begin();
  const said = kinds().length;
  opened[0]?.onClose(1012);
  opened[0]?.onClose(1006);
  await clock.advance(4_000_000);
  assert.deepEqual([ended, closed, knowledge.view.state, kinds().length], [[1012], [], "live", said]);
});

test("silence is left after ten seconds, or half of M where that is less [LEASE-9]", async () => {
  for (const [maxStalenessMs, welcomed, patience] of [
    [60_000, true, 10_000],
    [60_000, false, 10_000],
    [12_000, true, 6000],
    [12_000, false, 10_000],
    [1000, true, 500],
  ] as const) {
    const { begin, clock, ended, closed } = connection({ maxStalenessMs });
    if (welcomed) begin();
    await clock.advance(patience);
    assert.deepEqual(ended, [], `${maxStalenessMs}: as long as that is patience`);
    await clock.advance(Math.min(1000, maxStalenessMs / 4));
    assert.deepEqual([ended, closed], [[1000], [1000]], `${maxStalenessMs}: longer is none`);
  }
});

test("any frame breaks the silence, one that says nothing too [LEASE-9]", async () => {
  const { begin, tell, clock, ended } = connection();
  begin();
  await clock.advance(9000);
  tell({ type: "weather" });
  await clock.advance(10_000);
  assert.deepEqual(ended, []);
  await clock.advance(1000);
  assert.deepEqual(ended, [1000]);
});

test("an answered ping says what the server's clock is ahead of the middle between question and answer [LEASE-1]", async () => {
  const { begin, sent, feed, clock, tell, leases } = connection();
  begin();
  const n = String(sent.at(-1)?.["n"]);
  await clock.advance(400);
  const head = feed.headFrame(n);
  tell({ ...head, time_ms: clock.now() + 1000 });
  assert.deepEqual(leases, [1200]);
  tell(head, feed.headFrame("AAAAAAAAAAAAAAAAAAAAAA"));
  assert.deepEqual(leases, [1200], "an answer that grants nothing says nothing of clocks");
});

test("a fresh bearer is fetched when three to four fifths of the old one's time are over, and no sooner than in a second [CONN-1]", async () => {
  for (const [roll, expiresIn, due] of [
    [0, 10_000, 6000],
    [255, 10_000, 8000],
    [0, 100, 1000],
  ] as const) {
    let fetched = 0;
    const { begin, clock, kinds } = connection({
      roll,
      bearer: { token: "t", expiresAt: new TestClock().now() + expiresIn },
      fetchToken: async () => {
        fetched += 1;
        return { token: "t2", expiresAt: Number.MAX_SAFE_INTEGER };
      },
    });
    begin();
    await clock.advance(due - 2);
    assert.deepEqual([fetched, kinds().includes("auth")], [0, false]);
    await clock.advance(2);
    assert.deepEqual([fetched, kinds().filter((kind) => kind === "auth").length], [1, 1]);
  }
});

test("a bearer that says no time lasts as long as the welcome says, and as long again as it did [CONN-1]", async () => {
  let fetched = 0;
  const { begin, clock, tell, sent } = connection({
    fetchToken: async () => {
      fetched += 1;
      return { token: `t${fetched}` };
    },
  });
  begin({ token_expires_ms: clock.now() + 10_000 });
  // Six tenths of what is left, each time, with the lowest roll.
  for (const [wait, total] of [
    [6000, 1],
    [3600, 2],
  ] as const) {
    tell({ type: "weather" });
    await clock.advance(wait - 1);
    assert.equal(fetched, total - 1);
    await clock.advance(1);
    assert.equal(fetched, total);
  }
  assert.deepEqual(
    sent.filter(({ type }) => type === "auth").map(({ token }) => token),
    ["t1", "t2"],
  );
});

test("a bearer that is not to be had now is asked for again [CONN-1] [K-04]", async () => {
  let fetched = 0;
  const { begin, clock, tell, kinds } = connection({
    bearer: { token: "t", expiresAt: new TestClock().now() + 10_000 },
    fetchToken: async () => {
      fetched += 1;
      if (fetched === 1) throw new Error("down");
      return { token: "t2" };
    },
  });
  begin();
  await clock.advance(6000);
  tell({ type: "weather" });
  await clock.advance(2399);
  assert.deepEqual([fetched, kinds().includes("auth")], [1, false], "six tenths of the four seconds that are left");
  await clock.advance(1);
  assert.deepEqual([fetched, kinds().includes("auth")], [2, true]);
});

test("a bearer that comes after the end is sent to nobody, and one that does not come is not asked for again [CONN-1]", async () => {
  for (const late of [async () => ({ token: "t2" }), () => Promise.reject(new Error("down"))]) {
    const gate = Promise.withResolvers<void>();
    let fetched = 0;
    const { begin, clock, one, kinds } = connection({
      bearer: { token: "t", expiresAt: new TestClock().now() + 1000 },
      fetchToken: () => {
        fetched += 1;
        return gate.promise.then(late);
      },
    });
    begin();
    await clock.advance(1000);
    assert.equal(fetched, 1);
    one.close();
    gate.resolve();
    await clock.advance(100_000);
    assert.deepEqual([fetched, kinds().includes("auth")], [1, false]);
  }
});

test("a head that contradicts what was applied ends the connection, and one beyond it does at the third time [LEASE-1] [LEASE-7] [FEED-8]", () => {
  for (const [pos, times, why] of [
    ["2.1", 1, "gap"],
    ["1.0", 1, "went_back"],
    ["1.2", 3, "gap"],
  ] as const) {
    const { begin, tell, feed, sent, ended, leases, knowledge } = connection();
    feed.take({ kind: "token", jti: "x" });
    begin();
    for (let time = 1; time <= times; time += 1) {
      assert.deepEqual(ended, []);
      const n = String(sent.findLast(({ type }) => type === "ping")?.["n"]);
      tell({ ...feed.headFrame(n), pos });
      if (time < times) tell(feed.noticesFrame(feed.head, feed.head, []));
    }
    const { view } = knowledge;
    assert.deepEqual([ended, leases, view.state === "lost" && view.why], [[FEED_CLOSE.malformed], [], why], pos);
  }
});

test("a roll of the dice is a fraction of one, and a name is every byte of it in hexadecimal", () => {
  const rolled = (bytes: readonly number[]): Ports["dice"] => ({
    bytes: (length) => Uint8Array.from({ length }, (_, index) => bytes[index] ?? 0),
  });
  const ports = (bytes: readonly number[]) => ({ dice: rolled(bytes) }) as Ports;
  assert.equal(fraction(ports([0])), 0);
  assert.equal(fraction(ports([128])), 0.5);
  assert.equal(fraction(ports([0, 0, 0, 1])), 2 ** -32);
  assert.equal(randomName(ports([1, 2, 255, 16])), "0102ff1000000000");
});
