// Session tokens at a verifier: asked about once, judged on every request.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { platformCrypto } from "./platform-crypto.ts";
import { createTestIssuer, type TestIssuer } from "./testing/index.ts";
import { peerOf, sentBy } from "./testing/scene.ts";
import { OTHER_SID, options, SID, sessionStage } from "./testing/session-stage.ts";
import { evenDice } from "./testing/test-issuer.ts";
import { createVerifierOn } from "./verifier.ts";

describe("a session token", () => {
  test("is asked about once, and accepted without a wait from then on [ST-V1]", async () => {
    const { verifier, token, asked, code } = await sessionStage();
    assert.equal(verifier.judge(token), undefined, "the first answer needs a wait");
    assert.equal(await code(), "accepted");
    const verdict = verifier.judge(token);
    assert.ok(verdict?.kind === "accepted");
    assert.deepEqual([verdict.subject, verdict.clientId, verdict.sid, verdict.scope], ["u-81", "web", SID, ["read"]]);
    assert.equal("active" in verdict.claims.all || "token_type" in verdict.claims.all, false);
    assert.equal(asked(), 1);
    assert.equal(verifier.metrics().introspections, 1);
    assert.equal(verifier.metrics().answersRemembered, 1);
    assert.equal(verifier.metrics().rememberedTokens, 1);
  });

  test("counts as remembered only where that was the answer, not where the issuer was asked again [ST-V1]", async () => {
    const { issuer, verifier, code, asked } = await sessionStage();
    assert.equal(await code(), "accepted");
    for (let change = 1; change <= 3; change += 1) {
      issuer.feed.take({ kind: "outdated", sid: SID });
      await issuer.advance(0);
      assert.equal(await code(), "accepted");
      assert.deepEqual([asked(), verifier.metrics().answersRemembered], [change + 1, 0]);
    }
    assert.equal(await code(), "accepted");
    await issuer.advance(0);
    assert.equal(verifier.metrics().answersRemembered, 1);
    issuer.feed.take({ kind: "session", sid: SID });
    await issuer.advance(0);
    assert.equal(await code(), "revoked");
    assert.equal(await code("hps_"), "malformed_token");
    assert.deepEqual([asked(), verifier.metrics().answersRemembered], [4, 2]);
  });

  test("that a thousand requests bring at once causes one question [ST-V2]", async () => {
    const { asked, code } = await sessionStage();
    const codes = await Promise.all(Array.from({ length: 1000 }, () => code()));
    assert.deepEqual([new Set(codes), asked()], [new Set(["accepted"]), 1]);
  });

  test("that is none by its form causes no question [ST-V1] [J-48]", async () => {
    const { asked, code, token } = await sessionStage();
    for (const text of ["hps_", `${token}A`, token.slice(0, -1), `hps_${"A".repeat(70)}`])
      assert.equal(await code(text), "malformed_token");
    assert.equal(asked(), 0);
  });

  test("counts as activity of its session, as an access token does [ST-V7]", async () => {
    const { issuer, verifier, code } = await sessionStage();
    assert.equal(await code(), "accepted");
    verifier.close();
    await issuer.advance(0);
    const reports = issuer.feed.history.flatMap(({ received }) =>
      received.flatMap((frame) => (frame.type === "activity" ? frame.sessions : [])),
    );
    assert.deepEqual(
      reports.map(([sid]) => sid),
      [SID],
    );
  });

  const takings: readonly [title: string, target: Parameters<TestIssuer["revoke"]>[0]][] = [
    ["its session", { sid: SID }],
    ["its family", { sid: SID, fam: "AAECAw" }],
    ["its subject", { subject: "u-81" }],
    ["its client", { clientId: "web" }],
  ];
  for (const [title, target] of takings) {
    test(`is refused without a question as soon as ${title} is taken away [ST-V4] [C-15] [F-01]`, async () => {
      const { issuer, asked, code } = await sessionStage();
      assert.equal(await code(), "accepted");
      await issuer.revoke(target);
      assert.equal(await code(), "revoked");
      assert.equal(asked(), 1);
    });
  }

  test("is refused by its jti, an ancestor's end counts, and another session's end is nothing to it [ST-V4]", async () => {
    const { issuer, code, live, say } = await sessionStage();
    say(async () => live({ anc: [OTHER_SID] }));
    assert.equal(await code(), "accepted");
    await issuer.revoke({ sid: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e99" });
    assert.equal(await code(), "accepted");
    await issuer.revoke({ sid: OTHER_SID });
    assert.equal(await code(), "revoked");
    const second = await sessionStage();
    assert.equal(await second.code(), "accepted");
    const { jti } = JSON.parse(second.live()) as { readonly jti: string };
    second.issuer.feed.take({ kind: "token", jti });
    await second.issuer.advance(0);
    assert.equal(await second.code(), "revoked");
  });

  test("that is outdated is asked about again, and says what is true now [ST-V4] [R-13]", async () => {
    const { issuer, verifier, token, asked, code, live, say } = await sessionStage();
    assert.equal(await code(), "accepted");
    issuer.feed.take({ kind: "outdated", sid: SID });
    await issuer.advance(0);
    say(async () => live({ scope: "less" }));
    const verdict = await verifier.verify(token);
    assert.ok(verdict.kind === "accepted");
    assert.deepEqual([verdict.scope, asked()], [["less"], 2]);
    issuer.feed.take({ kind: "outdated", sid: SID });
    await issuer.advance(0);
    say(async () => '{"active":false}');
    assert.equal(await code(), "inactive");
  });

  test("is asked about again when an answer came too late for a change, and is unavailable when that does not end [ST-V4]", async () => {
    const { issuer, asked, code, live, say } = await sessionStage();
    let changes = 1;
    say(async () => {
      const old = live();
      if (changes > 0) issuer.feed.take({ kind: "outdated", sid: SID });
      changes -= 1;
      await issuer.advance(0);
      return old;
    });
    assert.equal(await code(), "accepted");
    assert.equal(asked(), 2);
    changes = 100;
    issuer.feed.take({ kind: "outdated", sid: SID });
    await issuer.advance(0);
    assert.equal(await code(), "introspection_failed");
    assert.equal(asked(), 5);
  });

  test("that was revoked while its answer was under way is refused [ST-V4]", async () => {
    const { issuer, code, live, say } = await sessionStage();
    say(async () => {
      const old = live();
      await issuer.revoke({ sid: SID });
      return old;
    });
    assert.equal(await code(), "revoked");
  });

  test("is forgotten on a snapshot, also when that comes while the issuer answers [ST-V5]", async () => {
    const { issuer, verifier, asked, code, live, say } = await sessionStage();
    assert.equal(await code(), "accepted");
    const snapshot = async (): Promise<void> => {
      for (const peer of issuer.feed.peers) for (const frame of issuer.feed.snapshotFrames()) peer.send(frame);
      await issuer.advance(0);
    };
    await snapshot();
    assert.equal(verifier.metrics().rememberedTokens, 0);
    say(async () => {
      const old = live();
      await snapshot();
      return old;
    });
    assert.equal(await code(), "accepted");
    assert.equal(verifier.metrics().rememberedTokens, 0);
    assert.equal(await code(), "accepted");
    assert.equal(asked(), 3);
  });
});

describe("with a view that is too old, a session token", () => {
  test("is unavailable, remembered or not, and nobody is asked [ST-V8] [F-02]", async () => {
    const { issuer, asked, code } = await sessionStage();
    assert.equal(await code(), "accepted");
    await issuer.goStale();
    assert.equal(await code(), "view_too_old");
    assert.equal(await code(issuer.sessionToken()), "view_too_old");
    assert.equal(asked(), 1);
  });

  test("is asked about under introspect, each time [ST-V8]", async () => {
    const { issuer, asked, code, say } = await sessionStage({ onStale: "introspect" });
    assert.equal(await code(), "accepted");
    await issuer.goStale();
    assert.equal(await code(), "accepted");
    assert.equal(await code(), "accepted");
    assert.equal(asked(), 3);
    say(() => Promise.reject(new Error("down")));
    assert.equal(await code(), "introspection_failed");
  });

  test("is accepted as stale under accept if it is remembered, and asked about if not [ST-V8]", async () => {
    const { issuer, verifier, token, asked } = await sessionStage({ onStale: "accept" });
    await verifier.verify(token);
    await issuer.goStale();
    const verdict = await verifier.verify(token);
    assert.ok(verdict.kind === "accepted" && verdict.stale);
    assert.equal(asked(), 1);
  });

  test("before the first view is unavailable, and nobody is asked [ST-V8] [F-08]", async () => {
    const { issuer, token } = await sessionStage();
    let asked = 0;
    const verifier = createVerifierOn(
      {
        clock: issuer.clock,
        scheduler: issuer.clock,
        dice: evenDice(),
        crypto: platformCrypto(),
        connect: ({ onClose }) => {
          queueMicrotask(() => onClose(1006));
          return { send: () => {}, close: () => {} };
        },
        fetchToken: async () => ({ token: "t" }),
        introspect: async () => {
          asked += 1;
          return '{"active":false}';
        },
      },
      options,
    );
    const verdict = await verifier.verify(token);
    assert.deepEqual([verdict.kind === "unavailable" && verdict.code, asked], ["no_view", 0]);
    verifier.close();
  });
});

test("a stream that a session token opened is closed when its session ends [ST-V4] [F-01]", async () => {
  const { issuer, verifier, token } = await sessionStage();
  const verdict = await verifier.verify(token);
  assert.ok(verdict.kind === "accepted");
  const reasons: string[] = [];
  verifier.onEnded(verdict, (reason) => reasons.push(reason));
  await issuer.revoke({ sid: SID });
  assert.deepEqual(reasons, ["revoked"]);
});

test("the cookie carries a session token, and a foreign page can't act with it [ST-V1] [C-07] [C-09]", async () => {
  const { verifier, token } = await sessionStage({
    cookie: { name: "__Host-session", origins: ["https://app.example"] },
  });
  const ask = async (method: string, more: Readonly<Record<string, string>> = {}): Promise<string> => {
    const headers = { cookie: `theme=dark; __Host-session=${token}`, ...more };
    const verdict = await verifier.verify(new Request("https://app.example/x?_method=DELETE", { method, headers }));
    return verdict.kind === "accepted" ? "accepted" : verdict.code;
  };
  assert.equal(await ask("GET"), "accepted");
  assert.equal(await ask("POST", { origin: "https://app.example" }), "accepted");
  assert.equal(await ask("POST", { origin: "https://evil.example" }), "cross_site_request");
  assert.equal(await ask("POST"), "cross_site_request");
  // What another header or the query says about the method is not looked at.
  assert.equal(await ask("POST", { "x-http-method-override": "GET" }), "cross_site_request");
  assert.equal(await ask("GET", { "x-http-method-override": "POST" }), "accepted");
});

test("the testing issuer hands out session tokens, and takes them away [ST-V1]", async () => {
  const issuer = await createTestIssuer(options);
  const [one, other, third] = [
    issuer.sessionToken({ scope: "admin" }),
    issuer.sessionToken({ sub: "u-2" }),
    issuer.sessionToken(),
  ];
  const code = async (text: string): Promise<string> => {
    const verdict = await issuer.verifier.verify(text);
    return verdict.kind === "accepted" ? verdict.scope.join(" ") : verdict.code;
  };
  assert.deepEqual([await code(one), await code(other), await code(third)], ["admin", "read write", "read write"]);
  await issuer.revoke(one);
  await issuer.revoke({ subject: "u-2" });
  assert.deepEqual([await code(one), await code(other), await code(third)], ["revoked", "revoked", "read write"]);
  assert.equal(sentBy(issuer, "hello").length, 1);
  assert.ok(peerOf(issuer));
  issuer.close();
});
