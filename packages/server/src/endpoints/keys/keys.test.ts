// Signing keys over /v1, and what the JWKS shows of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Received, type Scene, scene } from "../../testing/scene.ts";

async function call(stage: Scene, method: string, path: string, json?: unknown): Promise<Received> {
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  return stage.send({ method, path, headers, ...(json === undefined ? {} : { json }) });
}

interface Keys {
  readonly version: number;
  readonly keys: readonly { readonly kid: string; readonly alg: string; readonly state: string }[];
}

async function keysOf(stage: Scene): Promise<Keys> {
  return (await call(stage, "GET", "/v1/keys")).json as unknown as Keys;
}

function kidIn({ keys }: Keys, state: string): string {
  const found = keys.find((key) => key.state === state);
  assert.ok(found !== undefined, `a key is ${state}`);
  return found.kid;
}

test("the list shows states and times, and nothing that could sign", async () => {
  const stage = await scene();
  const answer = await call(stage, "GET", "/v1/keys");
  assert.deepEqual(Object.keys(answer.json), [
    "version",
    "keys",
    "rotations",
    "mac_keys",
    "secret_keys",
    "key_encryption",
  ]);
  assert.ok(!answer.text.includes('"sealed"'));
});

test("the JWKS holds public members only, next and active, each with kid, use and alg [JWKS-1] [JWKS-2]", async () => {
  const stage = await scene();
  const { json, headers } = await stage.send({ path: "/.well-known/jwks.json" });
  const keys = json["keys"] as readonly Record<string, unknown>[];
  assert.equal(keys.length, 2);
  for (const key of keys) assert.deepEqual(Object.keys(key).toSorted(), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
  assert.equal(headers.get("content-type"), "application/jwk-set+json");
});

test("a key that is too fresh is rotated by force only", async () => {
  const stage = await scene();
  const next = kidIn(await keysOf(stage), "next");
  stage.facts();
  assert.equal((await call(stage, "POST", "/v1/keys/rotate")).json["code"], "key_too_fresh");
  assert.deepEqual(stage.facts(), []);
  const forced = await call(stage, "POST", "/v1/keys/rotate", { force: true });
  assert.equal(forced.status, 200, forced.text);
  assert.equal(forced.json["active"], next);
  assert.deepEqual(forced.json["verifiers"], { connected: 0, acknowledged: 0 });
  assert.deepEqual(stage.facts().toSorted(), ["key_activated", "key_created", "key_retired"]);
});

test("a compromised key is gone from the JWKS, and its tokens open nothing, those that were shown before neither", async () => {
  const stage = await scene();
  const before = await stage.bearer();
  const show = async (): Promise<number> =>
    (await stage.send({ path: "/v1/keys", headers: { authorization: `Bearer ${before}` } })).status;
  assert.deepEqual([await show(), await show()], [200, 200]);
  const active = kidIn(await keysOf(stage), "active");
  const answer = await call(stage, "POST", `/v1/keys/${active}/compromise`, { wait_ms: 10 });
  assert.equal(answer.status, 200, answer.text);
  assert.ok(!(await stage.send({ path: "/.well-known/jwks.json" })).text.includes(active));
  assert.equal(await show(), 401);
});

test("a retiring key is not removed while a token may need it", async () => {
  const stage = await scene();
  const active = kidIn(await keysOf(stage), "active");
  await call(stage, "POST", "/v1/keys/rotate", { force: true });
  assert.equal((await call(stage, "POST", `/v1/keys/${active}/remove`)).json["code"], "key_state");
  stage.clock.advance(3_700_000);
  assert.equal((await call(stage, "POST", `/v1/keys/${active}/remove`)).status, 200);
  assert.equal((await call(stage, "POST", "/v1/keys/nothing/remove")).json["code"], "key_not_found");
});

test("several keys are refused in one change, or none if one is unknown [KEY-7] [K-07]", async () => {
  const stage = await scene();
  const before = await keysOf(stage);
  const kids = [kidIn(before, "active"), kidIn(before, "next")];
  const unknown = await call(stage, "POST", "/v1/keys/compromise", { kids: [...kids, "nothing"] });
  assert.deepEqual([unknown.status, unknown.json["code"]], [404, "key_not_found"]);
  assert.equal((await keysOf(stage)).version, before.version);
  const done = await call(stage, "POST", "/v1/keys/compromise", { kids });
  assert.equal(done.status, 200, done.text);
  const jwks = (await stage.send({ path: "/.well-known/jwks.json" })).text;
  for (const kid of kids) assert.ok(!jwks.includes(kid));
  assert.ok(jwks.includes(String(done.json["active"])) && jwks.includes(String(done.json["next"])));
});

test("a rotation is taken back, and a trial begins and ends, each with its fact [KEY-5] [KEY-6]", async () => {
  const stage = await scene();
  const active = kidIn(await keysOf(stage), "active");
  await call(stage, "POST", "/v1/keys/rotate", { force: true });
  stage.facts();
  const back = await call(stage, "POST", `/v1/keys/${active}/restore`);
  assert.deepEqual([back.status, back.json["active"]], [200, active]);
  assert.deepEqual(stage.facts().toSorted(), ["key_activated", "key_retired"]);
  assert.equal((await call(stage, "POST", "/v1/keys/try", { trial: { percent: 5 } })).json["code"], "key_too_fresh");
  assert.equal((await call(stage, "POST", "/v1/keys/try", { trial: { percent: 5 }, force: true })).status, 200);
  assert.equal((await call(stage, "POST", "/v1/keys/try", { trial: null })).status, 200);
  assert.deepEqual(stage.facts(), ["key_trial_changed", "key_trial_changed"]);
});

test("a body that makes no sense changes no key", async () => {
  const stage = await scene();
  const { version } = await keysOf(stage);
  const wrong: readonly (readonly [path: string, body: unknown])[] = [
    ["/v1/keys", {}],
    ["/v1/keys", { alg: "EdDSA" }],
    ["/v1/keys", { alg: "none" }],
    ["/v1/keys/rotate", { alg: "HS256" }],
    ["/v1/keys/try", {}],
    ["/v1/keys/try", { trial: {} }],
    ["/v1/keys/try", { trial: { percent: 0 } }],
    ["/v1/keys/try", { trial: { percent: 100 } }],
    ["/v1/keys/try", { trial: { percent: 1.5 } }],
    ["/v1/keys/try", { trial: { percent: 5, client_id: "web" } }],
    ["/v1/keys/compromise", {}],
    ["/v1/keys/compromise", { kids: [] }],
    ["/v1/keys/compromise", { kids: "all" }],
    ["/v1/keys/compromise", { kids: Array.from({ length: 21 }, () => "k") }],
  ];
  for (const [path, body] of wrong) {
    const answer = await call(stage, "POST", path, body);
    assert.deepEqual([answer.status, answer.json["code"]], [400, "request_invalid"], `${path} ${JSON.stringify(body)}`);
  }
  assert.equal((await call(stage, "POST", "/v1/keys/nothing/restore")).json["code"], "key_not_found");
  assert.equal(
    (await call(stage, "POST", "/v1/keys/rotate", { alg: "RS256" })).json["code"],
    "signing_alg_unavailable",
  );
  assert.equal((await keysOf(stage)).version, version);
});

test("a client gets tokens of the algorithm that it is registered with, once everybody may know its keys [KEY-8] [K-16]", async () => {
  const stage = await scene();
  const wanted = {
    client_id: "legacy",
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["client_credentials"],
    scope: "orders:read",
    audiences: "https://api.example",
    access_token_signing_alg: "RS256",
  };
  const register = () => call(stage, "POST", "/v1/clients", wanted);
  assert.equal((await register()).json["code"], "signing_alg_unavailable");
  assert.equal((await call(stage, "POST", "/v1/keys", { alg: "RS256" })).status, 200);
  stage.clock.advance(304_999);
  assert.equal((await register()).json["code"], "signing_alg_unavailable");
  stage.clock.advance(1);
  const registered = await register();
  assert.equal(registered.status, 201, registered.text);
  assert.equal(registered.json["access_token_signing_alg"], "RS256");
  const credentials = `legacy:${String(registered.json["client_secret"])}`;
  const headers = { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
  const granted = await stage.send({ path: "/oauth2/token", headers, form: { grant_type: "client_credentials" } });
  const token = String(granted.json["access_token"]);
  const header = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()) as Record<string, string>;
  const rsa = (await keysOf(stage)).keys.find((key) => key.state === "active" && key.alg === "RS256");
  assert.deepEqual(header, { alg: "RS256", typ: "at+jwt", kid: rsa?.kid });
  const own = await stage.bearer();
  assert.match(Buffer.from(own.split(".")[0] ?? "", "base64url").toString(), /"alg":"ES256"/);
});
