import assert from "node:assert/strict";
import { test } from "node:test";
import { Ended, type EndReason } from "./ended.ts";
import { createTestIssuer, type TestIssuer, type TestIssuerOptions } from "./testing/index.ts";
import { TestClock } from "./testing/test-clock.ts";
import { type Accepted, judged } from "./verdict.ts";

const options: TestIssuerOptions = { issuer: "https://auth.example", audience: "https://api.example" };

async function accepted(issuer: TestIssuer, token: string): Promise<Accepted> {
  const verdict = await issuer.verifier.verify(token);
  assert.ok(verdict.kind === "accepted");
  return verdict;
}

async function watched(
  issuer: TestIssuer,
  claims?: object,
): Promise<{ readonly token: string; readonly reasons: EndReason[]; readonly stop: () => void }> {
  const token = await issuer.token({ ...claims });
  const reasons: EndReason[] = [];
  const stop = issuer.verifier.onEnded(await accepted(issuer, token), (reason) => reasons.push(reason));
  return { token, reasons, stop };
}

test("a stream ends with its token, session, family, subject or client, and others go on", async () => {
  const issuer = await createTestIssuer(options);
  const sid = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";
  const child = await watched(issuer, { anc: [sid] });
  const mine = await watched(issuer, { sid });
  const byToken = await watched(issuer);
  const bySubject = await watched(issuer, { sub: "u-1" });
  const byClient = await watched(issuer, { client_id: "mobile" });
  const other = await watched(issuer);
  await issuer.revoke({ sid });
  assert.deepEqual([mine.reasons, child.reasons, byToken.reasons], [["revoked"], ["revoked"], []]);
  await issuer.revoke(byToken.token);
  await issuer.revoke({ subject: "u-1" });
  await issuer.revoke({ clientId: "mobile" });
  for (const { reasons } of [byToken, bySubject, byClient]) assert.deepEqual(reasons, ["revoked"]);
  await issuer.revoke({ sid });
  assert.deepEqual([mine.reasons, other.reasons], [["revoked"], []], "once, and not the others");
  issuer.close();
});

test("a stream ends when the token expires: not a millisecond before exp, and at exp", async () => {
  const issuer = await createTestIssuer(options);
  const { reasons } = await watched(issuer, { exp: Math.floor(issuer.clock.now() / 1000) + 20 });
  await issuer.advance(19_999);
  assert.deepEqual(reasons, []);
  await issuer.advance(1);
  assert.deepEqual(reasons, ["expired"]);
  issuer.close();
});

test("a stream ends when the view is too old, unless the policy accepts that", async () => {
  for (const [onStale, expected] of [
    ["unavailable", ["stale"]],
    ["introspect", ["stale"]],
    ["accept", []],
  ] as const) {
    const issuer = await createTestIssuer({ ...options, onStale });
    const { reasons } = await watched(issuer);
    issuer.feed.reachable = false;
    await issuer.advance(59_000);
    assert.deepEqual(reasons, []);
    await issuer.advance(1000);
    assert.deepEqual(reasons, expected);
    issuer.close();
  }
});

test("what happened between the verdict and the watching is told all the same, after the call", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  const verdict = await accepted(issuer, token);
  await issuer.revoke(token);
  const reasons: EndReason[] = [];
  issuer.verifier.onEnded(verdict, (reason) => reasons.push(reason));
  assert.deepEqual(reasons, []);
  await issuer.advance(0);
  assert.deepEqual(reasons, ["revoked"]);
  issuer.close();
});

test("a stream ends when the key of its token is removed, when a snapshot says so, and when the verifier closes", async () => {
  const issuer = await createTestIssuer(options);
  const kid = issuer.feed.keys[0]?.kid ?? "";
  const byKey = await watched(issuer);
  await issuer.rotateKey();
  const [bySnapshot, byClose] = [await watched(issuer), await watched(issuer)];
  await issuer.removeKey(kid);
  assert.deepEqual(byKey.reasons, ["key_removed"]);
  issuer.feed.resumes = false;
  issuer.feed.reachable = false;
  await issuer.revoke(bySnapshot.token);
  issuer.feed.reachable = true;
  for (const peer of issuer.feed.peers) peer.close(1012);
  await issuer.advance(2000);
  assert.deepEqual([bySnapshot.reasons, byClose.reasons], [["revoked"], []]);
  issuer.close();
  assert.deepEqual(byClose.reasons, ["closed"]);
});

