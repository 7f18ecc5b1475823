// What the issuer says of session tokens: for how long it holds, what a no is worth, and how much of it is kept.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatSessionToken, uuidToBytes } from "@hallpass/protocol";
import { OTHER_SID, SID, sessionStage } from "./testing/session-stage.ts";

/** Another token of this session. */
function ofSession(sid: string): string {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  return formatSessionToken(Uint8Array.from([...(uuidToBytes(sid) ?? []), ...secret]));
}

describe("what the issuer said of a session token holds", () => {
  test("until a second before the end that it named, counted from the question, whatever the wall clock says [ST-V3] [S-06]", async () => {
    const { issuer, asked, code, live, say } = await sessionStage({ maxStalenessMs: 60_000 });
    say(async () => live({ exp: Math.floor(issuer.clock.now() / 1000) + 11 }));
    assert.equal(await code(), "accepted");
    await issuer.advance(9980);
    assert.equal(await code(), "accepted");
    assert.equal(asked(), 1);
    // Clocks of one machine may differ by a thousandth.
    await issuer.advance(20);
    assert.equal(await code(), "accepted");
    assert.equal(asked(), 2);
  });

  for (const wrong of [-3600, 3600]) {
    test(`although our clock is ${wrong} s from the issuer's [ST-V3]`, async () => {
      const { issuer, code, live, say } = await sessionStage();
      const iat = Math.floor(issuer.clock.now() / 1000) + wrong;
      say(async () => live({ iat, exp: iat + 600 }));
      assert.equal(await code(), "accepted");
    });
  }

  test("not at all when the session is over within the second [ST-V3]", async () => {
    const { asked, code, issuer, live, say } = await sessionStage();
    say(async () => live({ exp: Math.floor(issuer.clock.now() / 1000) + 1 }));
    assert.equal(await code(), "expired");
    assert.equal(await code(), "expired");
    assert.equal(asked(), 2);
  });

  test("no longer than any token of the issuer may live [ST-V3]", async () => {
    const { code, issuer, live, say } = await sessionStage();
    say(async () => live({ exp: Math.floor(issuer.clock.now() / 1000) + 3601 }));
    assert.equal(await code(), "lifetime_too_long");
  });

  const foreign: readonly [title: string, claims: Readonly<Record<string, unknown>>, code: string][] = [
    ["another issuer", { iss: "https://evil.example" }, "wrong_issuer"],
    ["another audience", { aud: "https://other.example" }, "wrong_audience"],
    ["a key whose proof nobody checks", { cnf: { jkt: "x" } }, "unproven_sender"],
    ["no session", { sid: undefined, fam: undefined }, "introspection_failed"],
    ["another session than the token does", { sid: OTHER_SID }, "introspection_failed"],
    ["a position that is none", { pos: "1" }, "introspection_failed"],
    ["another type of token", { token_type: "DPoP" }, "introspection_failed"],
    ["neither yes nor no", { active: "true" }, "introspection_failed"],
  ];
  for (const [title, claims, expected] of foreign) {
    test(`for nobody when it names ${title} [ST-V3]`, async () => {
      const { code, live, say } = await sessionStage();
      say(async () => live(claims));
      assert.equal(await code(), expected);
    });
  }
});

test("an answer about another session, as a cache between would give it, lets nobody in and is not remembered [NB-39] [I-11]", async () => {
  const { verifier, asked, code, live, say } = await sessionStage();
  const others = ofSession(OTHER_SID);
  assert.deepEqual([await code(), await code(others)], ["accepted", "introspection_failed"]);
  assert.equal(await code(others), "introspection_failed");
  assert.deepEqual([asked(), verifier.metrics().rememberedTokens], [3, 1]);
  say(async () => live({ sid: OTHER_SID }));
  assert.equal(await code(others), "accepted");
});

describe("a no", () => {
  test("is remembered for a second, and no longer [ST-V6]", async () => {
    const { issuer, asked, code, live, say } = await sessionStage();
    say(async () => '{"active":false}');
    assert.equal(await code(), "inactive");
    await issuer.advance(998);
    say(async () => live());
    assert.equal(await code(), "inactive");
    assert.equal(asked(), 1);
    await issuer.advance(2);
    assert.equal(await code(), "accepted");
    assert.equal(asked(), 2);
  });

  test("that can't be had is unavailable, and is not remembered [ST-V6] [F-08]", async () => {
    const { asked, code, live, say } = await sessionStage();
    const answers = [
      () => Promise.reject(new Error("down")),
      async () => "<html>",
      async () => '{"active":true}',
      async () => "[]",
    ];
    for (const answer of answers) {
      say(answer);
      assert.equal(await code(), "introspection_failed");
    }
    say(async () => live());
    assert.equal(await code(), "accepted");
    assert.equal(asked(), answers.length + 1);
  });
});

