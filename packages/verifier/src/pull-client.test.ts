// Whoever pulls, without a verifier around it: pauses, what is given back, what is joined, what is counted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Activity } from "./activity.ts";
import { Knowledge } from "./knowledge.ts";
import { newCounters, reportOf } from "./metrics.ts";
import { settingsFrom } from "./options.ts";
import { platformCrypto } from "./platform-crypto.ts";
import type { FeedBearer, Ports, PullReply } from "./ports.ts";
import { PullClient } from "./pull-client.ts";
import { MemoryFeed } from "./testing/memory-feed.ts";
import { settled, TestClock } from "./testing/test-clock.ts";
import type { Trouble } from "./trouble.ts";

const issuer = "https://auth.example";
const SID = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";
const NOTHING = { trackedNotices: 0, tableBytes: 0, rememberedTokens: 0, viewAgeMs: 0, clockSkewMs: 0 };

interface Given {
  /** In the place of the feed. */
  readonly pull?: (body: string) => Promise<PullReply>;
  readonly fetchToken?: () => Promise<FeedBearer>;
  /** Each byte that the dice give. */
  readonly roll?: number;
}

function pulling({ roll = 0, ...given }: Given = {}) {
  const clock = new TestClock();
  const feed = new MemoryFeed({ issuer, now: () => clock.now() });
  const counters = newCounters();
  const bodies: string[] = [];
  const leases: number[] = [];
  let nonces = 0;
  const ports: Ports = {
    clock,
    scheduler: clock,
    dice: { bytes: (length) => new Uint8Array(length).fill(length === 16 ? (nonces += 1) : roll) },
    crypto: platformCrypto(),
    connect: () => assert.fail("connected"),
    fetchToken: given.fetchToken ?? (async () => ({ token: "t", expiresAt: clock.now() + 600_000 })),
    pull: (token, body) => {
      bodies.push(body);
      return given.pull?.(body) ?? feed.pull(token, body);
    },
  };
  const knowledge = new Knowledge(() => {});
  const activity = new Activity(undefined, () => false);
  const trouble: Trouble = { words: null };
  const client = new PullClient({
    ports,
    settings: settingsFrom({ issuer, audience: "a", feed: "pull" }),
    knowledge,
    counters,
    instance: () => "i",
    stats: () => reportOf(counters, NOTHING),
    trouble,
    onLease: (serverAhead) => void leases.push(serverAhead),
    activity,
  });
  const kindsOf = (body = ""): readonly unknown[] =>
    body
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { readonly type: string }).type);
  return { clock, feed, counters, bodies, leases, knowledge, activity, trouble, client, kindsOf };
}

test("after each failure the pause doubles from a quarter of a second to five, of which half at least is waited [PULL-8]", async () => {
  for (const [roll, share] of [
    [0, 0.5],
    [255, 1],
  ] as const) {
    const { feed, clock, client, bodies } = pulling({ roll });
    feed.reachable = false;
    for (const [index, longest] of [250, 500, 1000, 2000, 4000, 5000, 5000].entries()) {
      await client.renew();
      assert.equal(bodies.length, index + 1);
      await clock.advance(longest * share - 1);
      await client.renew();
      assert.equal(bodies.length, index + 1, `within the pause of ${longest}`);
      await clock.advance(1);
    }
    feed.reachable = true;
    await client.renew();
    assert.equal(client.connected, true);
    feed.reachable = false;
    await client.renew();
    assert.equal(client.connected, false);
    const before = bodies.length;
    await clock.advance(250);
    await client.renew();
    assert.equal(bodies.length, before + 1, "an answer began the pauses anew");
  }
});

test("it is due when half of M is over, nobody asks and nothing is paused [PULL-8]", async () => {
  const gate = Promise.withResolvers<PullReply>();
  const { client, clock } = pulling({ pull: () => gate.promise });
  assert.deepEqual([client.isDue(29_999), client.isDue(30_000), client.isDue(90_000)], [false, true, true]);
  const renewed = client.renew();
  assert.equal(client.isDue(30_000), false);
  gate.reject(new Error("down"));
  await renewed;
  assert.equal(client.isDue(30_000), false);
  await clock.advance(250);
  assert.equal(client.isDue(30_000), true);
});

