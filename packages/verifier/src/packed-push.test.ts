// Parts of a snapshot that come over a connection as bytes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { packedBeginning, packFrame, packNotices, type StoredBody, type Taking } from "@hallpass/protocol";
import { answerTo, peerOf, sentBy } from "./testing/scene.ts";
import { settled } from "./testing/test-clock.ts";
import { createTestIssuer, type TestIssuer } from "./testing/test-issuer.ts";

const SID = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";

const stored = (seq: number, taking: Taking): StoredBody => ({
  pos: { epoch: 1, seq },
  at: 1,
  until: 2_000_000_000_000,
  body: JSON.stringify(taking),
});

const message = (...frames: readonly Uint8Array[]): Uint8Array => Buffer.concat([packedBeginning(), ...frames]);

function part(number: number, last: object | undefined, notices: readonly StoredBody[] = []): Uint8Array {
  const text = { type: "snapshot", part: number, last: last !== undefined, ...last, notices: [] };
  return packFrame(JSON.stringify(text), packNotices(notices).packed);
}

const UP_TO_5 = { to: "1.5", cursor: "c", horizon_ms: 0 };

/** An issuer whose verifier has just said hello, and was welcomed. */
async function welcomed(): Promise<TestIssuer> {
  const issuer = await createTestIssuer({ issuer: "https://auth.example", audience: "https://api.example" });
  const { feed } = issuer;
  feed.resumes = false;
  feed.answers = false;
  peerOf(issuer).close(1012);
  await issuer.advance(2000);
  const peer = peerOf(issuer);
  peer.send(feed.welcomeFrame(false));
  peer.send(feed.keysFrame());
  return issuer;
}

async function lease(issuer: TestIssuer): Promise<void> {
  await settled();
  const { n } = sentBy(issuer, "ping").at(-1) ?? assert.fail("nothing was asked");
  peerOf(issuer).send({ ...issuer.feed.headFrame(n), pos: "1.5" });
}

test("a verifier that is pushed to says that it reads packed frames, and one that pulls says so in its headers alone [CONN-9] [PULL-11]", async () => {
  for (const feed of ["push", "pull"] as const) {
    const issuer = await createTestIssuer({ issuer: "https://auth.example", audience: "https://api.example", feed });
    await issuer.verifier.verify(await issuer.token());
    assert.deepEqual(
      sentBy(issuer, "hello").map(({ packed }) => packed),
      [feed === "push" ? 1 : undefined],
    );
    issuer.close();
  }
});

test("packed parts are gathered with those that came as text, and are the view once the last is there [CONN-9] [FEED-2]", async () => {
  const issuer = await welcomed();
  const peer = peerOf(issuer);
  const [first, second, other] = [
    await issuer.token({ sid: SID }),
    await issuer.token({ jti: "AAAAAAAAAAAAAAAAAAAAAA" }),
    await issuer.token(),
  ];
  peer.sendBytes(message(part(1, undefined, [stored(4, { kind: "session", sid: SID })])));
  peer.send({ type: "snapshot", part: 2, last: false, notices: [] });
  assert.equal(sentBy(issuer, "ping").length, 0);
  peer.sendBytes(message(part(3, UP_TO_5, [stored(5, { kind: "token", jti: "AAAAAAAAAAAAAAAAAAAAAA" })])));
  await lease(issuer);
  assert.deepEqual(
    [await answerTo(issuer, first), await answerTo(issuer, second), await answerTo(issuer, other)],
    ["revoked", "revoked", "accepted"],
  );
  assert.equal(issuer.verifier.metrics().trackedNotices, 2);
  issuer.close();
});

test("one message may hold several frames, which count in their order; those of a later version count for nothing [CONN-9] [PULL-12]", async () => {
  const issuer = await welcomed();
  const later = packFrame(JSON.stringify({ type: "weather" }), Uint8Array.of(1, 2, 3));
  peerOf(issuer).sendBytes(message(part(1, undefined), later, part(2, UP_TO_5)));
  await lease(issuer);
  assert.equal(await answerTo(issuer, await issuer.token()), "accepted");
  issuer.close();
});

for (const [what, bytes, malformed] of [
  ["that can't be read", new Uint8Array(0), 1],
  ["with a byte too many", Buffer.concat([message(part(1, UP_TO_5)), Uint8Array.of(0)]), 1],
  ["of another version", Uint8Array.of(0x48, 0x50, 0x46, 2, ...part(1, UP_TO_5)), 1],
  ["whose parts do not follow", message(part(2, UP_TO_5)), 0],
] as const) {
  test(`a message ${what} is a gap: nothing of it counts, and the connection is left [CONN-9] [PULL-13] [LEASE-7]`, async () => {
    const issuer = await welcomed();
    const { feed, verifier } = issuer;
    const { malformedFrames, feedGaps } = verifier.metrics();
    const before = feed.history.length;
    assert.equal(feed.peers.size, 1);
    peerOf(issuer).sendBytes(bytes);
    assert.equal(feed.peers.size, 0);
    assert.deepEqual(
      [verifier.metrics().malformedFrames - malformedFrames, verifier.metrics().feedGaps - feedGaps],
      [malformed, 1 - malformed],
    );
    assert.notEqual(await answerTo(issuer, await issuer.token()), "accepted");
    feed.answers = true;
    await issuer.advance(2000);
    assert.equal(feed.history.length, before + 1);
    assert.equal(await answerTo(issuer, await issuer.token()), "accepted");
    issuer.close();
  });
}
