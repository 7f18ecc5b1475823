import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from "jose";
import { createMetrics, NOTHING_GAUGED } from "../observe/metrics.ts";
import { SILENT } from "../observe/observer.ts";
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

interface Asking {
  readonly hint?: string;
  readonly accept?: string;
}

function ask(
  stage: Scene,
  credentials: string,
  token: string,
  { hint = "access_token", accept }: Asking = {},
): Promise<Received> {
  const form = { token, token_type_hint: hint };
  const headers = { ...basicHeader(credentials), ...(accept === undefined ? {} : { accept }) };
  return stage.send({ path: "/oauth2/introspect", headers, form });
}

/** A confidential client with sessions of its own. */
async function backendOf(stage: Scene): Promise<string> {
  const { json } = await stage.send({
    path: "/v1/clients",
    headers: { authorization: `Bearer ${await stage.bearer()}` },
    json: {
      client_id: "backend",
      token_endpoint_auth_method: "client_secret_basic",
      grant_types: ["refresh_token"],
      scope: "read write",
      audiences: API,
    },
  });
  return `backend:${String(json["client_secret"])}`;
}

test("a live token of the verifier's audience is active, with the claims it is judged by [INTR-2] [I-07]", async () => {
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

test("a client that is no verifier learns nothing about a token of its own audience [INTR-3] [I-03]", async () => {
  const stage = await scene();
  const { access } = await stage.open();
  assert.equal((await ask(stage, stage.basic.service, access)).text, '{"active":false}');
});

test("nobody asks without authenticating, a public client neither [INTR-1] [I-01]", async () => {
  const stage = await scene();
  const { access } = await stage.open();
  for (const headers of [{}, basicHeader("verifier:x"), basicHeader(`web:${stage.basic.service.slice(8)}`)]) {
    const answer = await stage.send({ path: "/oauth2/introspect", headers, form: { token: access } });
    assert.equal(answer.status, 401);
  }
  const named = await stage.send({ path: "/oauth2/introspect", form: { token: access, client_id: "web" } });
  assert.equal(named.status, 401);
});

test("what is asked about is counted by whether it is active, and not where nobody authenticated", async () => {
  const { registry, introspected } = createMetrics(NOTHING_GAUGED);
  const stage = await scene({ observer: { ...SILENT, introspected } });
  const credentials = await verifierOf(stage, [ISSUER, API]);
  const { access } = await stage.open();
  for (const token of [access, "x", access, `${access}x`, access]) await ask(stage, credentials, token);
  await ask(stage, "verifier:x", access);
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  await stage.send({ path: "/v1/introspections", headers, json: { tokens: [access, "y"] } });
  const page = await registry.getSingleMetricAsString("hallpass_introspections_total");
  assert.match(page, /active="true"\} 4\n.*active="false"\} 3/);
});

test("a token is found whatever the hint says, and without one [INTR-4]", async () => {
  const stage = await scene();
  const credentials = await verifierOf(stage, [ISSUER, API]);
  const { access } = await stage.open();
  for (const hint of ["access_token", "refresh_token", "session_token", "x", ""]) {
    const answer = await ask(stage, credentials, access, { hint });
    assert.equal(answer.json["active"], true, hint);
  }
});

test("no token, two tokens and a JSON body are refused before anything is looked up [INTR-1]", async () => {
  const stage = await scene();
  const headers = basicHeader(stage.basic.service);
  for (const sent of [{ form: {} }, { form: { token: "" } }, { form: "token=a&token=b" }, { json: { token: "a" } }]) {
    const answer = await stage.send({ path: "/oauth2/introspect", headers, ...sent });
    assert.equal(answer.status, 400);
    assert.equal(answer.json["error"], "invalid_request");
  }
});