test("it is connected once an answer was applied, and no longer when one failed [PULL-8]", async () => {
  const { client, feed } = pulling();
  assert.equal(client.connected, false);
  await client.renew();
  assert.equal(client.connected, true);
  feed.reachable = false;
  await client.renew();
  assert.equal(client.connected, false);
});

test("sessions that were used go with the request, once, and again where it failed [PULL-1] [CONN-7]", async () => {
  const { client, feed, clock, activity, bodies, kindsOf } = pulling();
  await client.renew();
  assert.deepEqual(kindsOf(bodies[0]), ["hello", "ping"]);
  activity.note(SID, clock.now());
  feed.reachable = false;
  await client.renew();
  assert.deepEqual(kindsOf(bodies[1]), ["hello", "activity", "ping"]);
  feed.reachable = true;
  await clock.advance(5000);
  await client.renew();
  assert.deepEqual(kindsOf(bodies[2]), ["hello", "activity", "ping"]);
  await client.renew();
  assert.deepEqual(kindsOf(bodies[3]), ["hello", "ping"]);
});

test("a bearer that is not to be had is counted, and nothing is asked [K-04]", async () => {
  const { client, counters, bodies } = pulling({ fetchToken: () => Promise.reject(new Error("down")) });
  await client.renew();
  assert.deepEqual(
    [counters.bearerFailures, counters.feedConnects, bodies.length, counters.malformedFrames],
    [1, 0, 0, 0],
  );
  await assert.rejects(client.ready());
});

test("each request is counted, and one that is answered says what the server's clock is ahead [PULL-5]", async () => {
  const { client, counters, leases, feed, clock } = pulling();
  await client.renew();
  await client.renew();
  assert.deepEqual([counters.feedConnects, counters.malformedFrames, counters.feedGaps, leases], [2, 0, 0, [0, 0]]);
  feed.head = { epoch: 1, seq: 9 };
  await client.renew();
  assert.deepEqual(
    [counters.feedGaps, leases.length, client.connected],
    [0, 3, true],
    "a frame covers what the head says",
  );
  feed.head = { epoch: 1, seq: 1 };
  await client.renew();
  assert.deepEqual([counters.feedGaps, leases.length, client.connected], [1, 3, false], "it went back");
  await clock.advance(10_000);
});

test("what was closed asks nobody any more, and an answer that comes later is not applied [PULL-8]", async () => {
  const gate = Promise.withResolvers<void>();
  const { client, feed, bodies, knowledge } = pulling({
    pull: async (body) => {
      await gate.promise;
      return feed.pull("t", body);
    },
  });
  const renewed = client.renew();
  await settled();
  client.close();
  gate.resolve();
  await renewed;
  await client.renew();
  assert.deepEqual([bodies.length, knowledge.view.state], [1, "empty"]);
});

test("a welcome of another issuer, another version, or that resumes nothing is not applied [F-12] [PULL-6]", async () => {
  for (const change of [{ issuer: "https://other.example" }, { feed: 2 }, { resumed: true }]) {
    const { client, feed, knowledge, bodies } = pulling({
      pull: async (body) => {
        const { status, text } = await feed.pull("t", body);
        const [welcome = "", ...rest] = text.split("\n");
        const frames = rest.filter((line) => !("resumed" in change) || !line.includes('"snapshot"'));
        return { status, text: [JSON.stringify({ ...JSON.parse(welcome), ...change }), ...frames].join("\n") };
      },
    });
    await client.renew();
    assert.deepEqual([knowledge.salt.length, knowledge.view.state, client.connected], [0, "empty", false]);
    await client.renew();
    assert.equal(bodies.length, 1, "a pause follows, as after every answer that does not count");
  }
});

test("a head that says more than came with it grants nothing, and is counted as a gap [LEASE-5] [PULL-6]", async () => {
  const { client, feed, leases, counters, bodies } = pulling({
    pull: async (body) => {
      const { status, text } = await feed.pull("t", body);
      const [head = "", ...before] = text.trimEnd().split("\n").toReversed();
      const more = JSON.stringify({ ...JSON.parse(head), keys: 9 });
      return { status, text: [...before.toReversed(), more].join("\n") };
    },
  });
  await client.renew();
  await client.renew();
  assert.deepEqual([leases, counters.feedGaps, bodies.length], [[], 1, 1]);
  await assert.rejects(client.ready());
});

