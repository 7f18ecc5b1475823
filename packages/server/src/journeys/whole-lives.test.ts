// What must stay true of people over a whole life on a real server: restarts, erasure, a sign-out everywhere, many at once.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Journey, journey } from "../testing/journey.ts";
import { basicHeader } from "../testing/scene.ts";

interface Opened {
  readonly sid: string;
  readonly access: string;
  readonly refresh: string;
  readonly token: string;
}

async function open(at: Journey, json: object): Promise<Opened> {
  const answer = await at.operate({
    path: "/v1/sessions",
    json: { client_id: "demo", issue: ["access", "refresh", "session_token"], ...json },
  });
  assert.equal(answer.status, 201, answer.text);
  const { id } = answer.json["session"] as { readonly id: string };
  const text = (name: string): string => String(answer.json[name]);
  return { sid: id, access: text("access_token"), refresh: text("refresh_token"), token: text("session_token") };
}

async function alive(at: Journey, { access, refresh, token }: Opened): Promise<readonly boolean[]> {
  const { json } = await at.operate({ path: "/v1/introspections", json: { tokens: [access, token] } });
  const told = json["results"] as readonly { readonly active: boolean }[];
  return [...told.map(({ active }) => active), (await at.refresh(refresh)).status === 200];
}

test("a restart moves no end: the same idle and absolute end stand in the session that was read before and after [S-05] [R-14]", async (t) => {
  const at = await journey();
  t.after(() => at.end());
  const { sid } = await open(at, { subject: "u-1" });
  const read = async (): Promise<string> => {
    const { json } = await at.operate({ path: `/v1/sessions/${sid}` });
    return JSON.stringify([
      json["id"],
      json["expires_ms"],
      json["idle_expires_ms"],
      json["opened_ms"],
      json["state"],
      json,
    ]);
  };
  const before = await read();
  at.advance(60_000);
  await at.restart();
  assert.equal(await read(), before);
});

test("signing somebody out everywhere ends every kind of session and token, and nothing of anybody else [S-14] [F-16]", async (t) => {
  const at = await journey();
  t.after(() => at.end());
  const plain = await open(at, { subject: "victim" });
  const remembered = await open(at, { subject: "victim", policy: "consumer", remember: true });
  const child = await open(at, { subject: "victim", parent: plain.sid });
  const rotated = await open(at, { subject: "victim" });
  const next = await at.refresh(rotated.refresh);
  const other = await open(at, { subject: "victim2" });
  const receipt = await at.operate({
    path: "/v1/revocations",
    json: { targets: [{ type: "subject", subject: "victim" }], reason: "password_changed" },
  });
  assert.equal(receipt.status, 201, receipt.text);
  for (const one of [plain, remembered, child, { ...rotated, refresh: String(next.json["refresh_token"]) }])
    assert.deepEqual(await alive(at, one), [false, false, false]);
  assert.deepEqual(await alive(at, other), [true, true, true]);
  const log = await at.operate({ path: "/v1/log", json: { subject: "victim", limit: 200 } });
  assert.equal(log.status, 200);
});

test("a person who was erased is signed out at once, and whoever comes later under the name has nothing of theirs [S-13] [S-15] [A-07]", async (t) => {
  const at = await journey();
  t.after(() => at.end());
  const first = await open(at, { subject: "ada", claims: { secret_colour: "red" } });
  const { ref } = (await at.operate({ path: "/v1/subjects/search", json: { subject: "ada" } })).json;
  const erased = await at.operate({ path: `/v1/subjects/${String(ref)}/erase`, json: {} });
  assert.equal(erased.status, 200, erased.text);
  assert.deepEqual(await alive(at, first), [false, false, false]);
  const second = await open(at, { subject: "ada" });
  assert.notEqual(second.sid, first.sid);
  const { json, text } = await at.operate({ path: `/v1/sessions/${second.sid}` });
  assert.equal(json["state"], "active");
  assert.ok(!text.includes("secret_colour"));
  assert.deepEqual(await alive(at, first), [false, false, false], "the new session brings no old one back");
  assert.deepEqual(await alive(at, second), [true, true, true]);
});

test("a session that takes another one's place under another person has nothing of it, and the first one's tokens stop [S-15] [C-01]", async (t) => {
  const at = await journey();
  t.after(() => at.end());
  const first = await open(at, { subject: "guest", claims: { secret_colour: "red" } });
  const second = await open(at, { subject: "ada", replaces: first.sid });
  assert.notEqual(second.sid, first.sid);
  const { json, text } = await at.operate({ path: `/v1/sessions/${second.sid}` });
  assert.deepEqual([json["state"], json["subject"]], ["active", "ada"]);
  assert.ok(!text.includes("guest") && !text.includes("secret_colour"), text);
  assert.deepEqual(await alive(at, first), [false, false, false]);
  assert.deepEqual(await alive(at, second), [true, true, true]);
});

test("two hundred requests at once are each answered as themselves [S-17]", async (t) => {
  const at = await journey();
  t.after(() => at.end());
  const people = await Promise.all(Array.from({ length: 40 }, async (_, index) => at.signIn(`p-${index}`)));
  const operator = basicHeader(readFileSync(join(at.data, "operator-credentials"), "utf8").trim());
  const form = { grant_type: "client_credentials" };
  const { json: granted } = await at.send({ path: "/oauth2/token", headers: operator, form });
  const headers = { authorization: `Bearer ${String(granted["access_token"])}` };
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, index): Promise<readonly [sid: string, text: string]> => {
      const { sid, refresh } = people[index % people.length] ?? { sid: "", refresh: "" };
      if (index >= people.length) return [sid, (await at.send({ path: `/v1/sessions/${sid}`, headers })).text];
      const { json } = await at.refresh(refresh);
      return [sid, Buffer.from(String(json["access_token"]).split(".")[1] ?? "", "base64url").toString()];
    }),
  );
  for (const [sid, text] of answers) assert.ok(text.includes(sid), "another person's answer");
  assert.equal(new Set(people.map(({ sid }) => sid)).size, 40);
});
