// Sessions over /v1: request, status, members, facts and none besides.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Received, type Scene, scene } from "../../testing/scene.ts";

const SESSION = [
  "id subject state end opened_ms last_active_ms expires_ms absolute_end_ms policy parent ancestors acr amr",
  "auth_time device claims families version",
].flatMap((line) => line.split(" "));

async function call(stage: Scene, method: string, path: string, json?: unknown, more = {}): Promise<Received> {
  const headers = { authorization: `Bearer ${await stage.bearer()}`, ...more };
  return stage.send({ method, path, headers, ...(json === undefined ? {} : { json }) });
}

test("a session is opened with what was asked for, and shows exactly its members", async () => {
  const stage = await scene();
  const answer = await call(stage, "POST", "/v1/sessions", {
    subject: "u-1",
    client_id: "web",
    scope: "read",
    acr: "aal2",
    amr: ["pwd", "otp"],
    auth_time: 1_799_999_990,
    device: { name: "phone", user_agent: "Mozilla/5.0", ip: "192.0.2.7" },
    claims: { plan: "gold" },
  });
  assert.equal(answer.status, 201, answer.text);
  const session = answer.json["session"] as Record<string, unknown>;
  assert.deepEqual(Object.keys(session), SESSION);
  assert.equal(answer.headers.get("location"), `/v1/sessions/${String(session["id"])}`);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.deepEqual(session["device"], { name: "phone", user_agent: "Mozilla/5.0", ip: "192.0.2.7" });
  const read = await call(stage, "GET", `/v1/sessions/${String(session["id"])}`);
  assert.deepEqual(read.json, session);
  assert.deepEqual(stage.facts(), ["session_opened"]);
});

test("only what is asked for is issued", async () => {
  const stage = await scene();
  const access = await call(stage, "POST", "/v1/sessions", { subject: "u", client_id: "web", issue: ["access"] });
  assert.deepEqual(Object.keys(access.json), [
    "session",
    "evicted",
    "access_token",
    "token_type",
    "expires_in",
    "scope",
  ]);
  const refresh = await call(stage, "POST", "/v1/sessions", { subject: "u", client_id: "web", issue: ["refresh"] });
  assert.deepEqual(Object.keys(refresh.json), ["session", "evicted", "refresh_token"]);
  const neither = await call(stage, "POST", "/v1/sessions", { subject: "u", client_id: "web", issue: [] });
  assert.deepEqual(Object.keys(neither.json), ["session", "evicted"]);
});

const open = { subject: "u-1", client_id: "web" };
const refusals: readonly [title: string, body: object, status: number, code: string][] = [
  ["an unknown member", { ...open, colour: "blue" }, 400, "request_invalid"],
  ["no subject", { client_id: "web" }, 400, "request_invalid"],
  ["an empty subject", { ...open, subject: "" }, 400, "request_invalid"],
  ["a subject with a direction character", { ...open, subject: "a\u202eb" }, 400, "request_invalid"],
  ["an unknown client", { ...open, client_id: "nobody" }, 404, "client_not_found"],
  ["more scope than the client's", { ...open, scope: "read admin" }, 400, "scope_not_allowed"],
  ["another audience", { ...open, audience: "https://evil.example" }, 400, "audience_not_allowed"],
  ["an unknown policy", { ...open, policy: "mine" }, 400, "policy_unknown"],
  ["a reserved claim", { ...open, claims: { sub: "other" } }, 400, "claim_reserved"],
  ["claims that are too large", { ...open, claims: { a: "x".repeat(2000) } }, 400, "session_too_large"],
  ["an unknown parent", { ...open, parent: "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10" }, 400, "parent_not_found"],
  ["a refresh token for a client without the grant", { ...open, client_id: "service" }, 400, "grant_not_allowed"],
  ["an address that is none", { ...open, device: { ip: "evil" } }, 400, "request_invalid"],
];
for (const [title, body, status, code] of refusals) {
  test(`no session is opened for ${title}`, async () => {
    const stage = await scene();
    const answer = await call(stage, "POST", "/v1/sessions", body);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
    const named = code === "request_invalid" ? ["errors"] : [];
    assert.deepEqual(Object.keys(answer.json), ["type", "title", "status", "code", "request_id", ...named]);
    assert.equal(answer.json["code"], code);
    assert.equal(answer.json["request_id"], answer.headers.get("x-request-id"));
    assert.deepEqual(stage.facts(), []);
  });
}

