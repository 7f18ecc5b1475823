// The verifier as a whole, where no rule of a part says it: what it counts, when it is ready, how it ends.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { platformCrypto } from "./platform-crypto.ts";
import type { Ports } from "./ports.ts";
import { answerTo } from "./testing/scene.ts";
import { OTHER_SID, options, SID, sessionStage } from "./testing/session-stage.ts";
import { settled } from "./testing/test-clock.ts";
import { createTestIssuer, evenDice } from "./testing/test-issuer.ts";
import { createVerifierOn } from "./verifier.ts";

// Clocks may drift by a thousandth, so that after 20,000 ms a view may be 20,020 old.
const EXACT = { maxStalenessMs: 20_020 };

describe("readiness", () => {
  test("ends at the instant that M names, not before it [LEASE-6]", async () => {
    const issuer = await createTestIssuer({ ...options, ...EXACT, feed: "pull" });
    await issuer.verifier.verify(await issuer.token());
    issuer.feed.reachable = false;
    await issuer.advance(19_999);
    assert.equal(issuer.verifier.readiness().ready, true);
    await issuer.verifier.ready();
    await issuer.advance(1);
    const { ready, viewAgeMs } = issuer.verifier.readiness();
    assert.deepEqual([ready, viewAgeMs], [false, 20_020]);
    await assert.rejects(issuer.verifier.ready());
  });

  test("ends when the verifier is closed: whoever waits is told, and nothing is fresh any more", async () => {
    const issuer = await createTestIssuer(options);
    await issuer.goStale();
    const waiting = assert.rejects(issuer.verifier.ready(), /closed/);
    issuer.verifier.close();
    await waiting;
    await assert.rejects(issuer.verifier.ready(), /closed/);
    const other = await createTestIssuer(options);
    other.verifier.close();
    const { ready, viewAgeMs } = other.verifier.readiness();
    assert.deepEqual([ready, viewAgeMs], [false, Number.POSITIVE_INFINITY]);
  });

  test("of a closed verifier that pulls: it says so at once, and asks nobody [PULL-8]", async () => {
    const issuer = await createTestIssuer({ ...options, feed: "pull" });
    const token = await issuer.token();
    assert.equal(await answerTo(issuer, token), "accepted");
    issuer.verifier.close();
    const verdict = issuer.verifier.judge(token);
    assert.ok(verdict?.kind === "unavailable");
    assert.equal(verdict.code, "closed");
    assert.equal(issuer.feed.history.length, 1);
  });
});

describe("what a verifier counts", () => {
  test("is each verdict under its kind and code, and as stale only what was", async () => {
    const issuer = await createTestIssuer({ ...options, onStale: "accept" });
    const token = await issuer.token();
    assert.equal(await answerTo(issuer, token), "accepted");
    assert.equal(issuer.verifier.metrics().acceptedStale, 0);
    await issuer.goStale();
    assert.equal(await answerTo(issuer, token), "accepted");
    assert.equal(await answerTo(issuer, token, 1000), "view_too_old");
    assert.equal(await answerTo(issuer, "x"), "malformed_token");
    const { accepted, acceptedStale, rejected, unavailable } = issuer.verifier.metrics();
    assert.deepEqual([accepted, acceptedStale], [2, 1]);
    assert.deepEqual([rejected, unavailable], [{ malformed_token: 1 }, { view_too_old: 1 }]);
  });

  test("is the time of one verification in sixty-four, and each question to the issuer", async () => {
    const { issuer, verifier, live, say, code } = await sessionStage();
    say(async () => {
      issuer.clock.sleepThrough(7);
      return live();
    });
    for (let n = 0; n < 64; n += 1) assert.equal(await code(), "accepted");
    assert.deepEqual([verifier.metrics().verifySamples, verifier.metrics().verifyMs], [1, 7]);
    assert.equal(await code(), "accepted");
    assert.deepEqual([verifier.metrics().verifySamples, verifier.metrics().verifyMs], [2, 7]);

    const asking = await createTestIssuer({ ...options, onStale: "introspect" });
    const text = await asking.token();
    assert.equal(await answerTo(asking, text), "accepted");
    await asking.goStale();
    assert.equal(await answerTo(asking, text), "inactive");
    assert.equal(asking.verifier.metrics().introspections, 1);
  });
});

