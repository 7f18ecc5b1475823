// Session tokens over /v1: the exact line for the browser, the rotation, the end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { API, basicHeader, ISSUER, type Received, type Scene, scene } from "../../testing/scene.ts";

const TOKEN = /^hps_[A-Za-z0-9_-]{70}$/;

async function call(stage: Scene, path: string, json: object, method = "POST"): Promise<Received> {
  return stage.send({ method, path, headers: { authorization: `Bearer ${await stage.bearer()}` }, json });
}

async function open(stage: Scene, more: object = {}): Promise<{ readonly sid: string; readonly answer: Received }> {
  const body = { subject: "u-1", client_id: "web", issue: ["session_token"], acr: "aal1", ...more };
  const answer = await call(stage, "/v1/sessions", body);
  assert.equal(answer.status, 201, answer.text);
  return { sid: (answer.json["session"] as { readonly id: string }).id, answer };
}

async function verifierOf(stage: Scene, audiences: readonly string[]): Promise<string> {
  const { json } = await call(stage, "/v1/clients", {
    client_id: "verifier",
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["client_credentials"],
    scope: "feed",
    audiences,
  });
  return `verifier:${String(json["client_secret"])}`;
}

async function introspected(
  stage: Scene,
  credentials: string,
  token: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { json } = await stage.send({ path: "/oauth2/introspect", headers: basicHeader(credentials), form: { token } });
  return json;
}

test("a session token comes alone if it was asked for alone, with the exact line for the browser [ST-1] [C-05] [C-17]", async () => {
  const stage = await scene();
  const { answer } = await open(stage);
  assert.deepEqual(Object.keys(answer.json), ["session", "evicted", "session_token", "set_cookie"]);
  const token = String(answer.json["session_token"]);
  assert.match(token, TOKEN);
  assert.equal(
    answer.json["set_cookie"],
    `__Host-session=${token}; Path=/; Max-Age=2592000; Secure; HttpOnly; SameSite=Lax`,
  );
  // The line is for the app's own answer to the browser, never for the app itself.
  assert.equal(answer.headers.get("set-cookie"), null);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.deepEqual(stage.facts().slice(-1), ["session_opened"]);
});

test("the line says how long the session may still live, and under which name and how strictly [ST-1] [C-05]", async () => {
  const stage = await scene({ config: { cookie_name: "__Host-shop", cookie_same_site: "Strict" } });
  const { sid } = await open(stage, { policy: "workforce" });
  stage.clock.advance(3_600_500);
  const { json } = await call(stage, `/v1/sessions/${sid}/session-token`, {});
  const token = String(json["session_token"]);
  assert.equal(json["set_cookie"], `__Host-shop=${token}; Path=/; Max-Age=82799; Secure; HttpOnly; SameSite=Strict`);
});

test("another name is for development, and for a browser on plain http [ST-1]", async () => {
  const stage = await scene({ config: { cookie_name: "sid" } });
  const { answer } = await open(stage);
  const token = String(answer.json["session_token"]);
  assert.equal(answer.json["set_cookie"], `sid=${token}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax`);
});

test("a change that raises assurance hands out another token, and again the same if it is asked again [ST-7] [ST-8]", async () => {
  const stage = await scene();
  const { sid, answer } = await open(stage);
  stage.facts();
  const raised = await call(stage, `/v1/sessions/${sid}`, { acr: "aal2" }, "PATCH");
  assert.deepEqual(Object.keys(raised.json), ["session", "receipt", "session_token", "set_cookie"]);
  assert.notEqual(raised.json["session_token"], answer.json["session_token"]);
  assert.deepEqual(stage.facts(), ["session_changed", "session_token_issued"]);
  const again = await call(stage, `/v1/sessions/${sid}`, { acr: "aal2" }, "PATCH");
  assert.deepEqual([again.json["session_token"], again.json["receipt"]], [raised.json["session_token"], null]);
  const kept = await call(stage, `/v1/sessions/${sid}`, { acr: "aal1", keep_session_token: true }, "PATCH");
  assert.deepEqual(Object.keys(kept.json), ["session", "receipt"]);
  const other = await call(stage, `/v1/sessions/${sid}`, { device: { name: "tv" } }, "PATCH");
  assert.deepEqual(Object.keys(other.json), ["session", "receipt"]);
});

