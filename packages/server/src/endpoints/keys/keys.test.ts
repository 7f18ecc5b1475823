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
  readonly keys: readonly { readonly kid: string; readonly state: string }[];
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

test("a compromised key is gone from the JWKS, and its tokens open nothing", async () => {
  const stage = await scene();
  const before = await stage.bearer();
  const active = kidIn(await keysOf(stage), "active");
  const answer = await call(stage, "POST", `/v1/keys/${active}/compromise`, { wait_ms: 10 });
  assert.equal(answer.status, 200, answer.text);
  assert.ok(!(await stage.send({ path: "/.well-known/jwks.json" })).text.includes(active));
  const old = await stage.send({ path: "/v1/keys", headers: { authorization: `Bearer ${before}` } });
  assert.equal(old.status, 401);
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
