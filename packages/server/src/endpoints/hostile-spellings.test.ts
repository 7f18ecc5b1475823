// Requests in a second spelling: bodies under another name than theirs, parameters and paths that only look like ours. What one reader takes for
// ours and another doesn't is refused, and nothing is written.

import assert from "node:assert/strict";
import { test } from "node:test";
import { basicHeader, type Received, type Scene, scene } from "../testing/scene.ts";

const FORM = "grant_type=client_credentials";
const OPENING = '{"subject":"u-1","client_id":"web"}';

function askedWith(stage: Scene, type: string, body: string | Uint8Array<ArrayBuffer> = FORM): Promise<Received> {
  const headers = { ...basicHeader(stage.basic.service), "content-type": type };
  return stage.send({ method: "POST", path: "/oauth2/token", headers, body });
}

test("a form in another charset, of another type, or with a parameter of its type that nobody knows is not read [NB-01]", async () => {
  const stage = await scene();
  const type = "application/x-www-form-urlencoded";
  for (const right of [type, `${type};charset=UTF-8`, `${type} ; charset="utf-8"`, type.toUpperCase()])
    assert.equal((await askedWith(stage, right)).status, 200, right);
  const wrong = [
    ...["utf-16", "utf-7", "utf-8; charset=utf-16", "iso-8859-1", "utf8", "'utf-8'"].map(
      (one) => `${type}; charset=${one}`,
    ),
    `${type}; boundary=x`,
    `${type}, application/json`,
    `application/json, ${type}`,
    "multipart/form-data; boundary=x",
    "text/plain",
    "application/json",
    "application/x-www-form-urlencoded-2",
    "x",
    "",
    type.replace("/", "\\"),
  ];
  for (const one of wrong) {
    const answer = await askedWith(stage, one);
    assert.deepEqual([answer.status, answer.json["error"]], [400, "invalid_request"], one);
  }
  assert.deepEqual(stage.facts(), []);
});

test("a JSON body in another charset, of another type, with a mark before it or anything behind it is not read [NB-02]", async () => {
  const stage = await scene();
  const authorization = `Bearer ${await stage.bearer()}`;
  const open = (type: string, body: string | Uint8Array<ArrayBuffer> = OPENING): Promise<Received> =>
    stage.send({ method: "POST", path: "/v1/sessions", headers: { authorization, "content-type": type }, body });
  const json = "application/json";
  for (const type of [
    `${json}; charset=utf-16`,
    `${json}; version=1`,
    "text/json",
    "application/vnd.api+json",
    `${json}, text/plain`,
    "",
  ])
    assert.equal((await open(type)).json["code"], "json_required", type);
  const bytes = (text: string, encoding: "utf16le" | "latin1"): Uint8Array<ArrayBuffer> =>
    new Uint8Array(Buffer.from(text, encoding));
  const bodies = [
    `\ufeff${OPENING}`,
    bytes(OPENING, "utf16le"),
    bytes('{"subject":"u-\xff","client_id":"web"}', "latin1"),
    ...[" x", "\u0000", OPENING, "\n//"].map((behind) => `${OPENING}${behind}`),
    '{"subject":"u-1","subject":"u-2","client_id":"web"}',
    '{"subject":"u-1","\\u0073ubject":"u-2","client_id":"web"}',
    "{'subject':'u-1','client_id':'web'}",
    '{"subject":"u-1","client_id":"web",}',
  ];
  for (const body of bodies) assert.equal((await open(json, body)).json["code"], "json_malformed", String(body));
  assert.deepEqual(stage.facts(), []);
});

test("a parameter has one name: brackets, other letters, a semicolon and a second copy make none of it [NB-03] [O-43]", async () => {
  const stage = await scene();
  const scoped = `${FORM}&scope=orders:read`;
  const forms = [
    "grant_type[]=client_credentials",
    "grant_type[0]=client_credentials",
    "Grant_Type=client_credentials",
    `${FORM}&${FORM}`,
    `${scoped}&scope=orders:write`,
    `${scoped}&scope`,
    `${scoped};scope=orders:write`,
    `&${FORM}`,
    `${FORM}&`,
    `${FORM}&&a=b`,
    `${FORM}&=x`,
    `${FORM}\n`,
    ` ${FORM}`,
    `${FORM}#x`,
    `?${FORM}`,
    "grant_type=CLIENT_CREDENTIALS",
    "grant_type=client_credentials%20",
    "grant_type=client%2bcredentials",
    `${scoped}+`,
    `${FORM}&scope=+orders:read`,
    `${FORM}&scope=orders:read++orders:write`,
    `${FORM}&scope=orders:read%09`,
  ];
  for (const form of forms) {
    const answer = await stage.send({ path: "/oauth2/token", headers: basicHeader(stage.basic.service), form });
    assert.deepEqual([answer.status, answer.json["access_token"]], [400, undefined], form);
  }
  assert.deepEqual(stage.facts(), []);
});