const raw: readonly [title: string, type: string, body: string, status: number, code: string][] = [
  ["another type", "text/plain", JSON.stringify(open), 415, "json_required"],
  ["a member twice", "application/json", '{"subject":"a","subject":"b","client_id":"web"}', 400, "json_malformed"],
  ["no JSON", "application/json", "{", 400, "json_malformed"],
  ["an array", "application/json", "[]", 400, "request_invalid"],
  ["a deep body", "application/json", `${"[".repeat(10_000)}${"]".repeat(10_000)}`, 400, "json_malformed"],
  [
    "a number beyond all",
    "application/json",
    '{"subject":"a","client_id":"web","auth_time":1e400}',
    400,
    "json_malformed",
  ],
  [
    "very many members",
    "application/json",
    `{${Array.from({ length: 5000 }, (_, index) => `"a${index}":1`).join(",")}}`,
    400,
    "json_malformed",
  ],
  ["a prototype", "application/json", '{"__proto__":{"a":1},"subject":"a","client_id":"web"}', 400, "json_malformed"],
];
for (const [title, type, body, status, code] of raw) {
  test(`${title} is refused before any rule is asked [E-06]`, async () => {
    const stage = await scene();
    const headers = { authorization: `Bearer ${await stage.bearer()}`, "content-type": type };
    const answer = await stage.send({ path: "/v1/sessions", headers, body });
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.json["code"], code);
    assert.deepEqual(stage.facts(), []);
  });
}

test("a retry with the same Idempotency-Key gets the same session and refresh token [A-13]", async () => {
  const stage = await scene();
  const first = await call(stage, "POST", "/v1/sessions", open, { "idempotency-key": "k-1" });
  const again = await call(stage, "POST", "/v1/sessions", open, { "idempotency-key": "k-1" });
  assert.equal(first.status, 201);
  assert.equal(again.status, 200);
  assert.deepEqual(again.json["session"], first.json["session"]);
  assert.equal(again.json["refresh_token"], first.json["refresh_token"]);
  assert.deepEqual(stage.facts(), ["session_opened"]);
});

test("the same Idempotency-Key with another body is refused and shows nothing of the first answer [A-13]", async () => {
  const stage = await scene();
  await call(stage, "POST", "/v1/sessions", open, { "idempotency-key": "k-1" });
  const other = await call(stage, "POST", "/v1/sessions", { ...open, subject: "u-2" }, { "idempotency-key": "k-1" });
  assert.equal(other.status, 409);
  assert.equal(other.json["code"], "idempotency_key_reused");
  assert.ok(!other.text.includes("u-1"));
});

test("requests at once with one Idempotency-Key open one session [A-13]", async () => {
  const stage = await scene();
  const headers = { authorization: `Bearer ${await stage.bearer()}`, "idempotency-key": "k-1" };
  const answers = await Promise.all(
    Array.from({ length: 16 }, () => stage.send({ path: "/v1/sessions", headers, json: open })),
  );
  assert.equal(new Set(answers.map(({ json }) => String(json["refresh_token"]))).size, 1);
  assert.deepEqual(stage.facts(), ["session_opened"]);
});

test("an ended session is kept from refresh, keep-alive and change, and still shows why it ended", async () => {
  const stage = await scene();
  const { sid, refresh } = await stage.open();
  stage.facts();
  const ended = await call(stage, "POST", `/v1/sessions/${sid}/end`);
  assert.equal(ended.status, 200, ended.text);
  assert.equal(typeof ended.json["jws"], "string");
  assert.deepEqual(stage.facts(), ["session_ended"]);
  assert.equal((await stage.refresh(refresh)).headers.get("hallpass-verdict"), "ended");
  assert.equal((await call(stage, "POST", `/v1/sessions/${sid}/keep-alive`)).json["code"], "session_over");
  assert.equal((await call(stage, "PATCH", `/v1/sessions/${sid}`, { scope: "read" })).json["code"], "session_over");
  const seen = await call(stage, "GET", `/v1/sessions/${sid}`);
  assert.equal(seen.json["state"], "ended");
  assert.equal((seen.json["end"] as { readonly reason: string }).reason, "signed_out");
});

