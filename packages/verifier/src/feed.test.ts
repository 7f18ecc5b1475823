// The view: a verifier against a server that speaks the frames of spec/feed.md, on a clock that the test holds.

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPosition } from "@hallpass/protocol";
import { platformCrypto } from "./platform-crypto.ts";
import type { Ports } from "./ports.ts";
import { createTestIssuer, type TestIssuer } from "./testing/index.ts";
import { MemoryFeed } from "./testing/memory-feed.ts";
import { after, answerTo, peerOf } from "./testing/scene.ts";
import { settled, TestClock } from "./testing/test-clock.ts";
import { evenDice, newKey, signJws } from "./testing/test-issuer.ts";
import { createVerifierOn } from "./verifier.ts";

const options = { issuer: "https://auth.example", audience: "https://api.example" };

test("nothing is accepted before snapshot, keys and lease are there [FEED-1] [F-08]", async () => {
  const clock = new TestClock();
  const feed = new MemoryFeed({ issuer: options.issuer, now: () => clock.now() });
  const key = await newKey();
  feed.keys = [key.wire];
  feed.listening = false;
  const ports: Ports = {
    clock,
    scheduler: clock,
    dice: evenDice(),
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

test("a revoked token is refused as soon as the notice is here, a good one beside it is not [F-01] [LEASE-1]", async () => {
  const issuer = await createTestIssuer(options);
  const [mine, other] = [await issuer.token(), await issuer.token()];
  assert.equal(await answerTo(issuer, mine), "accepted");
  await issuer.revoke(mine);
  assert.deepEqual([await answerTo(issuer, mine), await answerTo(issuer, other)], ["revoked", "accepted"]);
  issuer.close();
});

test("a token that no notice took away is judged again after every one that comes, in a frame and in a snapshot [AT-V7] [F-01]", async () => {
  const issuer = await createTestIssuer(options);
  const tokens = [await issuer.token(), await issuer.token(), await issuer.token()] as const;
  const answers = (): Promise<readonly string[]> => Promise.all(tokens.map((token) => answerTo(issuer, token)));
  for (let times = 0; times < 3; times += 1) assert.deepEqual(await answers(), ["accepted", "accepted", "accepted"]);
  await issuer.revoke(tokens[0]);
  for (let times = 0; times < 3; times += 1) assert.deepEqual(await answers(), ["revoked", "accepted", "accepted"]);
  issuer.feed.resumes = false;
  issuer.feed.listening = false;
  peerOf(issuer).close(1006);
  await issuer.revoke(tokens[1]);
  issuer.feed.listening = true;
  await issuer.advance(5000);
  for (let times = 0; times < 3; times += 1) assert.deepEqual(await answers(), ["revoked", "revoked", "accepted"]);
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
      const frame = { ...feed.noticesFrame(feed.head, after(feed.head), []) };
      const notice = { pos: formatPosition(after(feed.head)), at_ms: 1, until_ms: 2, kind: "whole_tenant" };
      return JSON.stringify({ ...frame, notices: [notice] });
    },
    ({ feed }) => {
      const frame = { ...feed.noticesFrame(feed.head, after(feed.head), []) };
      const notice = { pos: formatPosition(after(feed.head, 9)), at_ms: 1, until_ms: 2, kind: "token", jti: "x" };
      return JSON.stringify({ ...frame, notices: [notice] });
    },
  ];
  for (const text of poison) {
    const issuer = await createTestIssuer(options);
    const token = await issuer.token();
    peerOf(issuer).sendText(text(issuer));
    assert.equal(await answerTo(issuer, token), "view_too_old");
    await issuer.recover();
    assert.equal(await answerTo(issuer, token), "accepted");
    issuer.close();
  }
});

test("a frame of a later version is ignored", async () => {
  const issuer = await createTestIssuer(options);
  peerOf(issuer).send({ type: "weather", sun: true });
  assert.equal(await answerTo(issuer, await issuer.token()), "accepted");
  issuer.close();
});

test("a notice whose time is over already is taken all the same [F-13]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  issuer.feed.take({ kind: "session", sid: sidOf(token) }, 0);
  await settled();
  assert.equal(await answerTo(issuer, token), "revoked");
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
  assert.deepEqual([await answerTo(issuer, before), await answerTo(issuer, during)], ["revoked", "revoked"]);
  issuer.close();
});

test("a new epoch refuses what was issued before it, and drops nothing [FEED-4] [AT-V7] [F-09]", async () => {
  const issuer = await createTestIssuer(options);
  const [old, revoked] = [await issuer.token(), await issuer.token({ pos: "2.9" })];
  await issuer.revoke(revoked);
  issuer.feed.take({ kind: "epoch" });
  await settled();
  assert.equal(await answerTo(issuer, old), "older_epoch");
  assert.equal(await answerTo(issuer, revoked), "revoked");
  assert.equal(await answerTo(issuer, await issuer.token()), "accepted");
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
    assert.equal(await answerTo(issuer, token), expected);
  }
  issuer.close();
});

test("a key that left the set is refused at once, also for a remembered signature [K-07] [AT-V3]", async () => {
  const issuer = await createTestIssuer(options);
  const kid = issuer.feed.keys[0]?.kid ?? "";
  const old = await issuer.token();
  await issuer.rotateKey();
  const young = await issuer.token();
  assert.deepEqual([await answerTo(issuer, old), await answerTo(issuer, young)], ["accepted", "accepted"]);
  await issuer.removeKey(kid);
  assert.deepEqual([await answerTo(issuer, old), await answerTo(issuer, young)], ["unknown_key", "accepted"]);
  issuer.close();
});

test("an unknown key is a rejection while the view is fresh and unknowable while it is not [AT-V3] [K-01]", async () => {
  const issuer = await createTestIssuer(options);
  const { feed } = issuer;
  const published = feed.keys;
  await issuer.rotateKey();
  const token = await issuer.token();
  feed.publish(published);
  assert.equal(await answerTo(issuer, token), "unknown_key");
  await issuer.goStale();
  assert.equal(await answerTo(issuer, token), "view_too_old");
  issuer.close();
});

test("a key that is unknown to a view which was not confirmed for five seconds is unknowable [AT-V3] [KEY-12]", async () => {
  const issuer = await createTestIssuer(options);
  const { feed } = issuer;
  const published = feed.keys;
  await issuer.rotateKey();
  const token = await issuer.token();
  feed.publish(published);
  feed.reachable = false;
  await issuer.advance(3000);
  assert.equal(await answerTo(issuer, token), "unknown_key");
  await issuer.advance(3000);
  assert.equal(await answerTo(issuer, token), "view_too_old");
  feed.reachable = true;
  for (let second = 0; second < 60; second += 1) await issuer.advance(1000);
  assert.equal(await answerTo(issuer, token), "unknown_key");
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
  assert.notEqual(await answerTo(issuer, token), "accepted");
  await issuer.recover();
  assert.equal(await answerTo(issuer, token), "unknown_key");
  issuer.close();
});

test("an empty key set verifies nothing [K-04]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  issuer.feed.publish([]);
  assert.equal(await answerTo(issuer, token), "unknown_key");
  issuer.close();
});

function sidOf(token: string): string {
  const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
  return (JSON.parse(payload) as { readonly sid: string }).sid;
}
