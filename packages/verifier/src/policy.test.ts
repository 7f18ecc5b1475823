// What happens when the view is too old, what routes may ask for, what is counted and told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { prometheusText } from "./metrics.ts";
import { OptionsError } from "./options.ts";
import { platformCrypto, webCrypto } from "./platform-crypto.ts";
import type { Ports } from "./ports.ts";
import { createTestIssuer, type TestIssuer } from "./testing/index.ts";
import { answerTo, peerOf, sentBy } from "./testing/scene.ts";
import { evenDice } from "./testing/test-issuer.ts";
import { createVerifierOn, type Verifier } from "./verifier.ts";

const options = { issuer: "https://auth.example", audience: "https://api.example" };

function portsOf(issuer: TestIssuer, more: Partial<Ports> = {}): Ports {
  return {
    clock: issuer.clock,
    scheduler: issuer.clock,
    dice: evenDice(),
    crypto: platformCrypto(),
    connect: issuer.feed.connect,
    fetchToken: async () => ({ token: "t", expiresAt: issuer.clock.now() + 600_000 }),
    ...more,
  };
}

async function codeOf(verifier: Verifier, token: string): Promise<string> {
  const verdict = await verifier.verify(token);
  return verdict.kind === "accepted" ? (verdict.stale ? "stale" : "accepted") : verdict.code;
}

test("under accept a view that is too old lets in what nothing known takes away, and says that it is stale [F-02]", async () => {
  const issuer = await createTestIssuer({ ...options, onStale: "accept" });
  const [mine, other] = [await issuer.token(), await issuer.token()];
  await issuer.revoke(mine);
  await issuer.goStale();
  assert.equal(await answerTo(issuer, mine), "revoked");
  assert.equal(await codeOf(issuer.verifier, other), "stale");
  assert.equal(await answerTo(issuer, other, 5000), "view_too_old", "a route that names an age means it");
  assert.equal(issuer.verifier.metrics().acceptedStale, 1);
  issuer.close();
});

test("under introspect the issuer is asked, and its answer can confirm or refuse but not widen [F-02] [LEASE-8]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  const asked: string[] = [];
  let answer = (): Promise<string> => Promise.resolve('{"active":true}');
  const introspect = (text: string): Promise<string> => {
    asked.push(text);
    return answer();
  };
  const verifier = createVerifierOn(portsOf(issuer, { introspect }), { ...options, onStale: "introspect" });
  await issuer.advance(0);
  assert.equal(await codeOf(verifier, token), "accepted");
  assert.deepEqual(asked, [], "nobody is asked while the view is fresh");
  await issuer.goStale();
  assert.equal(verifier.judge(token), undefined, "an answer would need a wait");
  assert.equal(await codeOf(verifier, token), "accepted");

  const forged = `${token.slice(0, -6)}AAAAAA`;
  const before = asked.length;
  assert.equal(await codeOf(verifier, forged), "bad_signature");
  assert.equal(await codeOf(verifier, "x.y.z"), "malformed_token");
  assert.equal(asked.length, before, "what an attacker makes up causes no request");

  const rows: [() => Promise<string>, string][] = [
    [() => Promise.resolve('{"active":false}'), "inactive"],
    [() => Promise.resolve('{"active":true,"aud":"https://other.example"}'), "introspection_failed"],
    [
      () => Promise.resolve('{"active":true,"aud":["https://api.example","https://other.example"]}'),
      "introspection_failed",
    ],
    [() => Promise.resolve('{"active":true,"iss":"https://evil.example"}'), "introspection_failed"],
    [() => Promise.resolve('{"active":true,"sub":"admin"}'), "introspection_failed"],
    [() => Promise.resolve('{"active":true,"active":true}'), "introspection_failed"],
    [() => Promise.resolve('{"active":"true"}'), "introspection_failed"],
    [() => Promise.resolve("<html>"), "introspection_failed"],
    [() => Promise.reject(new Error("down")), "introspection_failed"],
    [
      () => {
        issuer.clock.sleepThrough(60_000);
        return Promise.resolve('{"active":true}');
      },
      "view_too_old",
    ],
  ];
  for (const [next, expected] of rows) {
    answer = next;
    assert.equal(await codeOf(verifier, token), expected);
  }
  verifier.close();
  issuer.close();
});