test("a grant that is not offered is told so, whatever comes with it, and looks at no password [NB-04] [O-25]", async () => {
  const stage = await scene();
  const { access, refresh } = await stage.open();
  const urn = "urn:ietf:params:oauth:grant-type";
  const tries = [
    "password",
    "implicit",
    "authorization_code",
    "none",
    "toString",
    "__proto__",
    "constructor",
    ...["token-exchange", "jwt-bearer", "device_code", "saml2-bearer"].map((one) => `${urn}:${one}`),
  ];
  for (const grant of tries) {
    const answer = await stage.send({
      path: "/oauth2/token",
      headers: basicHeader(stage.basic.service),
      form: {
        grant_type: grant,
        username: "u-1",
        password: "x",
        code: "x",
        assertion: access,
        subject_token: access,
        subject_token_type: `${urn.replace("grant", "token")}:access_token`,
        refresh_token: refresh,
      },
    });
    assert.deepEqual([answer.status, answer.json["error"]], [400, "unsupported_grant_type"], grant);
  }
  assert.equal((await stage.refresh(refresh)).status, 200, "the refresh token was not used up");
});

test("a path has one spelling: slashes, dots, letters, parameters and encodings lead nowhere [NB-05]", async () => {
  const stage = await scene();
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  assert.equal((await stage.send({ path: "/v1/keys", headers })).status, 200);
  const nowhere = [
    "/v1//keys",
    "//v1/keys",
    "/v1/keys/",
    "/V1/keys",
    "/v1/Keys",
    "/v1/keys;a=b",
    "/v1/keys.json",
    "/v1/keys%",
  ];
  const encoded = [
    "/v1/%6beys",
    "/v1%2Fkeys",
    "/v1/keys%2F",
    "/v1/keys%20",
    "/v1/keys%3Fa",
    "/v1/clients/%252e%252e",
    "/v1/clients/..%2fweb",
  ];
  for (const path of [...nowhere, ...encoded]) {
    const answer = await stage.send({ path, headers });
    assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
    assert.equal(answer.json["keys"], undefined);
  }
  for (const path of ["/v1/keys?x=1", "/v1/keys?__proto__=1", "/v1/keys?access_token=a", "/v1/keys?_method=DELETE"])
    assert.equal((await stage.send({ path, headers })).json["code"], "query_malformed", path);
});

test("names of what every object has are names of nothing here [NB-06] [P-04]", async () => {
  const stage = await scene();
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "then"]) {
    for (const kind of ["clients", "policies", "roles", "sessions", "revocations", "subjects"]) {
      const answer = await stage.send({ path: `/v1/${kind}/${name}`, headers });
      assert.ok([400, 404, 405].includes(answer.status), `${kind} ${name}: ${answer.status}`);
    }
    const form = { grant_type: "client_credentials", client_id: name, client_secret: "hpc_x" };
    assert.equal((await stage.send({ path: "/oauth2/token", form })).json["error"], "invalid_client", name);
    const json = { subject: "u-1", client_id: name };
    assert.ok((await stage.send({ path: "/v1/sessions", headers, json })).status >= 400, name);
    const policy = { subject: "u-1", client_id: "web", policy: name };
    assert.ok((await stage.send({ path: "/v1/sessions", headers, json: policy })).status >= 400, name);
  }
  assert.deepEqual(stage.facts(), []);
});

test("the signed form of an answer is for who takes it: with q=0, under a pattern or by a wrong word it is JSON [NB-07] [I-04]", async () => {
  const stage = await scene();
  const signed = "application/token-introspection+jwt";
  const typeFor = async (accept: string): Promise<string | null> => {
    const headers = { ...basicHeader(stage.basic.service), accept };
    return (await stage.send({ path: "/oauth2/introspect", headers, form: { token: "x" } })).headers.get(
      "content-type",
    );
  };
  assert.equal(await typeFor(signed), signed);
  const others = [
    `${signed};q=0`,
    `${signed};q=0.0, */*`,
    "*/*",
    "application/*",
    `${signed}x`,
    `x${signed}`,
    `${signed};q=bogus`,
  ];
  for (const accept of [...others, ",".repeat(4000), `${"a/b,".repeat(1000)}c/d`])
    assert.equal(await typeFor(accept), "application/json", accept.slice(0, 60));
});
