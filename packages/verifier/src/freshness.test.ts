// How long a verifier relies on what it knows, whatever network, process and clocks do.

import assert from "node:assert/strict";
import { test } from "node:test";
import { platformCrypto } from "./platform-crypto.ts";
import { createTestIssuer } from "./testing/index.ts";
import { after, answerTo, peerOf } from "./testing/scene.ts";
import { settled } from "./testing/test-clock.ts";
import { evenDice, newKey, signJws } from "./testing/test-issuer.ts";
import { createVerifierOn } from "./verifier.ts";

const options = { issuer: "https://auth.example", audience: "https://api.example" };

test("a silent partition makes the view stale at M, not before and not later [F-01] [F-02] [LEASE-1] [LEASE-3] [AT-V8]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  const bad = await issuer.token({ aud: "https://other.example" });
  issuer.feed.reachable = false;
  // 59,941 ms times 1.001 is more than 60,000; the last ping was sent and answered just now.
  await issuer.clock.advance(59_940);
  assert.equal(await answerTo(issuer, token), "accepted");
  await issuer.clock.advance(1);
  assert.equal(await answerTo(issuer, token), "view_too_old");
  assert.equal(await answerTo(issuer, bad), "wrong_audience", "a refusal needs no lease");
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
  assert.equal(await answerTo(issuer, token), "view_too_old");
  issuer.close();
});

test("a process that was stopped for a minute accepts nothing when it wakes [F-25] [LEASE-8]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  assert.equal(await answerTo(issuer, token), "accepted");
  issuer.clock.sleepThrough(60_000);
  assert.equal(await answerTo(issuer, token), "view_too_old");
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
      dice: evenDice(),
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
  assert.equal(await answerTo(issuer, token), "expired");
  issuer.clock.jumpWall(-86_400_000);
  assert.equal(await answerTo(issuer, token), "accepted");
  issuer.clock.jumpWall(61_000);
  assert.equal(await answerTo(issuer, token), "view_too_old", "until the next answered ping");
  await issuer.advance(1000);
  assert.equal(await answerTo(issuer, token), "accepted");
  issuer.clock.jumpWall(-86_400_000);
  assert.equal(await answerTo(issuer, token), "not_yet_valid");
  issuer.close();
});

test("a lost frame grants nothing from the next head on, and is healed by reconnecting [F-04] [LEASE-1] [LEASE-5]", async () => {
  const issuer = await createTestIssuer(options);
  const [mine, other] = [await issuer.token(), await issuer.token()];
  issuer.feed.reachable = false;
  await issuer.revoke(mine);
  issuer.feed.reachable = true;
  assert.equal(await answerTo(issuer, mine), "accepted", "within M of a loss that nobody could notice");
  await issuer.clock.advance(2000);
  assert.ok(issuer.verifier.readiness().viewAgeMs >= 2000, "heads beyond the view grant nothing");
  await issuer.clock.advance(1000);
  assert.deepEqual([await answerTo(issuer, mine), issuer.verifier.metrics().feedGaps], ["view_too_old", 1]);
  await issuer.recover();
  assert.deepEqual([await answerTo(issuer, mine), await answerTo(issuer, other)], ["revoked", "accepted"]);
  issuer.close();
});

test("three heads in a row beyond what was applied are a gap, and one that grants starts the count again [FEED-8]", async () => {
  const issuer = await createTestIssuer(options);
  const { feed, verifier, clock } = issuer;
  const token = await issuer.token();
  const applied = feed.head;
  for (let time = 0; time < 3; time += 1) {
    feed.head = after(applied);
    await clock.advance(2000);
    assert.equal(await answerTo(issuer, token), "accepted", "one or two of them end nothing");
    assert.ok(verifier.readiness().viewAgeMs >= 2000, "and grant nothing");
    feed.head = applied;
    await clock.advance(1000);
    assert.ok(verifier.readiness().viewAgeMs < 1000);
  }
  assert.equal(verifier.metrics().feedGaps, 0);
  feed.head = after(applied);
  feed.resumes = false;
  feed.listening = false;
  await clock.advance(3000);
  assert.deepEqual([await answerTo(issuer, token), verifier.metrics().feedGaps], ["view_too_old", 1]);
  issuer.close();
});

test("a key that is unknown to a view that is not fresh may have been published since [AT-V8] [AT-V3]", async () => {
  const issuer = await createTestIssuer(options);
  const ours = await newKey();
  const iat = Math.floor(issuer.clock.now() / 1000);
  const token = await signJws(
    ours.sign,
    { alg: "ES256", typ: "at+jwt", kid: ours.wire.kid },
    { iss: options.issuer, sub: "u", aud: options.audience, client_id: "c", iat, exp: iat + 600, jti: "j", pos: "1.0" },
  );
  assert.equal(await answerTo(issuer, token), "unknown_key");
  await issuer.goStale();
  assert.equal(await answerTo(issuer, token), "view_too_old");
  assert.equal(await answerTo(issuer, "no token"), "malformed_token", "what no key could mend is refused");
  await issuer.recover();
  assert.equal(await answerTo(issuer, token), "unknown_key");
  issuer.close();
});

test("a key set that can't be read is a lost one, and ends the lease [LEASE-7]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  issuer.feed.listening = false;
  peerOf(issuer).send({ type: "keys", version: issuer.feed.keysVersion + 1, keys: [{ kid: "k" }] });
  assert.equal(await answerTo(issuer, token), "view_too_old");
  issuer.close();
});

test("a gap ends the lease at once; the loss of the connection does not [LEASE-7] [FEED-3]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  issuer.feed.listening = false;
  peerOf(issuer).close(1006);
  await settled();
  assert.equal(issuer.verifier.readiness().connected, false);
  assert.equal(await answerTo(issuer, token), "accepted");
  issuer.feed.listening = true;
  await issuer.advance(5000);
  const { head } = issuer.feed;
  peerOf(issuer).send(issuer.feed.noticesFrame(after(head), after(head, 2), []));
  assert.equal(await answerTo(issuer, token), "view_too_old");
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

test("a head of an epoch that was never announced ends the lease [LEASE-7] [F-09]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  issuer.feed.head = { epoch: 2, seq: 5 };
  await issuer.advance(1000);
  assert.equal(await answerTo(issuer, token), "view_too_old");
  issuer.close();
});

test("a server that went back in the same epoch is noticed, and grants nothing [F-10] [LEASE-1]", async () => {
  const issuer = await createTestIssuer(options);
  await issuer.revoke({ sid: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10" });
  const token = await issuer.token();
  issuer.feed.head = { epoch: 1, seq: 0 };
  await issuer.advance(1000);
  assert.equal(await answerTo(issuer, token), "view_too_old");
  issuer.close();
});

test("a head that names keys that never came grants nothing [LEASE-1] [LEASE-7]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  issuer.feed.keysVersion += 1;
  await issuer.advance(2000);
  assert.ok(issuer.verifier.readiness().viewAgeMs >= 2000);
  await issuer.advance(1000);
  assert.equal(await answerTo(issuer, token), "view_too_old");
  issuer.close();
});

test("a route may ask for a younger view, and never for an older one [AT-V8]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  issuer.feed.reachable = false;
  await issuer.clock.advance(2000);
  assert.equal(await answerTo(issuer, token, 2000), "view_too_old");
  assert.equal(await answerTo(issuer, token, 2100), "accepted");
  await issuer.clock.advance(58_000);
  assert.equal(await answerTo(issuer, token, 1_000_000), "view_too_old");
  assert.equal(await answerTo(issuer, token, Number.NaN), "view_too_old");
  issuer.close();
});
