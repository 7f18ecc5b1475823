// Subjects over /v1: never in a URL; blocked, exported, erased.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Received, type Scene, scene } from "../../testing/scene.ts";

async function call(stage: Scene, method: string, path: string, json?: unknown, scope?: string): Promise<Received> {
  const headers = { authorization: `Bearer ${await stage.bearer(scope)}` };
  return stage.send({ method, path, headers, ...(json === undefined ? {} : { json }) });
}

async function refOf(stage: Scene, subject: string): Promise<string> {
  const { json, text } = await call(stage, "POST", "/v1/subjects/search", { subject });
  assert.equal(typeof json["ref"], "string", text);
  return String(json["ref"]);
}

test("a subject is named by a reference that does not show it [SUB-1]", async () => {
  const stage = await scene();
  const { sid } = await stage.open({ subject: "ada@example.com" });
  stage.facts();
  const ref = await refOf(stage, "ada@example.com");
  assert.doesNotMatch(ref, /ada|example/);
  assert.equal(await refOf(stage, "ada@example.com"), ref);
  const seen = await call(stage, "GET", `/v1/subjects/${ref}`, undefined, "subjects:read");
  assert.deepEqual(seen.json, { ref, subject: "ada@example.com", block: null, live_sessions: [sid] });
  assert.deepEqual(stage.facts(), []);
});

for (const ref of ["ada@example.com", "ada", "A", "AAAA", "A".repeat(400)]) {
  test(`${ref.slice(0, 20)} is no reference, whatever is asked of it [SUB-1]`, async () => {
    const stage = await scene();
    const paths = ["", "/block", "/unblock", "/export", "/erase"];
    for (const path of paths) {
      const method = path === "" ? "GET" : "POST";
      const answer = await call(stage, method, `/v1/subjects/${ref}${path}`);
      assert.deepEqual([answer.status, answer.json["code"]], [404, "subject_not_found"], answer.text);
    }
    assert.deepEqual(stage.facts(), []);
  });
}

test("a block ends and refuses, with a receipt, until it is taken back [SUB-2] [SUB-3]", async () => {
  const stage = await scene();
  const session = await stage.open({ subject: "u-7" });
  const ref = await refOf(stage, "u-7");
  stage.facts();
  const body = { reason: "fraud", ticket: "T-9", actor: "ada" };
  const blocked = await call(stage, "POST", `/v1/subjects/${ref}/block`, body);
  assert.equal(blocked.status, 200, blocked.text);
  const receipt = blocked.json["receipt"] as Record<string, unknown>;
  assert.deepEqual([receipt["reason"], receipt["ticket"], receipt["ended_sessions"]], ["fraud", "T-9", 1]);
  assert.equal((await call(stage, "GET", `/v1/revocations/${String(receipt["id"])}`)).status, 200);
  const block = { reason: "fraud", actor: "ada", at_ms: stage.clock.now(), until_ms: null, revocation: receipt["id"] };
  assert.deepEqual(blocked.json["subject"], { ref, subject: "u-7", block, live_sessions: [] });
  assert.deepEqual(stage.facts(), ["subject_blocked"]);
  const open = { subject: "u-7", client_id: "web" };
  const refused = await call(stage, "POST", "/v1/sessions", open);
  assert.deepEqual([refused.status, refused.json["code"]], [403, "subject_blocked"]);
  assert.equal((await stage.refresh(session.refresh)).status, 400);
  const freed = await call(stage, "POST", `/v1/subjects/${ref}/unblock`);
  assert.deepEqual(freed.json["unblocked"], block);
  assert.deepEqual((await call(stage, "POST", `/v1/subjects/${ref}/unblock`)).json["unblocked"], null);
  assert.equal((await call(stage, "POST", "/v1/sessions", open)).status, 201);
});

const wrong: readonly [title: string, body: object, code: string][] = [
  ["a time that is past", { until_ms: 1 }, "until_past"],
  ["a time that is a text", { until_ms: "tomorrow" }, "request_invalid"],
  ["a reason with a line break", { reason: "a\nb" }, "request_invalid"],
  ["a member that is none", { forever: true }, "request_invalid"],
];
for (const [title, body, code] of wrong) {
  test(`a block with ${title} is refused, and ends nothing [SUB-3]`, async () => {
    const stage = await scene();
    const { refresh } = await stage.open({ subject: "u-7" });
    const ref = await refOf(stage, "u-7");
    stage.facts();
    const answer = await call(stage, "POST", `/v1/subjects/${ref}/block`, body);
    assert.deepEqual([answer.status, answer.json["code"]], [400, code], answer.text);
    assert.deepEqual(stage.facts(), []);
    assert.equal((await stage.refresh(refresh)).status, 200);
  });
}

