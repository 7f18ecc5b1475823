// The verifier against a server that speaks the frames of spec/feed.md, on a clock that the test holds.

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPosition, type Position, type VerifierFrame } from "@hallpass/protocol";
import { platformCrypto } from "./platform-crypto.ts";
import type { Ports } from "./ports.ts";
import { createTestIssuer, type TestIssuer } from "./testing/index.ts";
import { MemoryFeed } from "./testing/memory-feed.ts";
import { settled, TestClock } from "./testing/test-clock.ts";
import { newKey, signJws } from "./testing/test-issuer.ts";
import { createVerifierOn } from "./verifier.ts";

const options = { issuer: "https://auth.example", audience: "https://api.example" };

async function kindOf(issuer: TestIssuer, token: string, maxAgeMs?: number): Promise<string> {
  const verdict = await issuer.verifier.verify(token, maxAgeMs === undefined ? {} : { maxAgeMs });
  return verdict.kind === "accepted" ? "accepted" : verdict.code;
}

type Kind = VerifierFrame["type"];
const sentTo = <K extends Kind>(issuer: TestIssuer, kind: K): Extract<VerifierFrame, { type: K }>[] =>
  (issuer.feed.history.at(-1)?.received ?? []).filter((frame) => frame.type === kind) as Extract<
    VerifierFrame,
    { type: K }
  >[];

const peerOf = (issuer: TestIssuer) => {
  const [peer] = issuer.feed.peers;
  assert.ok(peer !== undefined);
  return peer;
};
const next = (pos: Position, by = 1): Position => ({ epoch: pos.epoch, seq: pos.seq + by });

test("nothing is accepted before snapshot, keys and lease are there [FEED-1] [F-08]", async () => {
  const clock = new TestClock();
  const feed = new MemoryFeed({ issuer: options.issuer, now: () => clock.now() });
  const key = await newKey();
  feed.keys = [key.wire];
  feed.listening = false;
  const ports: Ports = {
    clock,
    scheduler: clock,
    dice: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
    crypto: platformCrypto(),
    connect: feed.connect,
    fetchToken: async () => ({ token: "t" }),
  };
  const verifier = createVerifierOn(ports, { ...options, onStale: "accept" });
  const iat = Math.floor(clock.now() / 1000);
  const token = await signJws(
    key.sign,
    { alg: "ES256", typ: "at+jwt", kid: key.wire.kid },
    { iss: options.issuer, sub: "u", aud: options.audience, client_id: "c", iat, exp: iat + 600, jti: "j", pos: "1.0" },
  );
  const code = (): string => {
    const verdict = verifier.judge(token);
    return verdict?.kind === "accepted" ? "accepted" : (verdict?.code ?? "nothing");
  };
  await clock.advance(2000);
  assert.equal(code(), "no_view");
  assert.equal(verifier.judge("not a token")?.kind, "rejected", "what is no token needs no view");

  feed.answers = false;
  feed.listening = true;
  await clock.advance(9000);
  const peer = feed.history.at(-1);
  assert.ok(peer !== undefined && peer.received.some(({ type }) => type === "hello"));
  peer.send(feed.welcomeFrame(false));
  assert.equal(code(), "no_view", "a welcome is no view");
  peer.send(feed.keysFrame());
  assert.equal(code(), "no_view", "keys are no view");
  for (const frame of feed.snapshotFrames()) peer.send(frame);
  assert.equal(code(), "no_view", "a view without a lease, not even under accept");
  assert.equal(verifier.readiness().ready, false);
  await settled();
  const ping = peer.received.findLast(({ type }) => type === "ping");
  assert.ok(ping?.type === "ping");
  peer.send(feed.headFrame(ping.n));
  assert.equal(code(), "accepted");
  await verifier.ready();
  verifier.close();
});

test("a revoked token is refused as soon as the notice is here, a good one beside it is not [LEASE-1]", async () => {
  const issuer = await createTestIssuer(options);
  const [mine, other] = [await issuer.token(), await issuer.token()];
  assert.equal(await kindOf(issuer, mine), "accepted");
  await issuer.revoke(mine);
  assert.deepEqual([await kindOf(issuer, mine), await kindOf(issuer, other)], ["revoked", "accepted"]);
  issuer.close();
});