test("less scope answers with a receipt, another device without one", async () => {
  const stage = await scene();
  const { sid } = await stage.open();
  stage.facts();
  const device = await call(stage, "PATCH", `/v1/sessions/${sid}`, { device: { name: "tablet" }, version: 1 });
  assert.equal(device.status, 200, device.text);
  assert.equal(device.json["receipt"], null);
  const stale = await call(stage, "PATCH", `/v1/sessions/${sid}`, { scope: "read", version: 1 });
  assert.equal(stale.status, 409);
  assert.equal(stale.json["code"], "version_conflict");
  const scope = await call(stage, "PATCH", `/v1/sessions/${sid}`, { scope: "read", version: 2 });
  assert.equal((scope.json["receipt"] as { readonly pos: string }).pos, "1.1");
  assert.deepEqual(stage.facts(), ["session_changed", "session_changed"]);
});

test("keep-alive moves the activity seldom", async () => {
  const stage = await scene();
  const { sid } = await stage.open();
  assert.deepEqual((await call(stage, "POST", `/v1/sessions/${sid}/keep-alive`)).json, { moved: false });
  stage.clock.advance(3 * 24 * 3_600_000);
  assert.deepEqual((await call(stage, "POST", `/v1/sessions/${sid}/keep-alive`)).json, { moved: true });
});

for (const id of ["nothing", "019A9C3E-6F1A-7C41-9A52-0D7C2B1F9E10", "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10"]) {
  test(`no session is found under ${id} by any method [A-03]`, async () => {
    const stage = await scene();
    for (const [method, path, body] of [
      ["GET", "", undefined],
      ["PATCH", "", {}],
      ["GET", "/timeline", undefined],
      ["POST", "/end", {}],
      ["POST", "/keep-alive", {}],
    ] as const) {
      const answer = await call(stage, method, `/v1/sessions/${id}${path}`, body);
      assert.equal(answer.status, 404, `${method} ${path} ${answer.text}`);
      assert.equal(answer.json["code"], "session_not_found");
    }
  });
}

test("a subject's sessions come in pages, newest first, and a cursor fits its own query only [A-11]", async () => {
  const stage = await scene();
  const sids: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    stage.clock.advance(1000);
    sids.push((await stage.open()).sid);
  }
  const search = (body: object): Promise<Received> => call(stage, "POST", "/v1/sessions/search", body);
  const ids = ({ json }: Received): readonly string[] =>
    (json["sessions"] as readonly { readonly id: string }[]).map(({ id }) => id);
  const first = await search({ subject: "u-1", limit: 3 });
  const cursor = String(first.json["next_cursor"]);
  const second = await search({ subject: "u-1", limit: 3, cursor });
  assert.deepEqual([...ids(first), ...ids(second)], sids.toReversed());
  assert.equal(second.json["next_cursor"], null);
  for (const [subject, shown] of [
    ["u-2", cursor],
    ["u-1", `${cursor.slice(0, -2)}AA`],
    ["u-1", "' OR 1=1"],
    ["u-1", "A".repeat(5000)],
    ["u-1", ""],
  ] as const) {
    const refused = await search({ subject, limit: 3, cursor: shown });
    assert.equal(refused.status, 400);
    assert.equal(refused.json["code"], "cursor_malformed");
  }
});

test("the timeline tells what happened, in pages, oldest first", async () => {
  const stage = await scene();
  const { sid, refresh } = await stage.open();
  await stage.refresh(refresh);
  await call(stage, "POST", `/v1/sessions/${sid}/end`);
  const page = await call(stage, "GET", `/v1/sessions/${sid}/timeline?limit=2`);
  const cursor = encodeURIComponent(String(page.json["next_cursor"]));
  const rest = await call(stage, "GET", `/v1/sessions/${sid}/timeline?limit=2&cursor=${cursor}`);
  const kinds = ({ json }: Received): readonly string[] =>
    (json["facts"] as readonly { readonly kind: string }[]).map(({ kind }) => kind);
  assert.deepEqual([...kinds(page), ...kinds(rest)], ["session_opened", "token_refreshed", "session_ended"]);
  for (const query of ["limit=0", "limit=201", "limit=x", "limit=1&limit=2", "colour=blue"]) {
    assert.equal((await call(stage, "GET", `/v1/sessions/${sid}/timeline?${query}`)).json["code"], "query_malformed");
  }
});
