// The refresh grant over HTTP: the verdicts, their headers, what is the same for whoever looks from outside.

import assert from "node:assert/strict";
import { test } from "node:test";
import { registerClient } from "@hallpass/core";
import { API, ISSUER, publicClient, type Received, type Scene, scene } from "../../testing/scene.ts";

const SECOND = 1000;
const HOUR = 3_600_000;

function verdict(answer: Received): string | null {
  return answer.headers.get("hallpass-verdict");
}

function successor(answer: Received): string {
  assert.equal(answer.status, 200, answer.text);
  return String(answer.json["refresh_token"]);
}

async function opened(): Promise<{ readonly stage: Scene; readonly first: string; readonly sid: string }> {
  const stage = await scene();
  const { refresh, sid } = await stage.open();
  stage.facts();
  return { stage, first: refresh, sid };
}

test("the current refresh token is rotated, and the answer is not stored [TOK-3] [RT-O4]", async () => {
  const { stage, first } = await opened();
  const answer = await stage.refresh(first);
  assert.equal(verdict(answer), "rotated");
  assert.notEqual(successor(answer), first);
  assert.deepEqual(Object.keys(answer.json), ["access_token", "token_type", "expires_in", "scope", "refresh_token"]);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.deepEqual(stage.facts(), ["token_refreshed"]);
});

test("the lost response is answered again, byte for byte, and nothing is written [RT-O5]", async () => {
  const { stage, first } = await opened();
  const answer = await stage.refresh(first);
  stage.facts();
  stage.clock.advance(29 * SECOND);
  const again = await stage.refresh(first);
  assert.equal(verdict(again), "retried");
  assert.equal(successor(again), successor(answer));
  assert.deepEqual(stage.facts(), []);
});

test("an hour later the unused successor is replaced, and showing it then ends the session [RT-O6] [RT-O8]", async () => {
  const { stage, first } = await opened();
  const lost = successor(await stage.refresh(first));
  stage.clock.advance(HOUR);
  const recovered = await stage.refresh(first);
  assert.equal(verdict(recovered), "recovered");
  assert.equal(verdict(await stage.refresh(lost)), "reused");
  assert.equal(verdict(await stage.refresh(successor(recovered))), "ended");
  assert.deepEqual(stage.facts(), ["token_refreshed", "token_refreshed", "refresh_refused", "session_ended"]);
});

test("unknown, misbound, ended, superseded and reused look alike, and misbound reads unknown [O-42] [RT-O2]", async () => {
  const { stage, first } = await opened();
  const other = await registerClient(stage.services, { ...publicClient("other"), audiences: [API, ISSUER] }, null);
  assert.ok(other.ok);
  const second = successor(await stage.refresh(first));
  const third = successor(await stage.refresh(second));
  successor(await stage.refresh(third));
  const answers = [
    ["unknown", await stage.refresh(`${first.slice(0, -1)}!`)],
    ["unknown", await stage.refresh(third, { client_id: "other" })],
    ["superseded", await stage.refresh(second)],
  ] as const;
  stage.clock.advance(HOUR);
  const late = [
    ["reused", await stage.refresh(second)],
    ["ended", await stage.refresh(third)],
  ] as const;
  for (const [expected, answer] of [...answers, ...late]) {
    assert.equal(verdict(answer), expected);
    assert.equal(answer.status, 400);
    assert.equal(answer.text, answers[0][1].text);
  }
});

test("a narrower scope narrows the access token only, and the whole comes back later [O-28] [RT-14]", async () => {
  const { stage, first } = await opened();
  const narrow = await stage.refresh(first, { scope: "read" });
  assert.equal(narrow.json["scope"], "read");
  const whole = await stage.refresh(successor(narrow));
  assert.equal(whole.json["scope"], "read write");
});

for (const [what, more, error] of [
  ["scope", { scope: "read write admin" }, "invalid_scope"],
  ["resource", { resource: "https://evil.example" }, "invalid_target"],
] as const) {
  test(`a wider ${what} is refused, and the generation is not used up [O-27] [RT-14] [RES-2]`, async () => {
    const { stage, first } = await opened();
    const refused = await stage.refresh(first, more);
    assert.equal(refused.status, 400);
    assert.equal(refused.json["error"], error);
    assert.equal(verdict(await stage.refresh(first)), "rotated");
  });
}

test("a malformed request uses nothing up [RT-15]", async () => {
  const { stage, first } = await opened();
  const twice = {
    path: "/oauth2/token",
    form: `grant_type=refresh_token&client_id=web&client_id=web&refresh_token=${first}`,
  };
  assert.equal((await stage.send(twice)).status, 400);
  assert.equal((await stage.refresh(first, { client_id: "nobody" })).status, 401);
  assert.deepEqual(stage.facts(), []);
  assert.equal(verdict(await stage.refresh(first)), "rotated");
});

test("64 refreshes at once give one generation and one successor [R-01]", async () => {
  const { stage, first, sid } = await opened();
  const answers = await Promise.all(Array.from({ length: 64 }, () => stage.refresh(first)));
  assert.equal(new Set(answers.map(successor)).size, 1);
  const count = (one: string): number => answers.filter((answer) => verdict(answer) === one).length;
  assert.deepEqual([count("rotated"), count("retried")], [1, 63]);
  const headers = { authorization: `Bearer ${await stage.bearer("sessions:read")}` };
  const { json } = await stage.send({ path: `/v1/sessions/${sid}`, headers });
  assert.deepEqual(
    (json["families"] as readonly { readonly generation: number }[]).map(({ generation }) => generation),
    [2],
  );
});
