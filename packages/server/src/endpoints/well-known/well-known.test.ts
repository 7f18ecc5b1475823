// The public documents, probes and everything that is at no path of ours.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ISSUER, scene } from "../../testing/scene.ts";

const METADATA = "/.well-known/oauth-authorization-server";

test("the metadata names this issuer and what it offers, and no list in it is empty [META-2] [META-3] [META-4] [META-5] [META-8] [META-9]", async () => {
  const stage = await scene();
  const { status, headers, json } = await stage.send({ path: METADATA });
  assert.equal(status, 200);
  assert.equal(headers.get("content-type"), "application/json");
  assert.equal(json["issuer"], ISSUER);
  assert.equal(json["token_endpoint"], `${ISSUER}/oauth2/token`);
  assert.deepEqual(json["grant_types_supported"], ["refresh_token", "client_credentials"]);
  const methods = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];
  assert.deepEqual(json["token_endpoint_auth_methods_supported"], methods);
  assert.deepEqual(json["revocation_endpoint_auth_methods_supported"], methods);
  assert.deepEqual(json["introspection_endpoint_auth_methods_supported"], methods.slice(1));
  const algorithms = json["token_endpoint_auth_signing_alg_values_supported"] as readonly string[];
  assert.ok(algorithms.includes("ES256") && !algorithms.some((alg) => /none|HS/.test(alg)));
  assert.equal(json["jwks_uri"], `${ISSUER}/.well-known/jwks.json`);
  assert.equal(json["authorization_endpoint"], undefined);
  assert.equal(json["revocation_endpoint"], `${ISSUER}/oauth2/revoke`);
  assert.equal(json["introspection_endpoint"], `${ISSUER}/oauth2/introspect`);
  assert.deepEqual(json["introspection_signing_alg_values_supported"], ["ES256"]);
  for (const value of Object.values(json)) assert.ok(!Array.isArray(value) || value.length > 0);
});

for (const path of [METADATA, "/.well-known/jwks.json"]) {
  test(`${path} may be remembered for five minutes, asked for again cheaply and read by any origin [JWKS-8] [E-11]`, async () => {
    const stage = await scene();
    const first = await stage.send({ path, headers: { origin: "https://app.example" } });
    assert.equal(first.headers.get("cache-control"), "public, max-age=300");
    assert.equal(first.headers.get("access-control-allow-origin"), "*");
    assert.equal(first.headers.get("access-control-allow-credentials"), null);
    const etag = first.headers.get("etag") ?? "";
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`]) {
      const again = await stage.send({ path, headers: { "if-none-match": known } });
      assert.equal(again.status, 304);
      assert.equal(again.text, "");
    }
    assert.equal((await stage.send({ path, headers: { "if-none-match": '"x"' } })).status, 200);
    assert.equal((await stage.send({ method: "HEAD", path })).status, 200);
    const post = await stage.send({ method: "POST", path, form: {} });
    assert.equal(post.status, 405);
    assert.equal(post.headers.get("allow"), "GET, HEAD");
  });
}

test("an answer of /v1 may be read by no other origin [O-38] [GEN-12]", async () => {
  const stage = await scene();
  const authorization = `Bearer ${await stage.bearer()}`;
  for (const origin of ["https://app.example", "null"]) {
    const answer = await stage.send({ path: "/v1/keys", headers: { authorization, origin } });
    assert.equal(answer.headers.get("access-control-allow-origin"), null);
    const preflight = await stage.send({
      method: "OPTIONS",
      path: "/v1/sessions",
      headers: { origin, "access-control-request-method": "POST" },
    });
    assert.equal(preflight.status, 405);
    assert.equal(preflight.headers.get("access-control-allow-methods"), null);
  }
});

test("links and issuer come from the configuration, whatever the request says of itself [O-39]", async () => {
  const stage = await scene();
  const headers = { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https", forwarded: "host=evil.example" };
  const request = new Request(`http://evil.example${METADATA}`, { headers });
  const text = await (await stage.hallpass.fetch(request)).text();
  assert.ok(!text.includes("evil.example"));
  assert.ok(text.includes(ISSUER));
});

test("X-HTTP-Method-Override changes no method [O-01]", async () => {
  const stage = await scene();
  const headers = { "x-http-method-override": "POST", "x-method-override": "POST" };
  assert.equal((await stage.send({ path: "/oauth2/token", headers })).status, 405);
});

for (const path of [
  "/",
  "/v1",
  "/v1/nothing",
  "/oauth2/authorize",
  "/.well-known/openid-configuration",
  "/V1/keys",
  "/v1/keys/",
  "//v1/keys",
]) {
  test(`there is nothing at ${path}`, async () => {
    const stage = await scene();
    const answer = await stage.send({ path });
    assert.equal(answer.status, 404);
    assert.equal(answer.headers.get("cache-control"), "no-store");
  });
}

test("a path with an escape is refused, whatever it would mean", async () => {
  const stage = await scene();
  for (const path of ["/oauth2/%74oken", "/v1/sessions/%00", "/v1/%zz", "/v1/sessions/a%2Fb"]) {
    assert.equal((await stage.send({ path })).status, 400);
  }
});

test("the document of an issuer that is not served here is not found [META-1]", async () => {
  const stage = await scene();
  for (const path of [`${METADATA}/t1`, `/t1${METADATA}`]) assert.equal((await stage.send({ path })).status, 404);
});

test("every error links to its explanation, which is here", async () => {
  const stage = await scene();
  const { json } = await stage.send({ path: "/v1/keys" });
  const link = new URL(String(json["type"]));
  const page = await stage.send({ path: link.pathname });
  assert.equal(page.status, 200);
  assert.ok(page.text.includes(`id="${link.hash.slice(1)}"`));
});

test("alive and ready are said", async () => {
  const stage = await scene();
  assert.deepEqual((await stage.send({ path: "/healthz" })).json, { status: "alive" });
  assert.deepEqual((await stage.send({ path: "/readyz" })).json, { status: "ready" });
});
