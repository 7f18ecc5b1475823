// A node that is not what it says, or not what it was: it replays, goes back, speaks of others or asks for more patience than anybody should have.
// TLS and the feed's credential keep strangers out (spec/feed.md); this is what is left to whoever got in between.

import assert from "node:assert/strict";
import { test } from "node:test";
import { platformCrypto } from "./platform-crypto.ts";
import { createTestIssuer, type TestIssuer } from "./testing/index.ts";
import { answerTo, peerOf } from "./testing/scene.ts";
import { settled } from "./testing/test-clock.ts";
import { createVerifierOn } from "./verifier.ts";

const options = { issuer: "https://auth.example", audience: "https://api.example" };

/** What the feed would send to a verifier that begins now. */
function recorded({ feed }: TestIssuer): readonly object[] {
  return [feed.welcomeFrame(false), feed.keysFrame(), ...feed.snapshotFrames()];
}

/** The verifier's next connection is to somebody who plays these frames and answers nothing. */
async function playedBack(issuer: TestIssuer, frames: readonly object[]): Promise<void> {
  const { feed, clock } = issuer;
  feed.answers = false;
  peerOf(issuer).close(1012);
  for (let second = 0; second < 10 && feed.peers.size === 0; second += 1) await clock.advance(500);
  for (const frame of frames) peerOf(issuer).send(frame);
  await clock.advance(0);
}

test("a whole connection that is played back gives nothing back that was taken away since, and makes nothing fresher [NB-22] [F-12] [F-05]", async () => {
  const issuer = await createTestIssuer(options);
  const [revoked, good] = [await issuer.token(), await issuer.token()];
  const before = recorded(issuer);
  await issuer.revoke(revoked);
  assert.equal(await answerTo(issuer, revoked), "revoked");
  await playedBack(issuer, before);
  // Going back costs the lease: that nothing can be known is the answer to the good one, too.
  assert.notEqual(await answerTo(issuer, revoked), "accepted");
  assert.notEqual(await answerTo(issuer, good), "accepted");
  issuer.feed.answers = true;
  await issuer.recover();
  assert.equal(await answerTo(issuer, revoked), "revoked");
  assert.equal(await answerTo(issuer, good), "accepted");
  issuer.close();
});

test("a snapshot that is played back in the middle of a connection is no way back either [NB-23] [F-10]", async () => {
  const issuer = await createTestIssuer(options);
  const revoked = await issuer.token();
  const before = issuer.feed.snapshotFrames();
  await issuer.revoke(revoked);
  for (const frame of before) peerOf(issuer).send(frame);
  await issuer.clock.advance(0);
  assert.notEqual(await answerTo(issuer, revoked), "accepted");
  await issuer.recover();
  assert.equal(await answerTo(issuer, revoked), "revoked");
  issuer.close();
});

test("a set of keys from before a compromise, played back on a new connection, makes nothing fresher [NB-24] [K-07]", async () => {
  const issuer = await createTestIssuer(options);
  const { feed } = issuer;
  const stolen = feed.keys[0]?.kid ?? "";
  const token = await issuer.token();
  const before = recorded(issuer);
  await issuer.rotateKey();
  await issuer.removeKey(stolen);
  assert.equal(await answerTo(issuer, token), "unknown_key");
  await playedBack(issuer, before);
  assert.notEqual(await answerTo(issuer, token), "accepted");
  issuer.close();
});

/** A verifier that gets a snapshot and answered pings from a node with this welcome; what it says of a token that has expired so many seconds ago. */
async function told(welcome: object, expiredFor: number): Promise<string> {
  const issuer = await createTestIssuer(options);
  const { feed, clock } = issuer;
  const [own, ...rest] = recorded(issuer);
  const exp = Math.floor(clock.now() / 1000) - expiredFor;
  const token = await issuer.token({ iat: exp - 600, exp });
  const verifier = createVerifierOn(
    {
      clock,
      scheduler: clock,
      crypto: platformCrypto(),
      dice: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
      fetchToken: async () => ({ token: "t" }),
      connect: (open) => {
        queueMicrotask(open.onOpen);
        const answered = (text: string): void => {
          const frame = JSON.parse(text) as { readonly type: string; readonly n: string };
          if (frame.type === "ping") open.onText(JSON.stringify(feed.headFrame(frame.n)));
          if (frame.type !== "hello") return;
          for (const one of [{ ...own, ...welcome }, ...rest]) open.onText(JSON.stringify(one));
        };
        return { send: (text) => queueMicrotask(() => answered(text)), close: () => undefined };
      },
    },
    options,
  );
  await settled();
  const verdict = await verifier.verify(token);
  verifier.close();
  issuer.close();
  return verdict.kind === "accepted" ? "accepted" : verdict.code;
}

test("an issuer that is written otherwise is another issuer, and a feed of another version none of ours [NB-25] [F-12] [CONN-2]", async () => {
  assert.equal(await told({}, -1), "accepted");
  const others = [
    "https://auth.example/",
    "https://AUTH.example",
    "https://auth.example:443",
    "http://auth.example",
    "",
  ];
  for (const issuer of others) assert.equal(await told({ issuer }, -1), "no_view", issuer);
  for (const feed of [0, 2, 1.5, -1, "1", null]) assert.equal(await told({ feed }, -1), "no_view", String(feed));
});

test("a feed that asks for more than a minute's patience with clocks is left: what has expired stays expired [NB-26] [F-12] [J-26]", async () => {
  assert.equal(await told({ skew_s: 5 }, 4), "accepted");
  assert.equal(await told({ skew_s: 5 }, 5), "expired");
  assert.equal(await told({ skew_s: 60 }, 59), "accepted");
  for (const skew of [61, 3600, 1e9, Number.MAX_SAFE_INTEGER])
    assert.equal(await told({ skew_s: skew }, 30), "no_view");
});
