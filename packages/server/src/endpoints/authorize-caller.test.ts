// Who may call /v1, judged for every row of the table.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Received, type Scene, type Sent, scene } from "../testing/scene.ts";
import type { Endpoint } from "./endpoint.ts";
import { ENDPOINTS } from "./index.ts";
import { createRouter } from "./router.ts";
import { SCOPES } from "./scopes.ts";

const scoped = ENDPOINTS.flatMap((endpoint) =>
  endpoint.from.kind === "scope" ? [{ ...endpoint, scope: endpoint.from.scope }] : [],
);

function sent({ method, path }: Pick<Endpoint, "method" | "path">, authorization?: string): Sent {
  const body = method === "GET" ? {} : { json: {} };
  const headers = authorization === undefined ? {} : { authorization };
  return { method, path: path.replace(/:\w+/, "x"), headers, ...body };
}

function challenge(answer: Received): string {
  return answer.headers.get("www-authenticate") ?? "";
}

for (const endpoint of scoped) {
  const { method, path, scope } = endpoint;
  test(`${method} ${path} needs a bearer with ${scope}, and nothing less [A-03]`, async () => {
    const stage = await scene();
    const without = await stage.send(sent(endpoint));
    assert.equal(without.status, 401);
    assert.equal(challenge(without), 'Bearer realm="hallpass"');
    const others = SCOPES.filter((one) => one !== scope).join(" ");
    const lacking = await stage.send(sent(endpoint, `Bearer ${await stage.bearer(others)}`));
    assert.equal(lacking.status, 403);
    assert.equal(challenge(lacking), `Bearer realm="hallpass", error="insufficient_scope", scope="${scope}"`);
    const holding = await stage.send(sent(endpoint, `Bearer ${await stage.bearer(scope)}`));
    assert.ok(![401, 403].includes(holding.status), holding.text);
  });
}

const bearers: readonly [title: string, make: (stage: Scene) => Promise<string>, status: number, code: string][] = [
  ["no token at all", async () => "Bearer", 400, "bearer_malformed"],
  ["text that is no token", async () => "Bearer x.y.z", 401, "bearer_refused"],
  [
    "another scheme",
    async (stage) => `Basic ${Buffer.from(stage.basic.operator).toString("base64")}`,
    401,
    "bearer_missing",
  ],
  [
    "a changed signature",
    async (stage) => `Bearer ${(await stage.bearer()).replace(/.{6}$/, "AAAAAA")}`,
    401,
    "bearer_refused",
  ],
  ["a token for another audience", async (stage) => `Bearer ${await ofService(stage)}`, 401, "bearer_refused"],
  [
    "a session's token for the app's API",
    async (stage) => `Bearer ${(await stage.open()).access}`,
    401,
    "bearer_refused",
  ],
  ["two tokens", async (stage) => `Bearer ${await stage.bearer()}, Bearer x`, 400, "bearer_malformed"],
];
for (const [title, make, status, code] of bearers) {
  test(`${title} opens nothing`, async () => {
    const stage = await scene();
    const headers = { authorization: await make(stage) };
    const answer = await stage.send({ path: "/v1/keys", headers });
    assert.equal(answer.status, status);
    assert.equal(answer.json["code"], code);
  });
}

test("an expired token opens nothing", async () => {
  const stage = await scene();
  const authorization = `Bearer ${await stage.bearer()}`;
  stage.clock.advance(606_000);
  assert.equal((await stage.send({ path: "/v1/keys", headers: { authorization } })).status, 401);
});

test("a session opened for the operator's own client makes nobody an operator [A-09]", async () => {
  const stage = await scene();
  const { access } = await stage.open({
    client_id: "operator",
    issue: ["access"],
    audience: stage.services.issuer.url,
  });
  const answer = await stage.send({ path: "/v1/keys", headers: { authorization: `Bearer ${access}` } });
  assert.equal(answer.status, 403);
  assert.equal(answer.json["code"], "bearer_of_a_session");
});

test("nobody registers a client with more of this API than it has itself [A-09]", async () => {
  const stage = await scene();
  const client = {
    client_id: "friend",
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["client_credentials"],
    scope: "clients:write keys:write",
    audiences: stage.services.issuer.url,
  };
  const headers = { authorization: `Bearer ${await stage.bearer("clients:write")}` };
  const refused = await stage.send({ path: "/v1/clients", headers, json: client });
  assert.equal(refused.status, 400);
  assert.equal(refused.json["code"], "scope_not_allowed");
  assert.deepEqual(stage.facts(), []);
});

test("a server with a route that does not say who may call it does not start [A-12]", async () => {
  const { services } = await scene();
  const [some] = ENDPOINTS;
  assert.ok(some !== undefined);
  const { from: _, ...undeclared } = some;
  for (const bad of [
    undeclared,
    { ...some, from: { kind: "everyone" } },
    { ...some, from: { kind: "scope", scope: "x" } },
  ]) {
    assert.throws(() => createRouter(services, [bad as unknown as Endpoint]), /does not say who may call it/);
  }
  assert.throws(() => createRouter(services, [some, some]), /stands twice/);
  assert.doesNotThrow(() => createRouter(services, ENDPOINTS));
});

test("the metrics page is closed to whoever has no token, from wherever [A-14]", async () => {
  const stage = await scene();
  assert.equal((await stage.send({ path: "/metrics" })).status, 401);
  const open = await stage.send({
    path: "/metrics",
    headers: { authorization: `Bearer ${await stage.bearer("metrics:read")}` },
  });
  assert.equal(open.text, "# no metrics\n");
});

async function ofService(stage: Scene): Promise<string> {
  const headers = { authorization: `Basic ${Buffer.from(stage.basic.service).toString("base64")}` };
  const { json } = await stage.send({ path: "/oauth2/token", headers, form: { grant_type: "client_credentials" } });
  return String(json["access_token"]);
}
