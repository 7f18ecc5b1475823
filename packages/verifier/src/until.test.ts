// What an accepted verdict says of its own end: a millisecond before it the same request is accepted, and at it, or a fraction of a
// thousandth later where it is a lease's (LEASE-3 rounds to the safe side), no more.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestIssuer, type TestIssuer } from "./testing/index.ts";
import { answerTo } from "./testing/scene.ts";
import type { Accepted } from "./verdict.ts";

const options = { issuer: "https://auth.example", audience: "https://api.example" };

async function acceptedBy(issuer: TestIssuer, token: string, maxAgeMs?: number): Promise<Accepted> {
  const verdict = await issuer.verifier.verify(token, maxAgeMs === undefined ? {} : { maxAgeMs });
  assert.ok(verdict.kind === "accepted", JSON.stringify(verdict));
  return verdict;
}

const inSeconds = (issuer: TestIssuer, seconds: number): number => Math.floor(issuer.clock.now() / 1000) + seconds;

test("with a long life it is the end of the lease [LEASE-1] [AT-V8]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token({ exp: inSeconds(issuer, 3600) });
  issuer.feed.reachable = false;
  const { until, stale } = await acceptedBy(issuer, token);
  assert.equal(stale, false);
  await issuer.clock.advance(until - issuer.clock.now() - 1);
  assert.equal((await acceptedBy(issuer, token)).until, until);
  await issuer.clock.advance(2);
  assert.equal(await answerTo(issuer, token), "view_too_old");
  issuer.close();
});

test("of a route that names an age it is when the view has that age [AT-V8]", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token({ exp: inSeconds(issuer, 3600) });
  issuer.feed.reachable = false;
  const { until } = await acceptedBy(issuer, token, 5000);
  await issuer.clock.advance(until - issuer.clock.now() - 1);
  assert.equal(await answerTo(issuer, token, 5000), "accepted");
  await issuer.clock.advance(2);
  assert.equal(await answerTo(issuer, token, 5000), "view_too_old");
  assert.equal(await answerTo(issuer, token), "accepted");
  issuer.close();
});

test("of a short life it is the token's own end, with the skew [AT-V5] [J-26]", async () => {
  const issuer = await createTestIssuer(options);
  const exp = inSeconds(issuer, 10);
  const token = await issuer.token({ exp });
  const { until } = await acceptedBy(issuer, token);
  assert.equal(until, (exp + 5) * 1000);
  await issuer.clock.advance(until - issuer.clock.now() - 1);
  assert.equal(await answerTo(issuer, token), "accepted");
  await issuer.clock.advance(1);
  assert.equal(await answerTo(issuer, token), "expired");
  issuer.close();
});

test("under a view that is too old it is the token's own end, if the policy accepts it then [LEASE-8]", async () => {
  const issuer = await createTestIssuer({ ...options, onStale: "accept" });
  const exp = inSeconds(issuer, 3600);
  const token = await issuer.token({ exp });
  await issuer.goStale();
  const { until, stale } = await acceptedBy(issuer, token);
  assert.deepEqual([until, stale], [(exp + 5) * 1000, true]);
  assert.equal(await answerTo(issuer, token, 5000), "view_too_old", "a route that names an age means it");
  issuer.close();
});

test("of a session token it lies in what the issuer said, counted from the question [ST-V3]", async () => {
  const issuer = await createTestIssuer(options);
  const now = inSeconds(issuer, 0);
  const token = issuer.sessionToken({ iat: now, exp: now + 20 });
  const { until } = await acceptedBy(issuer, token);
  const left = until - issuer.clock.now();
  assert.ok(left > 18_900 && left <= 19_000, `${left} ms`);
  issuer.close();
});

test("a session token's life is as long as a token's may be, and not empty [ST-V3]", async () => {
  const issuer = await createTestIssuer(options);
  const now = inSeconds(issuer, 0);
  const longest = 3600;
  for (const [iat, exp, answer] of [
    [now, now + longest, "accepted"],
    [now, now + longest + 1, "lifetime_too_long"],
    [now, now, "lifetime_too_long"],
    [now + 1, now, "lifetime_too_long"],
  ] as const)
    assert.equal(await answerTo(issuer, issuer.sessionToken({ iat, exp })), answer, `${exp - iat} s`);
  issuer.close();
});
