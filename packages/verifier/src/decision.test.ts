// The boundaries of a decision, to the millisecond: how old the view is, how long an answer holds, what is asked about and what is noted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestIssuer } from "./testing/index.ts";
import { answerTo, peerOf, sentBy } from "./testing/scene.ts";
import { OTHER_SID, options, SID, sessionStage } from "./testing/session-stage.ts";

test("a view whose age is M to the millisecond is too old, and one millisecond before it is not [LEASE-3] [AT-V8]", async () => {
  // 60,000 ms times 1.001.
  const issuer = await createTestIssuer({ ...options, maxStalenessMs: 60_060 });
  const token = await issuer.token();
  issuer.feed.reachable = false;
  await issuer.clock.advance(59_999);
  assert.equal(await answerTo(issuer, token), "accepted");
  await issuer.clock.advance(1);
  assert.equal(await answerTo(issuer, token), "view_too_old");
  issuer.close();
});

test("an unknown key is refused only by a view that is younger than what is certain, a removed one by any that is fresh [AT-V3]", async () => {
  // 4,000 ms times 1.001.
  const issuer = await createTestIssuer({ ...options, maxStalenessMs: 4004 });
  const stranger = await createTestIssuer(options);
  const token = await stranger.token();
  issuer.feed.reachable = false;
  await issuer.clock.advance(3999);
  assert.equal(await answerTo(issuer, token), "unknown_key");
  await issuer.clock.advance(1);
  assert.equal(await answerTo(issuer, token), "view_too_old");
  const cut = await createTestIssuer(options);
  const [mine, kid] = [await cut.token(), cut.feed.keys[0]?.kid ?? ""];
  assert.equal(await answerTo(cut, mine), "accepted");
  await cut.rotateKey();
  await cut.removeKey(kid);
  cut.feed.reachable = false;
  await cut.clock.advance(6000);
  assert.equal(await answerTo(cut, mine), "unknown_key");
  for (const one of [cut, stranger, issuer]) one.close();
});

test("what a view that is too old can't say is asked about only where the token is genuine, and never by a verifier that is closed [AT-V8]", async () => {
  const { issuer, verifier, asked, code, live, say } = await sessionStage({ onStale: "introspect" });
  const stranger = await createTestIssuer(options);
  const [mine, foreign] = [await issuer.token(), await stranger.token()];
  say(async () => live({ sid: OTHER_SID }));
  assert.equal(await code(mine), "accepted");
  await issuer.goStale();
  assert.deepEqual([await code(foreign), asked()], ["view_too_old", 0]);
  await code(mine);
  assert.equal(asked(), 1);
  verifier.close();
  assert.deepEqual([await code(mine), await code(foreign), asked()], ["closed", "closed", 1]);
  stranger.close();
  issuer.close();
});

test("an answer about a session token holds until the same instant, however late it is used [ST-V3]", async () => {
  const { issuer, verifier, token } = await sessionStage();
  const untilOf = async (): Promise<number> => {
    const verdict = await verifier.verify(token);
    assert.ok(verdict.kind === "accepted");
    return verdict.until;
  };
  const start = issuer.clock.now();
  const ends: number[] = [];
  for (let minute = 0; minute < 10; minute += 1) {
    await untilOf();
    await issuer.advance(59_000);
    ends.push((await untilOf()) - start);
  }
  for (const end of ends) assert.ok(end <= 600_000, `${end}`);
  verifier.close();
  issuer.close();
});

test("a session is noted again after five seconds, not before, by the server's clock [CONN-7] [ST-V7]", async () => {
  const issuer = await createTestIssuer(options);
  const { clock, feed } = issuer;
  const token = await issuer.token({ sid: SID });
  const usedFor = async (ms: number): Promise<unknown> => {
    const from = sentBy(issuer, "activity").length;
    assert.equal(await answerTo(issuer, token), "accepted");
    await clock.advance(ms);
    assert.equal(await answerTo(issuer, token), "accepted");
    await clock.advance(30_000);
    return sentBy(issuer, "activity")
      .slice(from)
      .flatMap(({ sessions }) => sessions);
  };
  assert.deepEqual(await usedFor(4999), [[SID, clock.now() - 34_999]]);
  assert.deepEqual(await usedFor(5000), [[SID, clock.now() - 30_000]]);
  feed.answers = false;
  const from = peerOf(issuer).received.length;
  await clock.advance(1000);
  const ping = peerOf(issuer)
    .received.slice(from)
    .find(({ type }) => type === "ping");
  assert.ok(ping?.type === "ping");
  peerOf(issuer).send({ ...feed.headFrame(ping.n), time_ms: clock.now() + 7000 });
  const ahead = issuer.verifier.metrics().clockSkewMs;
  assert.ok(ahead >= 6000 && ahead <= 8000, `${ahead}`);
  feed.answers = true;
  const sent = sentBy(issuer, "activity").length;
  assert.equal(await answerTo(issuer, token), "accepted");
  const at = Math.floor(clock.now() + ahead);
  issuer.verifier.close();
  await clock.advance(0);
  assert.deepEqual(sentBy(issuer, "activity")[sent]?.sessions, [[SID, at]]);
  issuer.close();
});

test("a stream is over when an epoch began between the verdict and the watching [AT-V7]", async () => {
  const issuer = await createTestIssuer(options);
  const verdict = await issuer.verifier.verify(await issuer.token());
  assert.ok(verdict.kind === "accepted");
  issuer.feed.take({ kind: "epoch" });
  const reasons: string[] = [];
  issuer.verifier.onEnded(verdict, (reason) => reasons.push(reason));
  await issuer.advance(0);
  assert.deepEqual(reasons, ["revoked"]);
  issuer.close();
});

test("what was said of a session token before an epoch began is asked about again [ST-V4]", async () => {
  const { issuer, asked, code } = await sessionStage();
  assert.equal(await code(), "accepted");
  issuer.feed.take({ kind: "epoch" });
  await issuer.advance(0);
  assert.deepEqual([await code(), asked()], ["accepted", 2]);
  issuer.close();
});
