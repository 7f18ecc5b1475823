// The token endpoint as a client meets it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { API, basicHeader, type Received, type Scene, type Sent, scene } from "../testing/scene.ts";

const FORM = "application/x-www-form-urlencoded";

interface Row {
  readonly title: string;
  readonly send: (stage: Scene) => Sent | Promise<Sent>;
  readonly status: number;
  readonly error?: string;
  readonly facts?: readonly string[];
}

const token = (form: Sent["form"], headers: Sent["headers"] = {}): Sent => ({
  path: "/oauth2/token",
  headers,
  ...(form === undefined ? {} : { form }),
});
const service =
  (form: Sent["form"], change = (credentials: string): string => credentials) =>
  (stage: Scene) =>
    token(form, basicHeader(change(stage.basic.service)));
const CLIENT = { grant_type: "client_credentials" };

describe("the grant type is one that is offered [TOK-1] [TOK-13]", () => {
  run([
    {
      title: "a missing grant_type is an invalid request",
      send: service({ scope: "orders:read" }),
      status: 400,
      error: "invalid_request",
    },
    {
      title: "an unknown grant_type is unsupported",
      send: service({ grant_type: "magic" }),
      status: 400,
      error: "unsupported_grant_type",
    },
    {
      title: "the password grant is not offered",
      send: service({ grant_type: "password", username: "a", password: "b" }),
      status: 400,
      error: "unsupported_grant_type",
    },
    {
      title: "a refresh without a token is an invalid request",
      send: () => token({ grant_type: "refresh_token", client_id: "web" }),
      status: 400,
      error: "invalid_request",
    },
  ]);
});

describe("a form has one reading or is refused [GEN-3] [GEN-4] [O-43]", () => {
  run([
    {
      title: "an empty grant_type is an absent one",
      send: service("grant_type="),
      status: 400,
      error: "invalid_request",
    },
    {
      title: "a parameter that stands twice is refused",
      send: service("grant_type=client_credentials&grant_type=client_credentials"),
      status: 400,
      error: "invalid_request",
    },
    {
      title: "an unknown parameter is ignored",
      send: service({ ...CLIENT, colour: "blue" }),
      status: 200,
    },
    {
      title: "a JSON body is no form",
      send: (stage) => ({ path: "/oauth2/token", headers: basicHeader(stage.basic.service), json: CLIENT }),
      status: 400,
      error: "invalid_request",
    },
    {
      title: "a form in another charset is refused",
      send: (stage) => ({
        path: "/oauth2/token",
        headers: { ...basicHeader(stage.basic.service), "content-type": `${FORM}; charset=iso-8859-1` },
        body: "grant_type=client_credentials",
      }),
      status: 400,
      error: "invalid_request",
    },
    {
      title: "a multipart body is refused",
      send: (stage) => ({
        path: "/oauth2/token",
        headers: { ...basicHeader(stage.basic.service), "content-type": "multipart/form-data; boundary=x" },
        body: "--x--",
      }),
      status: 400,
      error: "invalid_request",
    },
    ...["grant_type=refresh_token%00", "grant_type=%u0061", "grant_type=%C0%AF", "grant_type=a&amp;b=c;d", "a=%zz"].map(
      (form): Row => ({
        title: `a form that two readers read differently is refused: ${form}`,
        send: service(form),
        status: 400,
      }),
    ),
    {
      title: "two resources of the client's are two audiences",
      send: service(`grant_type=client_credentials&resource=${encodeURIComponent(API)}&resource=https://other.example`),
      status: 200,
    },
  ]);
});

