// What a person lives through, over a listening server on SQLite.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type Journey, journey } from "../testing/journey.ts";
import type { Received } from "../testing/scene.ts";

async function travel(t: TestContext): Promise<Journey> {
  const travelling = await journey();
  t.after(() => travelling.end());
  return travelling;
}

function verdict(answer: Received): string | null {
  return answer.headers.get("hallpass-verdict");
}

function successor(answer: Received): string {
  assert.equal(answer.status, 200, answer.text);
  return String(answer.json["refresh_token"]);
}

test("two tabs refresh at once, and both go on [R-02] [REF-13]", async (t) => {
  const { signIn, refresh } = await travel(t);
  const { refresh: first } = await signIn();
  const [one, other] = await Promise.all([refresh(first), refresh(first)]);
  assert.equal(successor(one), successor(other));
  assert.deepEqual(new Set([verdict(one), verdict(other)]), new Set(["retried", "rotated"]));
  assert.equal(verdict(await refresh(successor(one))), "rotated");
});

test("64 refreshes at once over sockets give one generation and the same successor [R-01]", async (t) => {
  const { signIn, refresh, operate } = await travel(t);
  const { refresh: first, sid } = await signIn();
  const answers = await Promise.all(Array.from({ length: 64 }, () => refresh(first)));
  assert.equal(new Set(answers.map(successor)).size, 1);
  const { json } = await operate({ path: `/v1/sessions/${sid}` });
  assert.equal((json["families"] as readonly { readonly generation: number }[])[0]?.generation, 2);
});

test("a response that was lost for an hour logs nobody out [R-04]", async (t) => {
  const { signIn, refresh, advance } = await travel(t);
  const { refresh: first } = await signIn();
  await refresh(first);
  advance(3_600_000);
  const recovered = await refresh(first);
  assert.equal(verdict(recovered), "recovered");
  assert.equal(verdict(await refresh(successor(recovered))), "rotated");
});

test("a stolen refresh token ends the session as soon as thief and owner both used it [R-05] [REF-4]", async (t) => {
  const { signIn, refresh, advance, operate } = await travel(t);
  const { refresh: stolen, sid } = await signIn();
  const owner = successor(await refresh(successor(await refresh(stolen))));
  advance(60_000);
  assert.equal(verdict(await refresh(stolen)), "reused");
  assert.equal(verdict(await refresh(owner)), "ended");
  const { json } = await operate({ path: `/v1/sessions/${sid}` });
  assert.equal((json["end"] as { readonly reason: string }).reason, "reuse");
});

test("signing out everywhere ends every session of the subject, and none of another", async (t) => {
  const { signIn, refresh, operate } = await travel(t);
  const mine = [await signIn(), await signIn()];
  const yours = await signIn("u-2");
  const receipt = await operate({ path: "/v1/revocations", json: { targets: [{ type: "subject", subject: "u-1" }] } });
  assert.equal(receipt.status, 201, receipt.text);
  assert.equal(receipt.json["ended_sessions"], 2);
  for (const session of mine) assert.equal(verdict(await refresh(session.refresh)), "ended");
  assert.equal(verdict(await refresh(yours.refresh)), "rotated");
  assert.equal(verdict(await refresh((await signIn()).refresh)), "rotated");
});

test("a restart continues: sessions, keys, the operator and what was revoked [R-14]", async (t) => {
  const travelling = await travel(t);
  const { signIn, refresh, operate } = travelling;
  const { refresh: first } = await signIn();
  const gone = await signIn("u-2");
  await operate({ method: "POST", path: `/v1/sessions/${gone.sid}/end` });
  const rotated = successor(await refresh(first));
  const keys = (await operate({ path: "/v1/keys" })).json;
  await travelling.restart();
  assert.equal(travelling.server.operatorCredentials, null);
  assert.deepEqual((await operate({ path: "/v1/keys" })).json, keys);
  assert.equal(successor(await refresh(first)), rotated);
  assert.equal(verdict(await refresh(rotated)), "rotated");
  assert.equal(verdict(await refresh(gone.refresh)), "ended");
});
