import assert from "node:assert/strict";
import { test } from "node:test";
import { API, basicHeader, ISSUER, type Received, type Scene, scene } from "../testing/scene.ts";

async function verifierOf(stage: Scene, audiences: readonly string[], scope = "feed"): Promise<string> {
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  const { json, text } = await stage.send({
    path: "/v1/clients",
    headers,
    json: {
      client_id: "verifier",
      token_endpoint_auth_method: "client_secret_basic",
      grant_types: ["client_credentials"],
      scope,
      audiences,
    },
  });
  assert.ok(json["client_secret"] !== undefined, text);
  return `verifier:${json["client_secret"] as string}`;
}

function ask(stage: Scene, credentials: string, token: string): Promise<Received> {
  const form = { token, token_type_hint: "access_token" };
  return stage.send({ path: "/oauth2/introspect", headers: basicHeader(credentials), form });
}

test("a live token of the verifier's audience is active, with the claims it is judged by [INTR-2]", async () => {
  const stage = await scene();
  const credentials = await verifierOf(stage, [ISSUER, API]);
  const { access, sid } = await stage.open();
  const answer = await ask(stage, credentials, access);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  const names = ["active", "aud", "client_id", "exp", "iat", "iss", "jti", "scope", "sid", "sub", "token_type"];
  assert.deepEqual(Object.keys(answer.json).toSorted(), names);
  assert.equal(answer.json["sid"], sid);
});

test("whatever is not live, or not for the caller, is inactive and nothing else [INTR-3]", async () => {
  const stage = await scene();
  const credentials = await verifierOf(stage, [ISSUER, API]);
  const { access, refresh, sid } = await stage.open();
  const other = await stage.open({ client_id: "service", issue: ["access"], audience: "https://other.example" });
  const live = await stage.open();
  const authorization = `Bearer ${await stage.bearer()}`;
  await stage.send({ method: "POST", path: `/v1/sessions/${sid}/end`, headers: { authorization } });
  for (const token of ["x", `${live.access}x`, access, refresh, other.access, await stage.bearer()])
    assert.equal((await ask(stage, credentials, token)).text, '{"active":false}');
  assert.equal((await ask(stage, credentials, live.access)).json["active"], true);
  stage.clock.advance(3_600_000);
  assert.equal((await ask(stage, credentials, live.access)).text, '{"active":false}');
});

test("a client that is no verifier learns nothing about a token of its own audience [INTR-3]", async () => {
  const stage = await scene();
  const { access } = await stage.open();
  assert.equal((await ask(stage, stage.basic.service, access)).text, '{"active":false}');
});

test("nobody asks without authenticating [INTR-1]", async () => {
  const stage = await scene();
  const { access } = await stage.open();
  for (const headers of [{}, basicHeader("verifier:x"), basicHeader(`web:${stage.basic.service.slice(8)}`)]) {
    const answer = await stage.send({ path: "/oauth2/introspect", headers, form: { token: access } });
    assert.equal(answer.status, 401);
  }
  const named = await stage.send({ path: "/oauth2/introspect", form: { token: access, client_id: "web" } });
  assert.equal(named.status, 401);
});