describe("a client authenticates in one way, its own [GEN-7] [GEN-8] [CAUTH-1] [CAUTH-2] [CAUTH-8] [O-18] [O-19] [O-20] [O-21]", () => {
  run([
    {
      title: "two ways to authenticate are one too many",
      send: service({ ...CLIENT, client_secret: "x" }),
      status: 400,
      error: "invalid_request",
    },
    {
      title: "Basic beside an assertion is one too many",
      send: service({ ...CLIENT, client_assertion: "x", client_assertion_type: "y" }),
      status: 400,
      error: "invalid_request",
    },
    {
      title: "a client_id in the form that is not the one of Basic is refused",
      send: service({ ...CLIENT, client_id: "web" }),
      status: 400,
      error: "invalid_request",
    },
    {
      title: "a wrong secret is refused with the scheme",
      send: service(CLIENT, (credentials) => credentials.replace(/.$/, "")),
      status: 401,
      error: "invalid_client",
    },
    {
      title: "an unknown client looks like a wrong secret",
      send: service(CLIENT, (credentials) => credentials.replace("service", "nobody")),
      status: 401,
      error: "invalid_client",
    },
    {
      title: "a confidential client can't fall back to none",
      send: () => token({ ...CLIENT, client_id: "service" }),
      status: 401,
      error: "invalid_client",
    },
    {
      title: "a public client can't send a secret",
      send: async (stage) =>
        token(
          { grant_type: "refresh_token", refresh_token: (await stage.open()).refresh },
          basicHeader(stage.basic.service.replace("service", "web")),
        ),
      status: 401,
      error: "invalid_client",
      facts: ["session_opened"],
    },
    {
      title: "a secret in the form is not offered",
      send: (stage) => token({ ...CLIENT, client_id: "service", client_secret: stage.basic.service.slice(8) }),
      status: 401,
      error: "invalid_client",
    },
    {
      title: "a client that says nothing is not authenticated",
      send: () => token(CLIENT),
      status: 401,
      error: "invalid_client",
    },
    ...["", ":", "service", ":secret", "service:", "a:b:c", "%zz:x", "s\u00e9:x"].map(
      (credentials): Row => ({
        title: `malformed Basic credentials are refused: ${JSON.stringify(credentials)}`,
        send: () => token(CLIENT, basicHeader(credentials)),
        status: 401,
        error: "invalid_client",
      }),
    ),
    {
      title: "Basic that is no base64 is refused",
      send: () => token(CLIENT, { authorization: "Basic ***" }),
      status: 401,
      error: "invalid_client",
    },
    {
      title: "Basic credentials are form-decoded after base64",
      send: service(CLIENT, (credentials) => credentials.replace("service", "%73ervice")),
      status: 200,
    },
  ]);
});

describe("a client gets the grants that it is registered for [TOK-2] [TOK-9] [O-25]", () => {
  run([
    {
      title: "a public client gets no client_credentials token",
      send: () => token({ ...CLIENT, client_id: "web" }),
      status: 400,
      error: "unauthorized_client",
    },
    {
      title: "a confidential client without the grant gets no refresh",
      send: async (stage) =>
        token(
          { grant_type: "refresh_token", refresh_token: (await stage.open()).refresh },
          basicHeader(stage.basic.service),
        ),
      status: 400,
      error: "unauthorized_client",
      facts: ["session_opened"],
    },
  ]);
});

describe("nobody gets more scope or another audience than may be granted [TOK-11] [O-26] [O-27] [O-31]", () => {
  run([
    {
      title: "more scope than registered is refused",
      send: service({ ...CLIENT, scope: "orders:read admin" }),
      status: 400,
      error: "invalid_scope",
    },
    ...['a"b', "a  b", " a", "a\u0000b", "é", "x ".repeat(70).trim()].map(
      (scope): Row => ({
        title: `a malformed scope is refused: ${JSON.stringify(scope.slice(0, 12))}`,
        send: service({ ...CLIENT, scope }),
        status: 400,
        error: scope.includes("\u0000") ? "invalid_request" : "invalid_scope",
      }),
    ),
    {
      title: "a resource outside of the client's is refused",
      send: service({ ...CLIENT, resource: "https://evil.example" }),
      status: 400,
      error: "invalid_target",
    },
    ...["/relative", "https://api.example/#part", "not a uri"].map(
      (resource): Row => ({
        title: `a resource that is no absolute URI is refused: ${resource}`,
        send: service({ ...CLIENT, resource }),
        status: 400,
        error: "invalid_target",
      }),
    ),
  ]);
});

