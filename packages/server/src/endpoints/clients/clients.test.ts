// Clients over /v1.

import assert from "node:assert/strict";
import { test } from "node:test";
import { basicHeader, type Received, type Scene, scene } from "../../testing/scene.ts";

async function call(stage: Scene, method: string, path: string, json?: unknown): Promise<Received> {
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  return stage.send({ method, path, headers, ...(json === undefined ? {} : { json }) });
}

const machine = {
  client_id: "machine",
  token_endpoint_auth_method: "client_secret_basic",
  grant_types: ["client_credentials"],
  scope: "orders:read",
  audiences: "https://api.example",
};

test("a client's secret is shown once, works, and stands in no later answer", async () => {
  const stage = await scene();
  const made = await call(stage, "POST", "/v1/clients", machine);
  assert.equal(made.status, 201, made.text);
  const secret = String(made.json["client_secret"]);
  assert.match(secret, /^hpc_/);
  assert.deepEqual(stage.facts(), ["client_added"]);
  const headers = basicHeader(`machine:${secret}`);
  const granted = await stage.send({ path: "/oauth2/token", headers, form: { grant_type: "client_credentials" } });
  assert.equal(granted.status, 200, granted.text);
  const read = await call(stage, "GET", "/v1/clients/machine");
  assert.equal(read.status, 200);
  assert.ok(!read.text.includes(secret) && !read.text.includes("hash"));
});

test("a public client has no secret, and no id is given twice [A-07]", async () => {
  const stage = await scene();
  const phone = { ...machine, client_id: "phone", token_endpoint_auth_method: "none", grant_types: ["refresh_token"] };
  const made = await call(stage, "POST", "/v1/clients", phone);
  assert.equal(made.json["client_secret"], undefined);
  await call(stage, "POST", "/v1/clients/phone/disable");
  assert.equal((await call(stage, "POST", "/v1/clients", phone)).json["code"], "client_exists");
});

const refusals: readonly [title: string, body: object, code: string][] = [
  ["an unknown member", { ...machine, owner: "me" }, "request_invalid"],
  ["an unknown grant", { ...machine, grant_types: ["password"] }, "request_invalid"],
  ["an id with a colon", { ...machine, client_id: "a:b" }, "request_invalid"],
  ["no audience", { ...machine, audiences: [] }, "request_invalid"],
  ["client_credentials without a secret", { ...machine, token_endpoint_auth_method: "none" }, "grant_not_allowed"],
  ["an unknown policy", { ...machine, policy: "mine" }, "policy_unknown"],
];
for (const [title, body, code] of refusals) {
  test(`no client is registered with ${title}`, async () => {
    const stage = await scene();
    const answer = await call(stage, "POST", "/v1/clients", body);
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.json["code"], code);
    assert.deepEqual(stage.facts(), []);
  });
}

test("clients are listed in pages", async () => {
  const stage = await scene();
  const ids = ({ json }: Received): readonly string[] =>
    (json["clients"] as readonly { readonly client_id: string }[]).map((client) => client.client_id);
  const first = await call(stage, "GET", "/v1/clients?limit=2");
  const cursor = encodeURIComponent(String(first.json["next_cursor"]));
  const second = await call(stage, "GET", `/v1/clients?limit=2&cursor=${cursor}`);
  assert.deepEqual([...ids(first), ...ids(second)], ["operator", "service", "web"]);
  assert.equal((await call(stage, "GET", "/v1/clients/nobody")).json["code"], "client_not_found");
});

test("a disabled client's refresh tokens are over, and the receipt says since when", async () => {
  const stage = await scene();
  const { refresh } = await stage.open();
  const receipt = await call(stage, "POST", "/v1/clients/web/disable", { actor: "ops@example" });
  assert.equal(receipt.status, 200, receipt.text);
  assert.equal(receipt.json["pos"], "1.1");
  assert.equal((await stage.refresh(refresh)).status, 401);
});