test("a route asks for scopes and claims, and learns of them only for a token that is good [J-33]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token({ acr: "2", department: "sales" });
  const ask = async (required: Parameters<Verifier["verify"]>[1]): Promise<string> => {
    const verdict = await issuer.verifier.verify(token, required);
    return verdict.kind === "accepted"
      ? "accepted"
      : verdict.kind === "rejected"
        ? `${verdict.status} ${verdict.challenge}`
        : verdict.code;
  };
  assert.equal(
    await ask({ requireScope: ["read"], requireClaims: { acr: "2", department: (value) => value === "sales" } }),
    "accepted",
  );
  assert.equal(
    await ask({ requireScope: ["read", "admin"] }),
    '403 Bearer error="insufficient_scope", scope="read admin"',
  );
  assert.equal(await ask({ requireClaims: { acr: "3" } }), '403 Bearer error="insufficient_scope"');
  assert.equal(await ask({ requireClaims: { toString: () => false } }), '403 Bearer error="insufficient_scope"');
  // A question that answers with a promise answers nothing.
  const later = (async () => true) as unknown as () => boolean;
  assert.equal(await ask({ requireClaims: { acr: later } }), '403 Bearer error="insufficient_scope"');
  await issuer.goStale();
  assert.equal(await ask({ requireScope: ["admin"] }), "view_too_old");
  issuer.close();
});

test("a remembered signature is judged again for time, key, view and lease, on every use [I-11]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token({ exp: Math.floor(issuer.clock.now() / 1000) + 30 });
  for (let use = 0; use < 3; use += 1) assert.equal(await answerTo(issuer, token), "accepted");
  assert.equal(issuer.verifier.metrics().signatureChecks, 1);
  await issuer.advance(35_000);
  assert.equal(await answerTo(issuer, token), "expired");
  const second = await issuer.token();
  assert.equal(await answerTo(issuer, second), "accepted");
  await issuer.revoke(second);
  assert.equal(await answerTo(issuer, second), "revoked");
  assert.equal(issuer.verifier.metrics().signatureChecks, 2);
  issuer.close();
});

test("the memory is bounded, and forgets what is not used", async () => {
  const issuer = await createTestIssuer(options);
  const verifier = createVerifierOn(portsOf(issuer), { ...options, rememberedTokens: 10 });
  await issuer.advance(0);
  const used = await issuer.token();
  for (let n = 0; n < 40; n += 1) {
    assert.equal(await codeOf(verifier, await issuer.token()), "accepted");
    assert.equal(await codeOf(verifier, used), "accepted");
  }
  assert.ok(verifier.metrics().rememberedTokens <= 10);
  assert.equal(verifier.metrics().signatureChecks, 41, "what is used stays");
  verifier.close();
  issuer.close();
});

test("another salt makes the view and the memory worthless: nothing is accepted on either [NOT-2]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token({ sub: "u-1" });
  assert.equal(await answerTo(issuer, token), "accepted");
  issuer.feed.salt.set([9, 9, 9]);
  issuer.feed.answers = false;
  peerOf(issuer).close(1012);
  await issuer.advance(1000);
  peerOf(issuer).send(issuer.feed.welcomeFrame(true));
  assert.notEqual(await answerTo(issuer, token), "accepted");
  issuer.feed.answers = true;
  await issuer.recover();
  assert.equal(await answerTo(issuer, token), "accepted");
  await issuer.revoke({ subject: "u-1" });
  assert.equal(await answerTo(issuer, token), "revoked");
  issuer.close();
});

test("accepts between a revocation and its arrival are counted, by the server's clock", async () => {
  const issuer = await createTestIssuer(options);
  const [late, early] = [await issuer.token(), await issuer.token()];
  await answerTo(issuer, early);
  await issuer.clock.advance(1000);
  issuer.feed.reachable = false;
  const committed = issuer.feed.take({ kind: "token", jti: jtiOf(late) });
  const older = issuer.feed.take({ kind: "token", jti: jtiOf(early) });
  await issuer.clock.advance(500);
  assert.equal(await answerTo(issuer, late), "accepted");
  issuer.feed.reachable = true;
  peerOf(issuer).send(issuer.feed.noticesFrame({ epoch: 1, seq: 0 }, older.pos, [committed, older]));
  assert.equal(issuer.verifier.metrics().lateAccepts, 1);
  await issuer.advance(1000);
  assert.equal(sentBy(issuer, "ping").at(-1)?.stats.late_accepts, 1);
  issuer.close();
});