describe("other methods, queries, large and encoded bodies are refused [GEN-6] [GEN-9] [O-01] [E-04] [E-07]", () => {
  run([
    {
      title: "a query on the token endpoint is refused: credentials never stand in a URL",
      send: (stage) => ({
        path: "/oauth2/token?client_secret=x",
        headers: basicHeader(stage.basic.service),
        form: CLIENT,
      }),
      status: 400,
      error: "invalid_request",
    },
    {
      title: "a body over 64 KiB is not read",
      send: service(`grant_type=client_credentials&x=${"a".repeat(70_000)}`),
      status: 413,
      error: "invalid_request",
    },
    {
      title: "a form over its own limit is refused",
      send: service(`grant_type=client_credentials&x=${"a".repeat(17_000)}`),
      status: 413,
      error: "invalid_request",
    },
    {
      title: "an encoded body is refused before it is looked at",
      send: (stage) => ({
        path: "/oauth2/token",
        headers: { ...basicHeader(stage.basic.service), "content-encoding": "gzip" },
        form: CLIENT,
      }),
      status: 415,
      error: "invalid_request",
    },
    ...["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"].map(
      (method): Row => ({
        title: `${method} on the token endpoint is refused`,
        send: () => ({ method, path: "/oauth2/token" }),
        status: 405,
        ...(method === "HEAD" ? {} : { error: "invalid_request" }),
      }),
    ),
  ]);
});

function run(rows: readonly Row[]): void {
  for (const row of rows) {
    test(row.title, async () => {
      const stage = await scene();
      const sent = await row.send(stage);
      const answer = await stage.send(sent);
      assert.equal(answer.status, row.status, answer.text);
      assertHygiene(answer);
      if (row.status !== 200) assertRefusal(answer, sent, row.error);
      assert.deepEqual(stage.facts(), row.facts ?? []);
    });
  }
}

/** Every answer: no-store, no referrer; every refusal: the characters of RFC 6749 section 5.2, and nothing of the request. */
function assertHygiene(answer: Received): void {
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
  assert.match(answer.headers.get("x-request-id") ?? "", /^[A-Za-z0-9_-]{16}$/);
}

function assertRefusal(answer: Received, sent: Sent, error: string | undefined): void {
  if (error !== undefined) assert.equal(answer.json["error"], error);
  if (answer.status === 405) assert.equal(answer.headers.get("allow"), "POST");
  if (answer.status === 401) assert.match(answer.headers.get("www-authenticate") ?? "", /^Basic realm=/);
  if (sent.method === "HEAD") return;
  assert.deepEqual(Object.keys(answer.json).toSorted(), ["error", "error_description", "error_uri"]);
  assert.match(String(answer.json["error_description"]), /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
}

test("a token answer has exactly the members of RFC 6749 and is not stored [TOK-3] [GEN-2] [O-41]", async () => {
  const stage = await scene();
  const answer = await stage.send(service({ ...CLIENT, scope: "orders:read" })(stage));
  assert.deepEqual(Object.keys(answer.json), ["access_token", "token_type", "expires_in", "scope"]);
  assert.equal(answer.json["token_type"], "Bearer");
  assert.equal(answer.json["scope"], "orders:read");
  assert.equal(typeof answer.json["expires_in"], "number");
  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.equal(answer.headers.get("cache-control"), "no-store");
});

test("unknown client, wrong secret, wrong method and malformed secret get one body and one status [O-42]", async () => {
  const stage = await scene();
  const bodies = new Set<string>();
  for (const change of ["service", "nobody", "web"]) {
    const credentials = stage.basic.service.replace("service", change).replace(/.{4}$/, "AAAA");
    bodies.add((await stage.send(token(CLIENT, basicHeader(credentials)))).text);
  }
  bodies.add((await stage.send(token(CLIENT, basicHeader("service:short")))).text);
  assert.equal(bodies.size, 1);
});

test("a disabled client authenticates no more [O-23]", async () => {
  const stage = await scene();
  const authorization = `Bearer ${await stage.bearer()}`;
  const disabled = await stage.send({
    method: "POST",
    path: "/v1/clients/service/disable",
    headers: { authorization },
  });
  assert.equal(disabled.status, 200, disabled.text);
  const answer = await stage.send(service(CLIENT)(stage));
  assert.equal(answer.status, 401);
  // Its sessions are counted in their own time.
  await stage.services.runs.settled(String(disabled.json["id"]), 30_000);
  assert.deepEqual(stage.facts(), ["client_disabled", "revocation_completed"]);
});