test("a silent partition makes the view stale at M, not before and not later [F-02] [LEASE-1] [LEASE-3] [AT-V8]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  const bad = await issuer.token({ aud: "https://other.example" });
  issuer.feed.reachable = false;
  // 59,941 ms times 1.001 is more than 60,000; the last ping was sent and answered just now.
  await issuer.clock.advance(59_940);
  assert.equal(await kindOf(issuer, token), "accepted");
  await issuer.clock.advance(1);
  assert.equal(await kindOf(issuer, token), "view_too_old");
  assert.equal(await kindOf(issuer, bad), "wrong_audience", "a refusal needs no lease");
  issuer.close();
});

test("the age is that of the ping's sending: answers a minute late make no view fresh [F-03] [LEASE-1] [LEASE-6]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  const { feed, clock } = issuer;
  feed.answers = false;
  const peer = peerOf(issuer);
  const from = peer.received.length;
  await clock.advance(4000);
  const ping = peer.received.slice(from).find(({ type }) => type === "ping");
  assert.ok(ping?.type === "ping");
  const late = feed.headFrame(ping.n);
  clock.sleepThrough(58_000);
  peer.send(late);
  assert.equal(await kindOf(issuer, token), "view_too_old");
  issuer.close();
});

test("a process that was stopped for a minute accepts nothing when it wakes [F-25] [LEASE-8]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  assert.equal(await kindOf(issuer, token), "accepted");
  issuer.clock.sleepThrough(60_000);
  assert.equal(await kindOf(issuer, token), "view_too_old");
  issuer.close();
});

test("the clock is read after every wait inside the call [LEASE-8]", async () => {
  const issuer = await createTestIssuer({ ...options, onStale: "unavailable" });
  const crypto = platformCrypto();
  const clock = issuer.clock;
  const slow = createVerifierOn(
    {
      clock,
      scheduler: clock,
      dice: { bytes: (length) => globalThis.crypto.getRandomValues(new Uint8Array(length)) },
      crypto: {
        ...crypto,
        verifyEs256: async (key, input, signature) => {
          const fits = await crypto.verifyEs256(key, input, signature);
          clock.sleepThrough(60_000);
          return fits;
        },
      },
      connect: issuer.feed.connect,
      fetchToken: async () => ({ token: "t" }),
    },
    options,
  );
  await clock.advance(0);
  const token = await issuer.token();
  assert.equal(slow.readiness().ready, true);
  const verdict = await slow.verify(token);
  assert.equal(verdict.kind === "unavailable" && verdict.code, "view_too_old");
  slow.close();
  issuer.close();
});

test("a wall clock that jumps a day either way lets nothing in that it should not [F-26] [LEASE-3]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token({ exp: Math.floor(issuer.clock.now() / 1000) + 3600 });
  issuer.clock.jumpWall(86_400_000);
  assert.equal(await kindOf(issuer, token), "expired");
  issuer.clock.jumpWall(-86_400_000);
  assert.equal(await kindOf(issuer, token), "accepted");
  issuer.clock.jumpWall(61_000);
  assert.equal(await kindOf(issuer, token), "view_too_old", "until the next answered ping");
  await issuer.advance(1000);
  assert.equal(await kindOf(issuer, token), "accepted");
  issuer.clock.jumpWall(-86_400_000);
  assert.equal(await kindOf(issuer, token), "not_yet_valid");
  issuer.close();
});

test("a lost frame is noticed by the head that follows it, at once, and healed by reconnecting [F-04] [LEASE-7]", async () => {
  const issuer = await createTestIssuer(options);
  const [mine, other] = [await issuer.token(), await issuer.token()];
  issuer.feed.reachable = false;
  await issuer.revoke(mine);
  issuer.feed.reachable = true;
  assert.equal(await kindOf(issuer, mine), "accepted", "within M of a loss that nobody could notice");
  await issuer.clock.advance(999);
  await settled();
  await issuer.clock.advance(1);
  assert.notEqual(await kindOf(issuer, mine), "accepted");
  await issuer.recover();
  assert.deepEqual([await kindOf(issuer, mine), await kindOf(issuer, other)], ["revoked", "accepted"]);
  assert.equal(issuer.verifier.metrics().feedGaps, 1);
  issuer.close();
});