test("a stopped watch hears nothing", async () => {
  const issuer = await createTestIssuer(options);
  const { token, reasons, stop } = await watched(issuer);
  stop();
  stop();
  await issuer.revoke(token);
  issuer.close();
  assert.deepEqual(reasons, []);
});

test("streams whose tokens end within one second end each at its time, whenever they were opened and whoever stops", async () => {
  const issuer = await createTestIssuer(options);
  await issuer.advance(300);
  const exp = Math.floor(issuer.clock.now() / 1000) + 3;
  const [stopped, goesOn, longer] = [
    await watched(issuer, { exp }),
    await watched(issuer, { exp }),
    await watched(issuer, { exp: exp + 1 }),
  ];
  stopped.stop();
  await issuer.advance(exp * 1000 - issuer.clock.now() - 1);
  assert.deepEqual(goesOn.reasons, []);
  await issuer.advance(1);
  assert.deepEqual([stopped.reasons, goesOn.reasons, longer.reasons], [[], ["expired"], []]);
  await issuer.advance(1000);
  assert.deepEqual(longer.reasons, ["expired"]);
  issuer.close();
});

test("a callback that throws or rejects is counted, and everybody else's is called, now and later [NB-47]", async () => {
  const issuer = await createTestIssuer(options);
  const exp = Math.floor(issuer.clock.now() / 1000) + 5;
  const throwing = async (claims: Readonly<Record<string, unknown>>): Promise<void> => {
    const verdict = await accepted(issuer, await issuer.token(claims));
    issuer.verifier.onEnded(verdict, () => {
      throw new TypeError("Controller is already closed");
    });
  };
  await throwing({ exp });
  const [sameSecond, later] = [await watched(issuer, { exp }), await watched(issuer, { exp: exp + 2 })];
  await throwing({ sub: "u-1" });
  const sameSubject = await watched(issuer, { sub: "u-1" });
  const verdict = await accepted(issuer, await issuer.token({ sub: "u-1" }));
  const rejecting: unknown = () => Promise.reject(new Error("the stream is gone"));
  issuer.verifier.onEnded(verdict, rejecting as () => void);
  await issuer.revoke({ subject: "u-1" });
  assert.deepEqual(sameSubject.reasons, ["revoked"]);
  await issuer.advance(5000);
  assert.deepEqual(sameSecond.reasons, ["expired"]);
  await issuer.advance(2000);
  assert.deepEqual(later.reasons, ["expired"]);
  assert.equal(issuer.verifier.metrics().endedFailures, 3);
  assert.equal((await issuer.verifier.verify(await issuer.token())).kind, "accepted");
  await throwing({});
  const last = await watched(issuer);
  issuer.close();
  assert.deepEqual(last.reasons, ["closed"]);
});

test("a stream that another one's end has stopped hears nothing, though both end for the same reason", async () => {
  const issuer = await createTestIssuer(options);
  const heard: string[] = [];
  const stops = new Map<string, () => void>();
  for (const [name, other] of [
    ["one", "two"],
    ["two", "one"],
  ] as const) {
    const verdict = await accepted(issuer, await issuer.token());
    stops.set(
      name,
      issuer.verifier.onEnded(verdict, () => {
        heard.push(name);
        stops.get(other)?.();
      }),
    );
  }
  issuer.close();
  assert.deepEqual(heard, ["one"]);
});

test("a stream is judged once after it was opened, not with every second; and nobody is woken where none is open", async () => {
  const issuer = await createTestIssuer(options);
  const { keys, key } = (await accepted(issuer, await issuer.token()))[judged];
  issuer.close();
  const clock = new TestClock();
  let [judgements, woken] = [0, 0];
  const ended = new Ended({
    now: () => clock.now(),
    scheduler: {
      after: (ms, task) =>
        clock.after(ms, () => {
          woken += 1;
          task();
        }),
    },
    failed: assert.fail,
    freshFor: () => 60_000,
    judge: () => {
      judgements += 1;
      return undefined;
    },
  });
  const stop = ended.watch({ keys, key, expiresAt: clock.now() + 600_000, callback: assert.fail });
  await clock.advance(5000);
  assert.equal(judgements, 1);
  assert.ok(woken >= 5);
  stop();
  await clock.advance(1000);
  const before = woken;
  await clock.advance(60_000);
  assert.equal(woken, before);
});