describe("a flood of made-up session tokens", () => {
  test("has bounded questions under way and bounded memory, and what is remembered goes on [ST-V2] [ST-V6]", async () => {
    const { verifier, asked, code, say } = await sessionStage({ rememberedTokens: 10 });
    assert.equal(await code(), "accepted");
    const { promise, resolve } = Promise.withResolvers<string>();
    say(() => promise);
    const made = Array.from({ length: 300 }, () => formatSessionToken(crypto.getRandomValues(new Uint8Array(48))));
    const verdicts = made.map((text) => code(text));
    assert.equal(await code(), "accepted");
    assert.equal(asked(), 257);
    resolve('{"active":false}');
    const codes = await Promise.all(verdicts);
    assert.equal(codes.filter((one) => one === "introspection_failed").length, 44);
    assert.equal(verifier.metrics().rememberedTokens, 1);
  });

  test("that are refused leaves 4,096 noes and no more: the oldest is asked about again [ST-V6]", async () => {
    const { asked, code, issuer, say } = await sessionStage();
    say(async () => '{"active":false}');
    const made = Array.from({ length: 4096 }, () => formatSessionToken(crypto.getRandomValues(new Uint8Array(48))));
    const [first = "", second = "", third = ""] = made;
    await code(first);
    await issuer.advance(1000);
    for (let from = 1; from < made.length; from += 256) await Promise.all(made.slice(from, from + 256).map(code));
    // A no of a second ago is said anew, and is the youngest then.
    await code(first);
    assert.equal(asked(), 4097);
    await code(ofSession(SID));
    for (const kept of [first, third]) assert.equal(await code(kept), "inactive");
    assert.equal(asked(), 4098);
    await code(second);
    assert.equal(asked(), 4099);
  });

  test("of live ones leaves no more remembered than was allowed [ST-V6]", async () => {
    const { verifier, code, live, say } = await sessionStage({ rememberedTokens: 10 });
    say(async () => live());
    for (let count = 0; count < 50; count += 1) assert.equal(await code(ofSession(SID)), "accepted");
    assert.ok(verifier.metrics().rememberedTokens <= 10);
  });
});

describe("what is remembered of answers", () => {
  test("a no is worth nothing after a snapshot, and a yes that became a no is kept no longer [ST-V5]", async () => {
    const { issuer, verifier, code, live, say, asked } = await sessionStage();
    assert.equal(await code(), "accepted");
    assert.equal(verifier.metrics().rememberedTokens, 1);
    issuer.feed.take({ kind: "outdated", sid: SID });
    await issuer.advance(0);
    say(async () => '{"active":false}');
    assert.equal(await code(), "inactive");
    assert.deepEqual([verifier.metrics().rememberedTokens, asked()], [0, 2]);
    say(async () => live());
    assert.equal(await code(), "inactive", "for a moment");
    assert.equal(asked(), 2);
    for (const peer of issuer.feed.peers) for (const frame of issuer.feed.snapshotFrames()) peer.send(frame);
    assert.equal(await code(), "accepted");
    assert.equal(asked(), 3);
  });

  test("an answer that is too long, too deep or has too many members is none [ST-V6]", async () => {
    const { code, live, say } = await sessionStage();
    for (const more of [
      { x: "y".repeat(65_536) },
      { x: JSON.parse(`${"[".repeat(12)}${"]".repeat(12)}`) as unknown },
      Object.fromEntries(Array.from({ length: 512 }, (_, n) => [`m${n}`, n])),
    ]) {
      say(async () => live(more));
      assert.equal(await code(), "introspection_failed");
    }
  });

  test("one that was accepted after the commit of what took it away counts as late, once [RCP-7]", async () => {
    const { issuer, verifier, code } = await sessionStage();
    const { feed } = issuer;
    feed.reachable = false;
    const notice = feed.take({ kind: "session", sid: SID });
    await issuer.clock.advance(500);
    assert.equal(await code(), "accepted");
    feed.reachable = true;
    for (const peer of feed.peers) peer.send(feed.noticesFrame({ epoch: 1, seq: 0 }, notice.pos, [notice]));
    assert.equal(await code(), "revoked");
    assert.equal(verifier.metrics().lateAccepts, 1);
  });
});