test("a gap ends the lease at once; the loss of the connection does not [LEASE-7] [FEED-3]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  issuer.feed.listening = false;
  peerOf(issuer).close(1006);
  await settled();
  assert.equal(issuer.verifier.readiness().connected, false);
  assert.equal(await kindOf(issuer, token), "accepted");
  issuer.feed.listening = true;
  await issuer.advance(5000);
  const { head } = issuer.feed;
  peerOf(issuer).send(issuer.feed.noticesFrame(next(head), next(head, 2), []));
  assert.equal(await kindOf(issuer, token), "view_too_old");
  issuer.close();
});

test("heads without an outstanding nonce, replayed heads and notices make no view fresher [LEASE-2] [LEASE-6] [F-12]", async () => {
  const issuer = await createTestIssuer(options);
  const { feed, clock } = issuer;
  await clock.advance(3000);
  const peer = peerOf(issuer);
  const ping = peer.received.findLast(({ type }) => type === "ping");
  assert.ok(ping?.type === "ping");
  feed.answers = false;
  for (let second = 0; second < 9; second += 1) {
    await clock.advance(1000);
    peer.send(feed.headFrame(ping.n));
    peer.send(feed.headFrame("AAAAAAAAAAAAAAAAAAAAAA"));
    peer.send(feed.noticesFrame(feed.head, feed.head, []));
  }
  assert.ok(issuer.verifier.readiness().viewAgeMs >= 9000);
  issuer.close();
});

test("a nonce of one connection is worth nothing on the next [LEASE-2] [F-12]", async () => {
  const issuer = await createTestIssuer(options);
  const { feed, clock } = issuer;
  feed.answers = false;
  await clock.advance(1000);
  const ping = peerOf(issuer).received.findLast(({ type }) => type === "ping");
  assert.ok(ping?.type === "ping");
  peerOf(issuer).close(1012);
  await clock.advance(1000);
  const peer = peerOf(issuer);
  peer.send(feed.welcomeFrame(true));
  peer.send(feed.keysFrame());
  const age = issuer.verifier.readiness().viewAgeMs;
  peer.send(feed.headFrame(ping.n));
  assert.equal(issuer.verifier.readiness().viewAgeMs, age);
  issuer.close();
});

test("a feed that speaks for another issuer is left [F-12]", async () => {
  const issuer = await createTestIssuer(options);
  const foreign = new MemoryFeed({ issuer: "https://other.example", now: () => issuer.clock.now() });
  const peer = peerOf(issuer);
  issuer.feed.answers = false;
  peer.close(1006);
  await issuer.advance(300);
  peerOf(issuer).send(foreign.welcomeFrame(false));
  assert.equal(issuer.feed.peers.size, 0);
  issuer.close();
});

test("a frame that can't be read, or of a kind nobody knows, costs freshness and never the process [F-13] [NOT-6]", async () => {
  const poison: ((issuer: TestIssuer) => string)[] = [
    () => "",
    () => "{",
    () => '{"type":"notices"}',
    () => '{"type":"head","n":1}',
    () => JSON.stringify({ type: "keys", version: 2, keys: [{ kid: "x" }] }),
    ({ feed }) => {
      const frame = { ...feed.noticesFrame(feed.head, next(feed.head), []) };
      const notice = { pos: formatPosition(next(feed.head)), at_ms: 1, until_ms: 2, kind: "whole_tenant" };
      return JSON.stringify({ ...frame, notices: [notice] });
    },
    ({ feed }) => {
      const frame = { ...feed.noticesFrame(feed.head, next(feed.head), []) };
      const notice = { pos: formatPosition(next(feed.head, 9)), at_ms: 1, until_ms: 2, kind: "token", jti: "x" };
      return JSON.stringify({ ...frame, notices: [notice] });
    },
  ];
  for (const text of poison) {
    const issuer = await createTestIssuer(options);
    const token = await issuer.token();
    peerOf(issuer).sendText(text(issuer));
    assert.equal(await kindOf(issuer, token), "view_too_old");
    await issuer.recover();
    assert.equal(await kindOf(issuer, token), "accepted");
    issuer.close();
  }
});

test("a frame of a later version is ignored", async () => {
  const issuer = await createTestIssuer(options);
  peerOf(issuer).send({ type: "weather", sun: true });
  assert.equal(await kindOf(issuer, await issuer.token()), "accepted");
  issuer.close();
});

