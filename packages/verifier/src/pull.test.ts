import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { packedBeginning, packFrame, packNotices, type StoredBody, type Taking } from "@hallpass/protocol";
import { OptionsError } from "./options.ts";
import { platformCrypto } from "./platform-crypto.ts";
import type { Ports, PullReply } from "./ports.ts";
import { answerTo, sentBy } from "./testing/scene.ts";
import { settled, TestClock } from "./testing/test-clock.ts";
import { createTestIssuer, type TestIssuer } from "./testing/test-issuer.ts";
import { createVerifierOn } from "./verifier.ts";

const OPTIONS = { issuer: "https://auth.example", audience: "https://api.example" } as const;

const GALAXY = { pos: "1.4", at_ms: 1, until_ms: 2, kind: "galaxy", galaxy: "M31" };

const pulling = (more: object = {}): Promise<TestIssuer> => createTestIssuer({ ...OPTIONS, feed: "pull", ...more });
const pullsOf = (issuer: TestIssuer): number => issuer.feed.history.length;

describe("a verifier that pulls", () => {
  it("accepts, and refuses what was taken away once it has asked again [PULL-8] [F-01]", async () => {
    const issuer = await pulling();
    const token = await issuer.token();
    assert.equal(await answerTo(issuer, token), "accepted");
    await issuer.revoke(token);
    assert.equal(await answerTo(issuer, token), "accepted");
    await issuer.advance(29_970);
    assert.equal(await answerTo(issuer, token), "accepted");
    assert.equal(pullsOf(issuer), 1);
    await issuer.advance(1);
    assert.equal(await answerTo(issuer, token), "revoked");
    assert.equal(pullsOf(issuer), 2);
  });

  it("asks for a route that names a shorter age, and for no other [PULL-7]", async () => {
    const issuer = await pulling();
    const token = await issuer.token();
    await issuer.revoke(token);
    await issuer.advance(1998);
    assert.equal(await answerTo(issuer, token, 2000), "accepted");
    assert.equal(pullsOf(issuer), 1);
    await issuer.advance(1);
    assert.equal(await answerTo(issuer, token, 2000), "revoked");
    assert.equal(pullsOf(issuer), 2);
  });

  it("sets no timer and does nothing between two requests, however long that is [PULL-8]", async () => {
    const issuer = await pulling();
    const token = await issuer.token();
    assert.equal(await answerTo(issuer, token), "accepted");
    await issuer.advance(3_600_000);
    assert.equal(pullsOf(issuer), 1);
    assert.equal(issuer.verifier.readiness().ready, false);
    assert.equal(await answerTo(issuer, await issuer.token()), "accepted");
    assert.equal(pullsOf(issuer), 2);
  });

  it("asks nothing about tokens that are refused anyway [PULL-8]", async () => {
    const issuer = await pulling();
    const token = await issuer.token({ aud: "https://other.example" });
    await issuer.advance(40_000);
    for (const bad of [token, "x", "a.b.c", ""]) await issuer.verifier.verify(bad);
    assert.equal(pullsOf(issuer), 1);
  });

  it("sends one request for a thousand that wait [PULL-7] [F-15]", async () => {
    const issuer = await pulling();
    const token = await issuer.token();
    await issuer.advance(60_000);
    const answers = await Promise.all(Array.from({ length: 1000 }, () => answerTo(issuer, token)));
    assert.deepEqual([...new Set(answers)], ["accepted"]);
    assert.equal(pullsOf(issuer), 2);
  });

  it("goes on until M when the server is down, then knows nothing, then recovers by itself [PULL-8] [F-02] [F-08]", async () => {
    const issuer = await pulling();
    const token = await issuer.token({ exp: Math.floor(issuer.clock.now() / 1000) + 3000 });
    issuer.feed.reachable = false;
    await issuer.advance(59_940);
    assert.equal(await answerTo(issuer, token), "accepted");
    await issuer.advance(1);
    assert.equal(await answerTo(issuer, token), "view_too_old");
    issuer.feed.reachable = true;
    // Within the pause after a failure nobody is asked again.
    assert.equal(await answerTo(issuer, token), "view_too_old");
    await issuer.advance(5000);
    assert.equal(await answerTo(issuer, token), "accepted");
  });

  it("answers without a wait while it is fresh, and says when it can't [PULL-8]", async () => {
    const issuer = await pulling();
    const token = await issuer.token();
    assert.equal((await issuer.verifier.verify(token)).kind, "accepted");
    assert.equal(issuer.verifier.judge(token)?.kind, "accepted");
    await issuer.advance(60_000);
    assert.equal(issuer.verifier.judge(token), undefined);
  });

  it("tells which sessions were used and what it counted, with the next request [PULL-1] [CONN-7]", async () => {
    const issuer = await pulling();
    const token = await issuer.token({ sid: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10" });
    await issuer.verifier.verify(token);
    await issuer.advance(30_000);
    const at = issuer.clock.now();
    await issuer.verifier.verify(token);
    assert.deepEqual(
      sentBy(issuer, "activity").map(({ sessions }) => sessions),
      [[["019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10", at]]],
    );
    assert.equal(sentBy(issuer, "ping")[0]?.stats.accepted, 1);
  });

  it("keeps what it could not tell for the request that is answered [PULL-1]", async () => {
    const issuer = await pulling();
    const token = await issuer.token();
    await issuer.verifier.verify(token);
    issuer.feed.reachable = false;
    await issuer.advance(30_000);
    await issuer.verifier.verify(token);
    issuer.feed.reachable = true;
    await issuer.advance(5000);
    await issuer.verifier.verify(token);
    assert.equal(sentBy(issuer, "activity")[0]?.sessions.length, 1);
  });

  it("is ready after a pull, and says when that failed [PULL-8]", async () => {
    const issuer = await pulling();
    await issuer.advance(60_000);
    issuer.feed.reachable = false;
    await assert.rejects(issuer.verifier.ready());
    issuer.feed.reachable = true;
    await issuer.advance(5000);
    await issuer.verifier.ready();
    assert.equal(issuer.verifier.readiness().connected, true);
  });

  it("accepts nothing when it is closed, and asks nobody [PULL-8]", async () => {
    const issuer = await pulling();
    const token = await issuer.token();
    await issuer.advance(60_000);
    issuer.close();
    assert.equal(await answerTo(issuer, token), "closed");
    assert.equal(pullsOf(issuer), 1);
    await assert.rejects(issuer.verifier.ready());
  });

  it("is asked for by name, and by no other name", () => {
    const ports = {} as Ports;
    const options = { ...OPTIONS, feed: "poll" } as unknown as typeof OPTIONS;
    assert.throws(
      () => createVerifierOn(ports, options),
      (thrown) => thrown instanceof OptionsError && thrown.problems[0] === "feed: give push or pull",
    );
  });
});

interface Slow {
  readonly issuer: TestIssuer;
  readonly verifier: TestIssuer["verifier"];
  readonly asked: string[];
  readonly bodies: string[];
  /** Bearers that were fetched. */
  readonly bearers: () => number;
  readonly answer: (reply?: PullReply) => Promise<void>;
}

/** A verifier whose requests are answered when the test says so. */
async function slow(maxStalenessMs = 60_000): Promise<Slow> {
  const issuer = await createTestIssuer(OPTIONS);
  const { clock, feed } = issuer;
  const waiting: { readonly body: string; readonly resolve: (reply: PullReply) => void }[] = [];
  const asked: string[] = [];
  const bodies: string[] = [];
  let bearers = 0;
  const ports: Ports = {
    clock,
    scheduler: clock,
    crypto: platformCrypto(),
    dice: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
    fetchToken: async () => {
      bearers += 1;
      return { token: `bearer-${bearers}`, expiresAt: clock.now() + 600_000 };
    },
    connect: () => assert.fail("a verifier that pulls connects to nothing"),
    pull: (token, body) => {
      asked.push(token);
      bodies.push(body);
      const { promise, resolve } = Promise.withResolvers<PullReply>();
      waiting.push({ body, resolve });
      return promise;
    },
  };
  return {
    issuer,
    verifier: createVerifierOn(ports, { ...OPTIONS, feed: "pull", maxStalenessMs }),
    asked,
    bodies,
    bearers: () => bearers,
    answer: async (reply) => {
      await settled();
      const next = waiting.shift();
      assert.ok(next !== undefined, "nobody asks");
      next.resolve(reply ?? (await feed.pull("", next.body)));
      await settled();
    },
  };
}

describe("a request that is under way", () => {
  it("is joined by whom its start serves, and waited out by whom it doesn't [PULL-7]", async () => {
    const { issuer, verifier, asked, answer } = await slow();
    const token = await issuer.token();
    const first = verifier.verify(token);
    await settled();
    await issuer.advance(3000);
    const patient = verifier.verify(token);
    const strict = verifier.verify(token, { maxAgeMs: 2000 });
    await settled();
    assert.equal(asked.length, 1);
    await answer();
    assert.deepEqual([(await first).kind, (await patient).kind], ["accepted", "accepted"]);
    assert.equal(asked.length, 2);
    await issuer.advance(100);
    await answer();
    const verdict = await strict;
    assert.ok(verdict.kind === "accepted" && verdict.viewAgeMs < 2000 && verdict.viewAgeMs >= 100);
  });

  it("does not make a view younger than when it was sent [PULL-5] [F-03]", async () => {
    const { issuer, verifier, answer } = await slow(1000);
    const answered = verifier.verify(await issuer.token());
    await settled();
    issuer.clock.sleepThrough(1000);
    await answer();
    assert.equal((await answered).kind, "unavailable");
  });

  it("is given up after 10 s, and what comes later changes nothing [PULL-7]", async () => {
    const { issuer, verifier, asked, answer } = await slow();
    const token = await issuer.token();
    const lost = verifier.verify(token);
    await settled();
    await issuer.advance(10_000);
    assert.equal((await lost).kind, "unavailable");
    await answer();
    assert.equal(verifier.readiness().view, "empty");
    await issuer.advance(5000);
    const next = verifier.verify(token);
    await answer();
    assert.equal((await next).kind, "accepted");
    assert.equal(asked.length, 2);
  });

  it("gets another bearer once when its own is refused, and no third [PULL-2]", async () => {
    const { issuer, verifier, asked, answer, bearers } = await slow();
    const token = await issuer.token();
    const first = verifier.verify(token);
    await answer({ status: 401, text: "" });
    await answer();
    assert.equal((await first).kind, "accepted");
    assert.deepEqual(asked, ["bearer-1", "bearer-2"]);
    await issuer.advance(60_000);
    const second = verifier.verify(token);
    await answer({ status: 401, text: "" });
    await answer({ status: 401, text: "" });
    assert.equal((await second).kind, "unavailable");
    assert.equal(bearers(), 3);
  });

  for (const status of [302, 400, 403, 500, 503]) {
    it(`says nothing when it is answered with ${status} [PULL-6]`, async () => {
      const { issuer, verifier, answer } = await slow();
      const verdict = verifier.verify(await issuer.token());
      await answer({ status, text: "" });
      assert.equal((await verdict).kind, "unavailable");
    });
  }

  for (const [what, text] of [
    ["nothing", ""],
    ["a page", "<html></html>"],
    ["a frame that can't be read", '{"type":"welcome"}'],
  ] as const) {
    it(`says nothing when it is answered with ${what} [PULL-6] [F-13]`, async () => {
      const { issuer, verifier, answer } = await slow();
      const verdict = verifier.verify(await issuer.token());
      await answer({ status: 200, text });
      assert.equal((await verdict).kind, "unavailable");
      assert.equal(verifier.metrics().malformedFrames, 1);
    });
  }
});

describe("an answer that came packed", () => {
  const stored = (
    taking: Taking,
    seq: number,
    until = 2_000_000_000_000,
  ): StoredBody & { readonly taking: Taking } => ({
    pos: { epoch: 1, seq },
    at: 1,
    until,
    taking,
    body: JSON.stringify(taking),
  });

  /** The answer to a request, with this part of a snapshot. */
  function answerOf(issuer: TestIssuer, body: string, part: object, notices: readonly StoredBody[]): PullReply {
    const { feed } = issuer;
    const { n } = JSON.parse(body.trimEnd().split("\n").at(-1) ?? "") as { readonly n: string };
    const { packed } = packNotices(notices);
    const snapshot = {
      type: "snapshot",
      part: 1,
      last: true,
      to: "1.5",
      cursor: "c",
      horizon_ms: 0,
      notices: [],
      ...part,
    };
    const frames = [feed.welcomeFrame(false), feed.keysFrame(), snapshot, { ...feed.headFrame(n), pos: "1.5" }];
    const bytes = frames.map((frame) => packFrame(JSON.stringify(frame), frame === snapshot ? packed : undefined));
    return { status: 200, text: "", packed: Buffer.concat([packedBeginning(), ...bytes]) };
  }

  for (const [what, part, pos, kind, view] of [
    ["is the view, and refuses what it takes away", {}, 5, "rejected", "live"],
    ["is none where a row lies beyond what it covers: nothing of it counts", {}, 6, "unavailable", "empty"],
    ["is none where its text has an unknown kind beside it [NOT-6]", { notices: [GALAXY] }, 5, "rejected", "lost"],
  ] as const) {
    it(`${what} [PULL-12] [PULL-13] [PULL-6]`, async () => {
      const { issuer, verifier, answer, bodies } = await slow();
      const sid = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";
      const [mine, other] = [await issuer.token({ sid }), await issuer.token()];
      const first = verifier.verify(mine);
      await settled();
      await answer(answerOf(issuer, bodies.at(-1) ?? "", part, [stored({ kind: "session", sid }, pos)]));
      assert.equal((await first).kind, kind);
      assert.equal(verifier.readiness().view, view);
      if (view !== "live") return;
      assert.equal((await verifier.verify(other)).kind, "accepted");
      assert.equal(verifier.metrics().trackedNotices, 1);
    });
  }

  it("ends the streams that it takes away, and counts who was accepted too late [PULL-12] [RCP-7]", async () => {
    const { issuer, verifier, answer, bodies } = await slow();
    const sid = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";
    const token = await issuer.token({ sid });
    const first = verifier.verify(token);
    await answer();
    const accepted = await first;
    assert.ok(accepted.kind === "accepted");
    const ended: string[] = [];
    verifier.onEnded(accepted, (reason) => ended.push(reason));
    await issuer.advance(30_000);
    const second = verifier.verify(token);
    await settled();
    await answer(answerOf(issuer, bodies.at(-1) ?? "", {}, [stored({ kind: "session", sid }, 5)]));
    assert.equal((await second).kind, "rejected");
    assert.deepEqual(ended, ["revoked"]);
    assert.equal(verifier.metrics().lateAccepts, 1);
  });

  it("says nothing when it is malformed [PULL-13] [PULL-6] [F-13]", async () => {
    const { issuer, verifier, answer } = await slow();
    const verdict = verifier.verify(await issuer.token());
    await answer({ status: 200, text: "", packed: packedBeginning() });
    assert.equal((await verdict).kind, "unavailable");
    assert.equal(verifier.metrics().malformedFrames, 1);
  });
});

describe("a verifier that is made where there is no randomness and no socket yet", () => {
  it("throws no dice and opens nothing before the first request [PULL-8]", () => {
    const never = (): never => assert.fail("too early");
    const clock = new TestClock();
    const ports: Ports = {
      clock,
      scheduler: { after: never },
      dice: { bytes: never },
      crypto: platformCrypto(),
      connect: never,
      fetchToken: never,
      pull: never,
    };
    const verifier = createVerifierOn(ports, { ...OPTIONS, feed: "pull" });
    assert.equal(verifier.readiness().ready, false);
    verifier.close();
  });
});