test("a rotation answers with a receipt that names the token before [ST-9]", async () => {
  const stage = await scene();
  const { sid } = await open(stage);
  stage.facts();
  const rotated = await call(stage, `/v1/sessions/${sid}/session-token`, {});
  assert.equal(rotated.status, 200, rotated.text);
  assert.deepEqual(Object.keys(rotated.json), ["session", "receipt", "session_token", "set_cookie"]);
  const receipt = rotated.json["receipt"] as { readonly targets: readonly { readonly type: string }[] };
  assert.deepEqual(
    receipt.targets.map(({ type }) => type),
    ["token"],
  );
  assert.deepEqual(stage.facts(), ["session_token_issued"]);
});

test("a rotation of no session, of one that is over, or with an unknown member is refused [ST-9]", async () => {
  const stage = await scene();
  const { sid } = await open(stage);
  const path = `/v1/sessions/${sid}/session-token`;
  const unknown = await call(stage, path, { colour: "blue" });
  assert.deepEqual([unknown.status, unknown.json["code"]], [400, "request_invalid"]);
  const none = await call(stage, "/v1/sessions/019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10/session-token", {});
  assert.deepEqual([none.status, none.json["code"]], [404, "session_not_found"]);
  await call(stage, `/v1/sessions/${sid}/end`, {});
  const over = await call(stage, path, {});
  assert.deepEqual([over.status, over.json["code"]], [409, "session_over"]);
});

test("signing out takes the cookie out of the browser if that is asked for [ST-11] [C-05]", async () => {
  const stage = await scene();
  const first = await open(stage);
  const plain = await call(stage, `/v1/sessions/${first.sid}/end`, {});
  assert.equal("set_cookie" in plain.json, false);
  const second = await open(stage);
  const cleared = await call(stage, `/v1/sessions/${second.sid}/end`, { clear_cookie: true });
  assert.equal(cleared.json["set_cookie"], "__Host-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
});

test("a verifier of its audience learns everything that an access token would say; every other learns nothing [ST-4] [INTR-3]", async () => {
  const stage = await scene();
  const credentials = await verifierOf(stage, [ISSUER, API]);
  const { sid, answer } = await open(stage, { claims: { plan: "gold", active: false, token_type: "mine" } });
  const token = String(answer.json["session_token"]);
  const { jti, pos, iat, exp, fam, ...said } = await introspected(stage, credentials, token);
  assert.deepEqual(said, {
    active: true,
    token_type: "Bearer",
    iss: ISSUER,
    sub: "u-1",
    aud: API,
    client_id: "web",
    scope: "read write",
    sid,
    acr: "aal1",
    plan: "gold",
  });
  assert.ok([jti, pos, iat, exp, fam].every((value) => value !== undefined));
  assert.deepEqual(await introspected(stage, stage.basic.service, token), { active: false });
  await call(stage, `/v1/sessions/${sid}/end`, {});
  assert.deepEqual(await introspected(stage, credentials, token), { active: false });
});

test("the client that it was issued to signs its session out by revoking it; another can't [REV-5] [REV-4]", async () => {
  const stage = await scene();
  const { sid, answer } = await open(stage);
  const form = { token: String(answer.json["session_token"]) };
  stage.facts();
  const headers = basicHeader(stage.basic.service);
  const foreign = await stage.send({ path: "/oauth2/revoke", headers, form });
  assert.equal(foreign.status, 400);
  assert.deepEqual(stage.facts(), ["token_revocation_refused"]);
  const own = await stage.send({ path: "/oauth2/revoke", form: { ...form, client_id: "web" } });
  assert.equal(own.status, 200, own.text);
  assert.deepEqual(stage.facts(), ["session_ended"]);
  const over = await call(stage, `/v1/sessions/${sid}/session-token`, {});
  assert.equal(over.json["code"], "session_over");
});

test("a session token opens nothing of this server's own API [A-09]", async () => {
  const stage = await scene();
  const { sid, answer } = await open(stage);
  const headers = { authorization: `Bearer ${String(answer.json["session_token"])}` };
  const read = await stage.send({ path: `/v1/sessions/${sid}`, headers });
  assert.deepEqual([read.status, read.json["code"]], [401, "bearer_refused"]);
});