test("use of sessions is told in batches, each session once, no later than after half a minute [CONN-7]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  for (let second = 0; second < 20; second += 1) {
    await answerTo(issuer, token);
    await issuer.advance(1000);
  }
  await answerTo(issuer, await issuer.token({ sid: undefined, fam: undefined }));
  assert.deepEqual(sentBy(issuer, "activity"), []);
  await issuer.advance(10_000);
  const [batch, ...more] = sentBy(issuer, "activity");
  assert.deepEqual(more, []);
  assert.equal(batch?.sessions.length, 1);
  const at = batch.sessions[0]?.[1] ?? 0;
  assert.ok(at > issuer.clock.now() - 16_000 && at <= issuer.clock.now());
  issuer.close();
});

test("a thousand sessions are told at once, and kept while nobody listens [CONN-7]", async () => {
  const issuer = await createTestIssuer(options);
  for (let n = 0; n < 1000; n += 1) await answerTo(issuer, await issuer.token());
  await issuer.advance(0);
  assert.equal(sentBy(issuer, "activity")[0]?.sessions.length, 1000);
  issuer.feed.listening = false;
  peerOf(issuer).close(1006);
  await issuer.advance(0);
  await answerTo(issuer, await issuer.token());
  await issuer.advance(40_000);
  issuer.feed.listening = true;
  await issuer.advance(60_000);
  assert.equal(sentBy(issuer, "activity")[0]?.sessions.length, 1);
  issuer.close();
});

test("WebCrypto gives the same verdicts as the synchronous crypto, after a wait [J-16] [J-38]", async () => {
  const issuer = await createTestIssuer(options);
  const verifier = createVerifierOn(portsOf(issuer, { crypto: webCrypto() }), options);
  await issuer.advance(0);
  const token = await issuer.token();
  assert.equal(verifier.judge(token), undefined);
  assert.equal(await codeOf(verifier, token), "accepted");
  assert.equal(verifier.judge(token)?.kind, "accepted", "remembered: no wait any more");
  const cut = token.lastIndexOf(".");
  assert.equal(await codeOf(verifier, `${token.slice(0, cut)}.${"A".repeat(86)}`), "bad_signature");
  await issuer.revoke({ subject: "u-81" });
  assert.equal(await codeOf(verifier, token), "revoked");
  verifier.close();
  issuer.close();
});

test("wrong options are refused when the verifier is created, all of them at once", () => {
  const wrong = {
    issuer: "http://auth.example",
    audience: "",
    maxStalenessMs: 5,
    colour: "red",
    cookie: { name: "sid", origins: [] },
  };
  const ports = {} as Ports;
  assert.throws(
    () => createVerifierOn(ports, wrong),
    (error) => {
      assert.ok(error instanceof OptionsError);
      const keys = new Set(error.problems.map((problem) => problem.split(":")[0]));
      assert.deepEqual(keys, new Set(["colour", "issuer", "audience", "maxStalenessMs", "cookie"]));
      return true;
    },
  );
});

test("metrics are a page that Prometheus reads", async () => {
  const issuer = await createTestIssuer(options);
  await answerTo(issuer, await issuer.token());
  await answerTo(issuer, "x");
  const text = prometheusText(issuer.verifier.metrics());
  assert.match(text, /^hallpass_verifier_verdicts_total\{verdict="accepted",code=""\} 1$/m);
  assert.match(text, /^hallpass_verifier_verdicts_total\{verdict="rejected",code="malformed_token"\} 1$/m);
  for (const line of text.trimEnd().split("\n")) {
    assert.match(
      line,
      /^(# (HELP|TYPE) hallpass_verifier_[a-z_]+ .+|hallpass_verifier_[a-z_]+(\{[^}]*\})? (\+Inf|[0-9.e-]+))$/,
    );
  }
  issuer.close();
});

function jtiOf(token: string): string {
  const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
  return (JSON.parse(payload) as { readonly jti: string }).jti;
}