test("a notice whose time is over already is taken all the same [F-13]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  issuer.feed.take({ kind: "session", sid: sidOf(token) }, 0);
  await settled();
  assert.equal(await kindOf(issuer, token), "revoked");
  issuer.close();
});

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
  assert.equal(sentTo(issuer, "hello")[0]?.after, "1.1.AAAAAAAAAAA.AAAAAAAAAAA");
  assert.deepEqual([await kindOf(issuer, early), await kindOf(issuer, late)], ["revoked", "revoked"]);
  issuer.close();
});

test("revocations while a snapshot of many parts is on its way are not lost [F-07] [FEED-2] [FEED-7]", async () => {
  const issuer = await createTestIssuer(options);
  const { feed } = issuer;
  const [before, during] = [await issuer.token(), await issuer.token()];
  feed.listening = false;
  peerOf(issuer).close(1006);
  for (let n = 0; n < 4500; n += 1) feed.take({ kind: "token", jti: `n${n}` });
  await issuer.revoke(before);
  feed.answers = false;
  feed.resumes = false;
  feed.listening = true;
  for (let wait = 0; wait < 30 && feed.peers.size === 0; wait += 1) await issuer.advance(250);
  const peer = peerOf(issuer);
  peer.send(feed.welcomeFrame(false));
  peer.send(feed.keysFrame());
  const [first = {}, ...rest] = feed.snapshotFrames();
  assert.equal(rest.length, 2);
  peer.send(first);
  assert.equal(issuer.verifier.readiness().view, "gathering");
  assert.equal(issuer.verifier.metrics().trackedNotices, 0, "gathered aside");
  for (const frame of rest) peer.send(frame);
  assert.equal(issuer.verifier.metrics().trackedNotices, 4501);
  feed.answers = true;
  await issuer.revoke(during);
  assert.deepEqual([await kindOf(issuer, before), await kindOf(issuer, during)], ["revoked", "revoked"]);
  issuer.close();
});

test("a new epoch refuses what was issued before it, and drops nothing [FEED-4] [AT-V7] [F-09]", async () => {
  const issuer = await createTestIssuer(options);
  const [old, revoked] = [await issuer.token(), await issuer.token({ pos: "2.9" })];
  await issuer.revoke(revoked);
  issuer.feed.take({ kind: "epoch" });
  await settled();
  assert.equal(await kindOf(issuer, old), "older_epoch");
  assert.equal(await kindOf(issuer, revoked), "revoked");
  assert.equal(await kindOf(issuer, await issuer.token()), "accepted");
  issuer.close();
});

test("a head of an epoch that was never announced ends the lease [LEASE-7] [F-09]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  issuer.feed.head = { epoch: 2, seq: 5 };
  await issuer.advance(1000);
  assert.equal(await kindOf(issuer, token), "view_too_old");
  issuer.close();
});