test("an export is paged with cursors that belong to its subject [SUB-4] [A-11]", async () => {
  const stage = await scene();
  await stage.open({ subject: "u-7", device: { name: "phone", ip: "192.0.2.7" }, claims: { plan: "gold" } });
  // Ids of one millisecond stand in no order.
  stage.clock.advance(1);
  await stage.open({ subject: "u-8" });
  await stage.open({ subject: "u-7" });
  const [seven, eight] = [await refOf(stage, "u-7"), await refOf(stage, "u-8")];
  await call(stage, "POST", `/v1/subjects/${seven}/block`);
  const path = `/v1/subjects/${seven}/export`;
  const records: Record<string, unknown>[] = [];
  let cursor: unknown = null;
  do {
    const { json, text } = await call(stage, "POST", path, { cursor, limit: 1 }, "subjects:read");
    assert.ok(Array.isArray(json["records"]), text);
    records.push(...(json["records"] as Record<string, unknown>[]));
    cursor = json["next_cursor"];
    if (cursor === null) break;
    const other = await call(stage, "POST", `/v1/subjects/${eight}/export`, { cursor });
    assert.equal(other.json["code"], "cursor_malformed");
  } while (cursor !== null);
  assert.deepEqual(
    records.map(({ kind }) => kind),
    ["subject", "session", "session", "revocation"],
  );
  assert.deepEqual(records[1]?.["device"], { name: "phone", user_agent: null, ip: "192.0.2.7" });
  assert.match(JSON.stringify(records[1]?.["facts"]), /"kind":"session_opened"/);
  assert.doesNotMatch(JSON.stringify(records), /u-8|seed|hash/);
});

test("an erasure ends, removes and answers with a receipt that names nobody [SUB-5]", async () => {
  const stage = await scene();
  const session = await stage.open({ subject: "ada@example.com", device: { name: "phone" } });
  const ref = await refOf(stage, "ada@example.com");
  stage.facts();
  const first = await call(stage, "POST", `/v1/subjects/${ref}/erase`, { reason: "asked for" });
  assert.equal(first.status, 200, first.text);
  const { receipt, ...counts } = first.json;
  assert.equal((receipt as Record<string, unknown>)["ended_sessions"], 1);
  assert.doesNotMatch(first.text, /ada@example/);
  assert.deepEqual([counts["sessions"], typeof counts["next_cursor"]], [1, "string"]);
  const next = await call(stage, "POST", `/v1/subjects/${ref}/erase`, { cursor: counts["next_cursor"] });
  assert.deepEqual([next.json["receipt"], typeof next.json["next_cursor"]], [null, "string"]);
  const last = await call(stage, "POST", `/v1/subjects/${ref}/erase`, { cursor: next.json["next_cursor"] });
  assert.deepEqual([last.json["receipt"], last.json["next_cursor"]], [null, null]);
  assert.deepEqual(stage.facts(), ["subject_erasing", "session_ended", "subject_erased"]);
  assert.equal((await call(stage, "GET", `/v1/sessions/${session.sid}`)).status, 404);
  assert.equal((await stage.refresh(session.refresh)).status, 400);
  const left = await call(stage, "POST", `/v1/subjects/${ref}/export`);
  assert.equal((left.json["records"] as unknown[]).length, 1);
});

test("an answer that is kept for retries names nobody after an erasure, nor does its signature, and still answers them [SUB-6]", async () => {
  const stage = await scene();
  const ref = await refOf(stage, "ada@example.com");
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  const keyed = (key: string, path: string, json: object) =>
    stage.send({ path, json, headers: { ...headers, "idempotency-key": key } });
  const ofAda = { targets: [{ type: "query", query: { subject: "ada@example.com", ip: "192.0.2.81" } }] };
  const calls = [
    ["k-1", `/v1/subjects/${ref}/block`, {}],
    ["k-2", `/v1/subjects/${ref}/unblock`, {}],
    ["k-3", "/v1/revocations", { targets: [{ type: "subject", subject: "ada@example.com" }], wait_ms: 1 }],
    ["k-4", "/v1/revocations", ofAda],
    ["k-5", "/v1/revocations", { targets: [{ type: "subject", subject: "bob" }] }],
  ] as const;
  for (const [key, path, json] of calls) assert.ok((await keyed(key, path, json)).status < 300, path);
  let answers = 0;
  for (let cursor: unknown = null; ; ) {
    const step = await call(stage, "POST", `/v1/subjects/${ref}/erase`, cursor === null ? {} : { cursor });
    answers += Number(step.json["answers"]);
    cursor = step.json["next_cursor"];
    if (cursor === null) break;
  }
  assert.equal(answers, 4);
  const { store, tenant } = stage.services;
  const rows = await store.list({ tenant, kind: "idempotency", limit: 100 });
  assert.doesNotMatch(JSON.stringify(rows), /ada@example|192\.0\.2\.81/);
  for (const [key, path, json] of calls) {
    const again = await keyed(key, path, json);
    assert.equal(again.headers.get("idempotency-replayed"), "true", path);
    const told = [again.text, ...again.text.split(/["."]/).map((part) => Buffer.from(part, "base64url").toString())];
    for (const text of told) assert.doesNotMatch(text, /ada@example|192\.0\.2\.81/);
    if (key === "k-5") assert.match(again.text, /"bob"/);
    else assert.ok(!again.text.includes(ref));
  }
});

test("subjects are read and changed with their own scopes only [A-09]", async () => {
  const stage = await scene();
  const ref = await refOf(stage, "u-7");
  for (const [path, scope] of [
    ["search", "subjects:write"],
    [`${ref}/export`, "subjects:write"],
    [`${ref}/block`, "subjects:read"],
    [`${ref}/unblock`, "subjects:read sessions:write"],
    [`${ref}/erase`, "subjects:read revocations:write"],
  ] as const) {
    const answer = await call(stage, "POST", `/v1/subjects/${path}`, { subject: "u-7" }, scope);
    assert.equal(answer.json["code"], "scope_missing", path);
  }
  assert.deepEqual(stage.facts(), []);
});
