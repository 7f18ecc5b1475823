// How a verifier keeps its connection: hello, pings, bearers, coming back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { platformCrypto } from "./platform-crypto.ts";
import { createTestIssuer } from "./testing/index.ts";
import { MemoryFeed } from "./testing/memory-feed.ts";
import { answerTo, peerOf, sentBy } from "./testing/scene.ts";
import { settled, TestClock } from "./testing/test-clock.ts";
import { createVerifierOn } from "./verifier.ts";

const options = { issuer: "https://auth.example", audience: "https://api.example" };

test("a verifier that comes back shows its cursor, and a snapshot replaces the view when that is too old [F-06] [CONN-3] [POS-6] [FEED-2]", async () => {
  const issuer = await createTestIssuer(options);
  const [early, late] = [await issuer.token(), await issuer.token()];
  await issuer.revoke(early);
  const { feed } = issuer;
  feed.listening = false;
  peerOf(issuer).close(1006);
  await issuer.revoke(late);
  feed.resumes = false;
  feed.listening = true;
  for (let second = 0; second < 30; second += 1) await issuer.advance(1000);
  assert.equal(sentBy(issuer, "hello")[0]?.after, "1.1.AAAAAAAAAAA.AAAAAAAAAAA");
  assert.deepEqual([await answerTo(issuer, early), await answerTo(issuer, late)], ["revoked", "revoked"]);
  issuer.close();
});

test("a verifier pings every second, four times within a small M, and at once after applying [LEASE-9]", async () => {
  const issuer = await createTestIssuer(options);
  await issuer.advance(1000);
  const before = sentBy(issuer, "ping").length;
  await issuer.advance(10_000);
  assert.equal(sentBy(issuer, "ping").length, before + 10);
  await issuer.revoke({ subject: "u-1" });
  assert.equal(sentBy(issuer, "ping").length, before + 11);
  assert.deepEqual(sentBy(issuer, "ping").at(-1)?.applied, issuer.feed.head);
  await issuer.rotateKey();
  assert.equal(sentBy(issuer, "ping").at(-1)?.keys, issuer.feed.keysVersion);
  issuer.close();

  const quick = await createTestIssuer({ ...options, maxStalenessMs: 1000 });
  const from = sentBy(quick, "ping").length;
  await quick.advance(1000);
  assert.ok(sentBy(quick, "ping").length >= from + 4);
  quick.close();
});

test("nonces are never used twice [LEASE-2]", async () => {
  const issuer = await createTestIssuer(options);
  await issuer.advance(30_000);
  const nonces = sentBy(issuer, "ping").map(({ n }) => n);
  assert.equal(new Set(nonces).size, nonces.length);
  issuer.close();
});

test("hello is the first frame and says what the receipt needs; bye is the last [CONN-2]", async () => {
  const issuer = await createTestIssuer({
    ...options,
    service: "api",
    region: "eu",
    instance: "api-1",
    maxStalenessMs: 2000,
  });
  const { received } = peerOf(issuer);
  assert.deepEqual(received[0], {
    type: "hello",
    feed: 1,
    instance: "api-1",
    service: "api",
    region: "eu",
    version: "hallpass-verifier/0.1.0",
    after: null,
    max_staleness_ms: 2000,
    on_stale: "unavailable",
    packed: 1,
  });
  const token = await issuer.token();
  issuer.close();
  await settled();
  assert.equal(received.at(-1)?.type, "bye");
  assert.equal(await answerTo(issuer, token), "closed", "whoever said goodbye relies on no lease");
  await assert.rejects(issuer.verifier.ready());
});

test("a fresh bearer is sent in band before the old one ends [CONN-1]", async () => {
  const issuer = await createTestIssuer(options);
  await issuer.advance(599_000);
  assert.ok(sentBy(issuer, "auth").length >= 1);
  assert.equal(issuer.feed.history.length, 1);
  issuer.close();
});

test("a bearer that is good for years, or for ever, is fetched anew within a day: timers that long fire at once [NB-36] [CONN-1]", async () => {
  const DAY = 86_400_000;
  for (const life of [DAY / 2, DAY, 60 * DAY, Number.POSITIVE_INFINITY]) {
    const clock = new TestClock();
    const feed = new MemoryFeed({ issuer: options.issuer, now: () => clock.now() });
    const waits: number[] = [];
    const verifier = createVerifierOn(
      {
        clock,
        dice: { bytes: (length) => new Uint8Array(length) },
        scheduler: { after: (ms, task) => clock.after((waits.push(ms), ms), task) },
        crypto: platformCrypto(),
        connect: feed.connect,
        fetchToken: async () => ({ token: "t", expiresAt: clock.now() + life }),
      },
      options,
    );
    await clock.advance(0);
    assert.equal(Math.max(...waits), 0.6 * Math.min(life, DAY));
    verifier.close();
  }
});

test("a verifier reconnects after a random while that grows to half a minute, and spread over a second when drained [CONN-5]", async () => {
  for (const [code, most] of [
    [1006, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]],
    [1012, [1000, 1000, 1000]],
  ] as const) {
    const clock = new TestClock();
    const waits: number[] = [];
    const verifier = createVerifierOn(
      {
        clock,
        // The highest roll of the dice: the longest wait.
        dice: { bytes: (length) => new Uint8Array(length).fill(255) },
        scheduler: { after: (ms, task) => clock.after((waits.push(ms), ms), task) },
        crypto: platformCrypto(),
        connect: ({ onClose }) => {
          queueMicrotask(() => onClose(code));
          return { send: () => undefined, close: () => undefined };
        },
        fetchToken: async () => ({ token: "t", expiresAt: clock.now() + 1e9 }),
      },
      options,
    );
    for (const longest of most) {
      await clock.advance(0);
      // Each connection also sets its own timer for pings.
      const wait = waits.at(-1) ?? 0;
      assert.ok(wait < longest && wait >= longest - 1, `${wait} of ${longest}`);
      await clock.advance(wait);
    }
    verifier.close();
  }
});

test("no bearer is no crash: the verifier tries again, later and later [CONN-5] [K-04]", async () => {
  const clock = new TestClock();
  let asked = 0;
  const verifier = createVerifierOn(
    {
      clock,
      scheduler: clock,
      dice: { bytes: (length) => new Uint8Array(length).fill(255) },
      crypto: platformCrypto(),
      connect: () => assert.fail("connected without a bearer"),
      fetchToken: async () => {
        asked += 1;
        throw new Error("down");
      },
    },
    options,
  );
  await clock.advance(60_000);
  assert.ok(asked >= 7 && asked <= 10, `${asked} times`);
  assert.equal(verifier.metrics().bearerFailures, asked);
  verifier.close();
});