describe("a client's own tokens", () => {
  const own = async (stage: Scene): Promise<{ credentials: string; access: string; refresh: string; sid: string }> => {
    const credentials = await backendOf(stage);
    return { credentials, ...(await stage.open({ client_id: "backend" })) };
  };

  test("are active for it, the refresh token with what it is good for [INTR-5]", async () => {
    const stage = await scene();
    const { credentials, access, refresh, sid } = await own(stage);
    assert.equal((await ask(stage, credentials, access)).json["sid"], sid);
    const { json } = await ask(stage, credentials, refresh);
    const names = ["active", "client_id", "exp", "iss", "scope", "sid", "sub"];
    assert.deepEqual(Object.keys(json).toSorted(), names);
    assert.deepEqual([json["active"], json["client_id"], json["sub"], json["sid"]], [true, "backend", "u-1", sid]);
    assert.equal(json["exp"], Math.floor(stage.clock.now() / 1000) + 14 * 86_400);
  });

  test("are active for nobody else: a verifier learns nothing about a refresh token [INTR-5] [I-03]", async () => {
    const stage = await scene();
    const { refresh } = await own(stage);
    const verifier = await verifierOf(stage, [ISSUER, API]);
    for (const credentials of [verifier, stage.basic.service, stage.basic.operator])
      assert.equal((await ask(stage, credentials, refresh)).text, '{"active":false}');
  });

  test("are active exactly as long as a refresh would be granted, and asking uses nothing up [INTR-5]", async () => {
    const stage = await scene();
    const { credentials, refresh } = await own(stage);
    const active = async (token: string): Promise<unknown> => (await ask(stage, credentials, token)).json["active"];
    stage.facts();
    for (let asked = 0; asked < 3; asked += 1) assert.equal(await active(refresh), true);
    const rotated = await stage.send({
      path: "/oauth2/token",
      headers: basicHeader(credentials),
      form: { grant_type: "refresh_token", refresh_token: refresh },
    });
    const second = String(rotated.json["refresh_token"]);
    // The predecessor of an unused generation is good for a while: the answer may have been lost.
    assert.deepEqual([await active(refresh), await active(second)], [true, true]);
    await stage.send({
      path: "/oauth2/token",
      headers: basicHeader(credentials),
      form: { grant_type: "refresh_token", refresh_token: second },
    });
    stage.facts();
    assert.deepEqual([await active(refresh), await active(second)], [false, true]);
    assert.deepEqual(stage.facts(), [], "a look at a superseded generation is no reuse");
    for (const wrong of [`${second}x`, second.slice(0, -1), `hpr_${"A".repeat(84)}`])
      assert.equal(await active(wrong), false);
  });

  for (const [title, take] of [
    ["its session ended", (sid: string) => ({ path: `/v1/sessions/${sid}/end`, json: {} })],
    [
      "its subject was revoked",
      () => ({ path: "/v1/revocations", json: { targets: [{ type: "subject", subject: "u-1" }] } }),
    ],
    [
      "its client was revoked",
      () => ({ path: "/v1/revocations", json: { targets: [{ type: "client", client_id: "backend" }] } }),
    ],
  ] as const) {
    test(`are inactive when ${title} [INTR-3] [INTR-5]`, async () => {
      const stage = await scene();
      const { credentials, access, refresh, sid } = await own(stage);
      const headers = { authorization: `Bearer ${await stage.bearer()}` };
      const taken = await stage.send({ ...take(sid), method: "POST", headers });
      assert.ok(taken.status < 300, taken.text);
      for (const token of [access, refresh])
        assert.equal((await ask(stage, credentials, token)).text, '{"active":false}');
    });
  }

  test("are inactive from the instant on at which the session is over [INTR-3] [INTR-5]", async () => {
    const stage = await scene();
    const { credentials, refresh } = await own(stage);
    stage.clock.advance(14 * 86_400_000 - 1);
    assert.equal((await ask(stage, credentials, refresh)).json["active"], true);
    stage.clock.advance(1);
    assert.equal((await ask(stage, credentials, refresh)).text, '{"active":false}');
  });
});

describe("an answer that is signed", () => {
  const TYPE = "application/token-introspection+jwt";

  async function jwtOf(stage: Scene, answer: Received): Promise<{ header: object; payload: Record<string, unknown> }> {
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers.get("content-type"), TYPE);
    assert.equal(answer.headers.get("cache-control"), "no-store");
    const keys = (await stage.send({ path: "/.well-known/jwks.json" })).json as unknown as JSONWebKeySet;
    const { protectedHeader, payload } = await compactVerify(answer.text, createLocalJWKSet(keys));
    return { header: protectedHeader, payload: JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown> };
  }

  test("says what the JSON says, is addressed to who asked, and has neither subject nor expiry [INTR-6] [INTR-7]", async () => {
    const stage = await scene();
    const credentials = await verifierOf(stage, [ISSUER, API]);
    const { access } = await stage.open();
    const plain = await ask(stage, credentials, access);
    const { header, payload } = await jwtOf(stage, await ask(stage, credentials, access, { accept: TYPE }));
    assert.equal((header as { readonly typ: string }).typ, "token-introspection+jwt");
    assert.deepEqual(Object.keys(payload).toSorted(), ["aud", "iat", "iss", "token_introspection"]);
    assert.deepEqual([payload["iss"], payload["aud"]], [ISSUER, "verifier"]);
    assert.equal(payload["iat"], Math.floor(stage.clock.now() / 1000));
    assert.deepEqual(payload["token_introspection"], plain.json);
  });

  test("says no more than inactive about a token for another [INTR-3] [INTR-6] [I-04]", async () => {
    const stage = await scene();
    const { access } = await stage.open();
    const answer = await ask(stage, stage.basic.service, access, { accept: TYPE });
    assert.deepEqual((await jwtOf(stage, answer)).payload["token_introspection"], { active: false });
  });

  test("is no access token anywhere, and can't be introspected itself [INTR-7]", async () => {
    const stage = await scene();
    const credentials = await verifierOf(stage, [ISSUER, API]);
    const { access } = await stage.open();
    const { text: jwt } = await ask(stage, credentials, access, { accept: TYPE });
    assert.equal((await ask(stage, credentials, jwt)).text, '{"active":false}');
    const used = await stage.send({ path: "/v1/clients", headers: { authorization: `Bearer ${jwt}` } });
    assert.equal(used.status, 401);
  });

  for (const [accept, signed] of [
    ["application/json", false],
    ["*/*", false],
    ["application/*", false],
    [`${TYPE};q=0`, false],
    [`${TYPE};q=0.5, application/json`, false],
    [`${TYPE};q=x`, false],
    [`application/json;q=0.9, ${TYPE}`, true],
    [`${TYPE.toUpperCase()} ; q=0.1`, true],
    [`${TYPE}, application/json`, true],
    ["x".repeat(2000), false],
  ] as const) {
    test(`is ${signed ? "" : "not "}what "${accept.slice(0, 60)}" asks for [INTR-6]`, async () => {
      const stage = await scene();
      const answer = await ask(stage, stage.basic.service, "x", { accept });
      assert.equal(answer.headers.get("content-type"), signed ? TYPE : "application/json");
    });
  }

  test("is never given to who did not authenticate [INTR-1] [INTR-6]", async () => {
    const stage = await scene();
    const { status, headers } = await ask(stage, "verifier:x", "x", { accept: TYPE });
    assert.deepEqual([status, headers.get("content-type")], [401, "application/json"]);
  });
});