describe("a session token", () => {
  test("that is judged without a wait is asked about meanwhile, once [ST-V1]", async () => {
    const { verifier, token, asked } = await sessionStage();
    assert.equal(verifier.judge(token), undefined);
    await settled();
    assert.equal(verifier.judge(token)?.kind, "accepted");
    assert.equal(asked(), 1);
  });

  test("to which the issuer said no counts as no answer that was spared, nor does one that is too old [ST-V1]", async () => {
    const { issuer, verifier, say, code, asked, live } = await sessionStage();
    say(async () => '{"active":false}');
    assert.deepEqual([await code(), await code(), asked()], ["inactive", "inactive", 1]);
    await issuer.advance(1000);
    say(async () => live());
    assert.equal(await code(), "accepted");
    await issuer.goStale();
    assert.deepEqual([await code(), asked()], ["view_too_old", 2]);
    assert.equal(verifier.metrics().answersRemembered, 0);
  });

  test("to which a no was on its way while the view was replaced is asked about again [ST-V4]", async () => {
    const { issuer, say, code, asked, live } = await sessionStage();
    const answer = Promise.withResolvers<string>();
    say(() => answer.promise);
    const waiting = code();
    await settled();
    issuer.feed.resumes = false;
    for (const peer of issuer.feed.peers) peer.close(1006);
    await issuer.advance(500);
    answer.resolve('{"active":false}');
    assert.equal(await waiting, "inactive");
    say(async () => live());
    assert.deepEqual([await code(), asked()], ["accepted", 2]);
  });

  test("ends for whoever watches it when this process has counted it down, whatever the issuer's clock says [ST-V3]", async () => {
    const { issuer, verifier, token, live, say } = await sessionStage();
    const iat = Math.floor(issuer.clock.now() / 1000) - 5000;
    say(async () => live({ iat, exp: iat + 601 }));
    const verdict = await verifier.verify(token);
    assert.ok(verdict.kind === "accepted");
    const ends: string[] = [];
    verifier.onEnded(verdict, (reason) => ends.push(reason));
    await issuer.advance(598_000);
    assert.deepEqual(ends, []);
    await issuer.advance(2000);
    assert.deepEqual(ends, ["expired"]);
  });

  test("is a question to nobody while there is no view, whatever the policy says [ST-V5]", async () => {
    for (const onStale of ["accept", "introspect", "unavailable"] as const) {
      const issuer = await createTestIssuer(options);
      issuer.feed.reachable = false;
      let asked = 0;
      const ports: Ports = {
        clock: issuer.clock,
        scheduler: issuer.clock,
        dice: evenDice(),
        crypto: platformCrypto(),
        connect: issuer.feed.connect,
        fetchToken: async () => ({ token: "t", expiresAt: issuer.clock.now() + 600_000 }),
        introspect: async () => {
          asked += 1;
          return '{"active":false}';
        },
      };
      const verdict = await createVerifierOn(ports, { ...options, onStale }).verify(issuer.sessionToken());
      assert.ok(verdict.kind === "unavailable");
      assert.deepEqual([verdict.code, asked], ["no_view", 0]);
    }
  });

  test("that nobody knows is asked about under an old view where the policy says so, and only there [ST-V5]", async () => {
    for (const [onStale, expected] of [
      ["introspect", "accepted"],
      ["accept", "accepted"],
      ["unavailable", "view_too_old"],
    ] as const) {
      const { issuer, verifier, code, asked } = await sessionStage({ onStale, ...EXACT });
      issuer.feed.reachable = false;
      await issuer.advance(20_000 - (verifier.readiness().viewAgeMs * 1000) / 1001);
      assert.equal(verifier.readiness().viewAgeMs, 20_020);
      assert.deepEqual([await code(), asked()], [expected, expected === "accepted" ? 1 : 0], onStale);
    }
  });

  test("is judged by a pull that is due, as an access token is [PULL-8]", async () => {
    const issuer = await createTestIssuer({ ...options, feed: "pull" });
    const token = issuer.sessionToken({ sid: SID });
    assert.equal(await answerTo(issuer, token), "accepted");
    issuer.feed.take({ kind: "session", sid: SID });
    assert.equal(issuer.verifier.judge(token)?.kind, "accepted");
    await issuer.advance(30_000);
    assert.equal(issuer.verifier.judge(token), undefined, "half of M is over");
    assert.equal(await answerTo(issuer, token), "revoked");
    assert.equal(issuer.feed.history.length, 2);
  });

  test("that is watched ends with its session also after its answer was forgotten [ST-V4] [NOT-2]", async () => {
    const { issuer, verifier, token, code, asked } = await sessionStage();
    const verdict = await verifier.verify(token);
    assert.ok(verdict.kind === "accepted");
    const ends: string[] = [];
    verifier.onEnded(verdict, (reason) => ends.push(reason));
    issuer.feed.resumes = false;
    for (const peer of issuer.feed.peers) peer.close(1006);
    await issuer.advance(10_000);
    assert.equal(verifier.metrics().rememberedTokens, 0);
    issuer.feed.take({ kind: "session", sid: OTHER_SID });
    await issuer.advance(0);
    assert.deepEqual(ends, []);
    issuer.feed.take({ kind: "session", sid: SID });
    await issuer.advance(0);
    assert.deepEqual(ends, ["revoked"]);
    assert.deepEqual([await code(), asked()], ["revoked", 2]);
  });

  test("is asked about again under another salt, and whoever watched it is told that it is not known any more [NOT-2]", async () => {
    const { issuer, verifier, token, code, asked } = await sessionStage();
    const verdict = await verifier.verify(token);
    assert.ok(verdict.kind === "accepted");
    const ends: string[] = [];
    verifier.onEnded(verdict, (reason) => ends.push(reason));
    issuer.feed.salt.fill(9);
    for (const peer of issuer.feed.peers) peer.close(1006);
    await issuer.advance(10_000);
    assert.deepEqual(ends, ["stale"]);
    assert.deepEqual([await code(), asked()], ["accepted", 2]);
  });
});