test("a server that went back in the same epoch is noticed, and grants nothing [F-10] [LEASE-1]", async () => {
  const issuer = await createTestIssuer(options);
  await issuer.revoke({ sid: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10" });
  const token = await issuer.token();
  issuer.feed.head = { epoch: 1, seq: 0 };
  await issuer.advance(1000);
  assert.equal(await kindOf(issuer, token), "view_too_old");
  issuer.close();
});

test("a token that expired by the horizon is refused, whatever the wall clock says [FEED-5] [F-17] [AT-V7]", async () => {
  const issuer = await createTestIssuer(options);
  const exp = Math.floor(issuer.clock.now() / 1000) + 600;
  const token = await issuer.token({ exp });
  const { feed } = issuer;
  for (const [horizon, expected] of [
    [(exp + 5) * 1000 - 1, "accepted"],
    [(exp + 5) * 1000, "expired"],
  ] as const) {
    feed.horizon = horizon;
    peerOf(issuer).send(feed.noticesFrame(feed.head, feed.head, []));
    assert.equal(await kindOf(issuer, token), expected);
  }
  issuer.close();
});

test("a key that left the set is refused at once, also for a remembered signature [K-07] [AT-V3]", async () => {
  const issuer = await createTestIssuer(options);
  const kid = issuer.feed.keys[0]?.kid ?? "";
  const old = await issuer.token();
  await issuer.rotateKey();
  const young = await issuer.token();
  assert.deepEqual([await kindOf(issuer, old), await kindOf(issuer, young)], ["accepted", "accepted"]);
  await issuer.removeKey(kid);
  assert.deepEqual([await kindOf(issuer, old), await kindOf(issuer, young)], ["unknown_key", "accepted"]);
  issuer.close();
});

test("an unknown key is a rejection while the view is fresh and unknowable while it is not [AT-V3] [K-01]", async () => {
  const issuer = await createTestIssuer(options);
  const { feed } = issuer;
  const published = feed.keys;
  await issuer.rotateKey();
  const token = await issuer.token();
  feed.publish(published);
  assert.equal(await kindOf(issuer, token), "unknown_key");
  await issuer.goStale();
  assert.equal(await kindOf(issuer, token), "view_too_old");
  issuer.close();
});

test("an older key set on the same connection brings nothing back and ends the lease [LEASE-7] [K-08]", async () => {
  const issuer = await createTestIssuer(options);
  const before = { ...issuer.feed.keysFrame() };
  const kid = issuer.feed.keys[0]?.kid ?? "";
  const token = await issuer.token();
  await issuer.rotateKey();
  await issuer.removeKey(kid);
  peerOf(issuer).send(before);
  assert.notEqual(await kindOf(issuer, token), "accepted");
  await issuer.recover();
  assert.equal(await kindOf(issuer, token), "unknown_key");
  issuer.close();
});

test("an empty key set verifies nothing [K-04]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  issuer.feed.publish([]);
  assert.equal(await kindOf(issuer, token), "unknown_key");
  issuer.close();
});

test("a head that names keys that never came grants nothing [LEASE-1] [LEASE-7]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  issuer.feed.keysVersion += 1;
  await issuer.advance(1000);
  assert.equal(await kindOf(issuer, token), "view_too_old");
  issuer.close();
});

test("a verifier pings every second, four times within a small M, and at once after applying [LEASE-9]", async () => {
  const issuer = await createTestIssuer(options);
  await issuer.advance(1000);
  const before = sentTo(issuer, "ping").length;
  await issuer.advance(10_000);
  assert.equal(sentTo(issuer, "ping").length, before + 10);
  await issuer.revoke({ subject: "u-1" });
  assert.equal(sentTo(issuer, "ping").length, before + 11);
  assert.deepEqual(sentTo(issuer, "ping").at(-1)?.applied, issuer.feed.head);
  await issuer.rotateKey();
  assert.equal(sentTo(issuer, "ping").at(-1)?.keys, issuer.feed.keysVersion);
  issuer.close();

  const quick = await createTestIssuer({ ...options, maxStalenessMs: 1000 });
  const from = sentTo(quick, "ping").length;
  await quick.advance(1000);
  assert.ok(sentTo(quick, "ping").length >= from + 4);
  quick.close();
});

test("nonces are never used twice [LEASE-2]", async () => {
  const issuer = await createTestIssuer(options);
  await issuer.advance(30_000);
  const nonces = sentTo(issuer, "ping").map(({ n }) => n);
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
  });
  const token = await issuer.token();
  issuer.close();
  await settled();
  assert.equal(received.at(-1)?.type, "bye");
  assert.equal(await kindOf(issuer, token), "closed", "whoever said goodbye relies on no lease");
  await assert.rejects(issuer.verifier.ready());
});

test("a fresh bearer is sent in band before the old one ends [CONN-1]", async () => {
  const issuer = await createTestIssuer(options);
  await issuer.advance(599_000);
  assert.ok(sentTo(issuer, "auth").length >= 1);
  assert.equal(issuer.feed.history.length, 1);
  issuer.close();
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

test("a route may ask for a younger view, and never for an older one [AT-V8]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  issuer.feed.reachable = false;
  await issuer.clock.advance(2000);
  assert.equal(await kindOf(issuer, token, 2000), "view_too_old");
  assert.equal(await kindOf(issuer, token, 2100), "accepted");
  await issuer.clock.advance(58_000);
  assert.equal(await kindOf(issuer, token, 1_000_000), "view_too_old");
  assert.equal(await kindOf(issuer, token, Number.NaN), "view_too_old");
  issuer.close();
});

function sidOf(token: string): string {
  const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
  return (JSON.parse(payload) as { readonly sid: string }).sid;
}