test("an answer that skips a part of its snapshot is a gap, also where a whole snapshot follows [PULL-6]", async () => {
  const { client, feed, leases, counters } = pulling({
    pull: async (body) => {
      const { status, text } = await feed.pull("t", body);
      const lines = text.trimEnd().split("\n");
      const skipping = lines
        .filter((line) => line.includes('"snapshot"'))
        .map((line) => ({ ...JSON.parse(line), part: 2 }));
      return {
        status,
        text: [...lines.slice(0, 2), ...skipping.map((part) => JSON.stringify(part)), ...lines.slice(2)].join("\n"),
      };
    },
  });
  await client.renew();
  assert.deepEqual([leases, counters.malformedFrames, counters.feedGaps, client.connected], [[], 0, 1, false]);
});

test("whoever joined a request whose answer came too late for them sends their own [PULL-7]", async () => {
  const gate = Promise.withResolvers<void>();
  const { client, clock, feed, bodies } = pulling({
    pull: async (body) => {
      await gate.promise;
      return feed.pull("t", body);
    },
  });
  const both = [client.renew()];
  await settled();
  await clock.advance(100);
  both.push(client.renew(2000));
  await clock.advance(3000);
  gate.resolve();
  await Promise.all(both);
  assert.equal(bodies.length, 2);
});

test("a request that nobody answers is given up after ten seconds, with a pause, and its late answer disturbs no other [PULL-7]", async () => {
  const gates = [Promise.withResolvers<PullReply>(), Promise.withResolvers<PullReply>()];
  const { client, clock, bodies } = pulling({ pull: () => gates[bodies.length - 1]?.promise ?? assert.fail("asked") });
  const first = client.renew();
  await clock.advance(9999);
  assert.equal(client.isDue(60_000), false);
  await clock.advance(1);
  await first;
  await client.renew();
  assert.equal(bodies.length, 1, "paused");
  await clock.advance(250);
  void client.renew();
  await settled();
  gates[0]?.reject(new Error("late"));
  await settled();
  // Longer than any pause that the late one could have begun.
  await clock.advance(5000);
  void client.renew();
  await settled();
  assert.equal(bodies.length, 2, "the second is still joined");
  client.close();
  await clock.advance(20_000);
});

test("a request that was given up says nothing of a view that a later one has renewed", async () => {
  const late = Promise.withResolvers<PullReply>();
  const { client, clock, feed, bodies, trouble } = pulling({
    pull: (body) => (bodies.length === 1 ? late.promise : feed.pull("t", body)),
  });
  const first = client.renew();
  await clock.advance(10_000);
  await first;
  assert.match(trouble.words ?? "", /did not come/);
  await clock.advance(250);
  await client.renew();
  assert.equal(client.connected, true);
  late.reject(new Error("late"));
  await settled();
  assert.equal(trouble.words, null);
});

test("an answer in which welcome, keys or head is missing, or another, is not applied, and one with a frame that nobody knows is [PULL-3]", async () => {
  const changes: readonly [applied: boolean, change: (lines: readonly string[]) => readonly string[]][] = [
    [true, (lines) => lines],
    [true, ([welcome = "", ...rest]) => [welcome, '{"type":"weather"}', ...rest]],
    [false, ([, ...rest]) => rest],
    [false, ([, keys = "", ...rest]) => [keys, keys, ...rest]],
    [false, ([welcome = "", , ...rest]) => [welcome, ...rest]],
    [false, (lines) => lines.slice(0, -1)],
    [false, ([welcome = "", keys = "", ...rest]) => [welcome, keys, keys, ...rest]],
    [false, () => []],
  ];
  for (const [index, [applied, change]] of changes.entries()) {
    const { client, feed, knowledge, counters } = pulling({
      pull: async (body) => {
        const { status, text } = await feed.pull("t", body);
        return { status, text: change(text.trimEnd().split("\n")).join("\n") };
      },
    });
    await client.renew();
    const found = [client.connected, knowledge.view.state !== "empty", counters.malformedFrames];
    assert.deepEqual(found, [applied, applied, applied ? 0 : 1], `the answer ${index}`);
  }
});

test("a set of keys that went back is taken with a welcome: the issuer may come from a backup [PULL-6]", async () => {
  const { client, feed, knowledge } = pulling();
  feed.keysVersion = 5;
  await client.renew();
  feed.keysVersion = 3;
  await client.renew();
  assert.deepEqual([client.connected, knowledge.keys.version], [true, 3]);
});
