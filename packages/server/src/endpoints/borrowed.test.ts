// What is genuine in one place, shown in another: tokens as other tokens, keys of retries, sessions to hang on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EVERYTHING } from "@hallpass/core";
import { boundedClient, operate } from "../testing/bounded-client.ts";
import { API, basicHeader, ISSUER, type Received, type Scene, type Sent, scene } from "../testing/scene.ts";

const mandate = { clients: ["web"], audiences: [API], subjects: ["u-*"], policies: ["consumer"], acr: [], amr: [] };

interface Everything {
  readonly access: string;
  readonly refresh: string;
  readonly session: string;
  readonly machine: string;
  readonly secret: string;
}

async function everythingOf(stage: Scene): Promise<Everything> {
  const authorization = `Bearer ${await stage.bearer()}`;
  const json = { subject: "u-1", client_id: "web", issue: ["access", "refresh", "session_token"] };
  const opened = await stage.send({ path: "/v1/sessions", headers: { authorization }, json });
  const text = (name: string): string => String(opened.json[name]);
  const secret = stage.basic.service.slice("service:".length);
  const machine = await stage.send({
    path: "/oauth2/token",
    headers: basicHeader(stage.basic.service),
    form: { grant_type: "client_credentials" },
  });
  return {
    access: text("access_token"),
    refresh: text("refresh_token"),
    session: text("session_token"),
    machine: String(machine.json["access_token"]),
    secret,
  };
}

test("each kind of token in the place of each other kind gets nothing, and uses nothing up [NB-08] [D-17]", async () => {
  const stage = await scene();
  const all = await everythingOf(stage);
  stage.facts();
  for (const [kind, token] of Object.entries(all)) {
    if (kind !== "refresh") {
      const asRefresh = await stage.refresh(token);
      assert.equal(asRefresh.json["error"], "invalid_grant", `${kind} as a refresh token`);
    }
    const asBearer = await stage.send({ path: "/v1/keys", headers: { authorization: `Bearer ${token}` } });
    assert.ok([401, 403].includes(asBearer.status), `${kind} as a bearer: ${asBearer.status}`);
    for (const id of ["service", "operator", "web"]) {
      if (kind === "secret" && id === "service") continue;
      const form = { grant_type: "client_credentials" };
      const answer = await stage.send({ path: "/oauth2/token", headers: basicHeader(`${id}:${token}`), form });
      assert.equal(answer.json["error"], "invalid_client", `${kind} as the secret of ${id}`);
    }
    const asActor = await operate(stage, { path: "/v1/keys", headers: { "hallpass-actor-token": token } });
    assert.notEqual(asActor.status, 200, `${kind} as an actor's token`);
    const asCursor = await operate(stage, { path: `/v1/clients?cursor=${encodeURIComponent(token)}` });
    assert.equal(asCursor.status, 400, `${kind} as a cursor`);
  }
  assert.equal((await stage.refresh(all.refresh)).status, 200);
  assert.ok(!stage.facts().some((kind) => kind.includes("ended")));
});

test("a token with anything before, behind or between is another token, and the right one goes on [NB-09] [J-48]", async () => {
  const stage = await scene();
  const { refresh } = await stage.open();
  const middle = Math.floor(refresh.length / 2);
  const changed = [
    ` ${refresh}`,
    `${refresh} `,
    `${refresh}.`,
    `${refresh}=`,
    `"${refresh}"`,
    `Bearer ${refresh}`,
    refresh.repeat(2),
    refresh.toUpperCase(),
    refresh.toLowerCase(),
    refresh.slice(1),
    refresh.slice(4),
    refresh.replace("hpr_", "hps_"),
    ...["\u200b", "\u00ad", "\u0301", "-"].map((one) => `${refresh.slice(0, middle)}${one}${refresh.slice(middle)}`),
    refresh.replace(/[A-Za-z]$/, "\u0410"),
    refresh.split("").toReversed().join(""),
  ];
  for (const one of changed) assert.notEqual((await stage.refresh(one)).status, 200, one);
  assert.equal((await stage.refresh(refresh)).status, 200);
});

test("the key of a retry gives nothing again to a caller whose mandate, scope or right to live is gone [NB-10] [A-13] [MAN-8]", async () => {
  const takes: readonly [what: string, change: (stage: Scene) => Promise<Received>, code: string][] = [
    ["mandate", (stage) => patched(stage, { mandate: { ...mandate, subjects: ["x-*"] } }), "mandate_exceeded"],
    ["scope", (stage) => patched(stage, { scope: "sessions:read" }), "scope_missing"],
    [
      "right",
      (stage) => operate(stage, { method: "POST", path: "/v1/clients/app/disable", json: {} }),
      "bearer_refused",
    ],
  ];
  for (const [what, change, code] of takes) {
    const stage = await scene();
    const app = await boundedClient(stage, "app", { scope: "sessions:write sessions:read", mandate });
    const authorization = `Bearer ${await app.bearer()}`;
    const open = (): Promise<Received> =>
      stage.send({
        path: "/v1/sessions",
        headers: { authorization, "idempotency-key": "k-1" },
        json: { subject: "u-6", client_id: "web" },
      });
    const first = await open();
    assert.equal(first.status, 201);
    assert.equal((await open()).json["refresh_token"], first.json["refresh_token"], "it is a retry until then");
    assert.equal((await change(stage)).status, 200, what);
    const again = await open();
    assert.deepEqual([again.json["code"], again.json["refresh_token"]], [code, undefined], what);
  }
});

const KEPT: readonly [what: string, sent: Sent, narrower: object, refusal: readonly [status: number, code: string]][] =
  [
    [
      "a revocation",
      { path: "/v1/revocations", json: { targets: [{ type: "subject", subject: "u-1" }] } },
      { subjects: ["x-*"] },
      [403, "mandate_exceeded"],
    ],
    [
      "a look before one",
      { path: "/v1/revocations", json: { targets: [{ type: "subject", subject: "u-1" }], dry_run: true } },
      { clients: ["web"] },
      [403, "mandate_exceeded"],
    ],
    [
      "a change of a client",
      { method: "PATCH", path: "/v1/clients/web", json: { name: "Web" } },
      { clients: ["w"] },
      [404, "client_not_found"],
    ],
    ["the end of a client", { method: "DELETE", path: "/v1/clients/web" }, { clients: [] }, [404, "client_not_found"]],
  ];
for (const [what, sent, narrower, refusal] of KEPT) {
  test(`the key of ${what} gives nothing again beyond the mandate that there is by then, and everything within it [NB-50] [MAN-4] [MAN-8]`, async () => {
    const stage = await scene();
    await stage.open();
    const wide = { ...EVERYTHING, amr: ["pwd"] };
    const scope = "revocations:write clients:write";
    const app = await boundedClient(stage, "app", { scope, mandate: wide });
    const headers = { authorization: `Bearer ${await app.bearer()}`, "idempotency-key": "k-1" };
    const call = (): Promise<Received> => stage.send({ ...sent, headers });
    const first = await call();
    assert.ok(first.status < 300, first.text);
    assert.equal((await patched(stage, { mandate: { ...wide, acr: [] } })).status, 200);
    assert.equal((await call()).text, first.text, "another part is no reason");
    assert.equal((await patched(stage, { mandate: { ...wide, ...narrower } })).status, 200);
    const again = await call();
    assert.deepEqual([again.status, again.json["code"]], refusal);
    for (const member of ["targets", "affected", "client_id", "jws"]) assert.ok(!(member in again.json), member);
  });
}

function patched(stage: Scene, json: object): Promise<Received> {
  return operate(stage, { method: "PATCH", path: "/v1/clients/app", json });
}

test("a key of a retry that was used for one path is none for another, and one in quotes is another key [NB-11] [A-13]", async () => {
  const stage = await scene();
  const { sid } = await stage.open();
  const post = (path: string, json: object, key: string): Promise<Received> =>
    operate(stage, { path, json, headers: { "idempotency-key": key } });
  const opening = { subject: "u-2", client_id: "web" };
  const first = await post("/v1/sessions", opening, "one");
  const quoted = await post("/v1/sessions", opening, '"one"');
  assert.notEqual((first.json["session"] as { id: string }).id, (quoted.json["session"] as { id: string }).id);
  const taking = { targets: [{ type: "session", sid }] };
  assert.equal((await post(`/v1/sessions/${sid}/end`, {}, "two")).status, 200);
  assert.equal((await post("/v1/revocations", taking, "two")).json["code"], "idempotency_key_reused");
  const opened = await post("/v1/sessions", opening, "two");
  assert.equal(opened.status, 201, "what opens sessions has keys of its own");
  for (const key of ["a b", "", "k".repeat(256), "k\u00e9", "a\tb"])
    assert.equal((await post("/v1/sessions", opening, key)).json["code"], "idempotency_key_malformed", key.slice(0, 9));
});

test("the key of an opening is new at the instant that ends its day, whether it was swept or not [NB-27] [IDEM-1]", async () => {
  const stage = await scene();
  const open = async (): Promise<string> => {
    const headers = { "idempotency-key": "k-1" };
    const { json } = await operate(stage, {
      path: "/v1/sessions",
      headers,
      json: { subject: "u-1", client_id: "web" },
    });
    return (json["session"] as { readonly id: string }).id;
  };
  const first = await open();
  stage.clock.advance(86_399_999);
  assert.equal(await open(), first);
  stage.clock.advance(1);
  const next = await open();
  assert.notEqual(next, first);
  assert.equal(await open(), next);
});

test("a session beyond the mandate is not there to be a parent, and gets no child [NB-12] [MAN-2] [A-09]", async () => {
  const stage = await scene();
  const app = await boundedClient(stage, "app", { scope: "sessions:write sessions:read", mandate });
  const theirs = await stage.open({ subject: "u-1", client_id: "service", issue: ["access"] });
  const own = await stage.open({ subject: "u-1" });
  const child = (parent: string): Promise<Received> =>
    app.call({ path: "/v1/sessions", json: { subject: "u-1", client_id: "web", parent } });
  stage.facts();
  const absent = await child("019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6");
  const refused = await child(theirs.sid);
  assert.deepEqual(
    [refused.status, refused.json["code"], refused.json["title"]],
    [absent.status, absent.json["code"], absent.json["title"]],
    "it is answered as one that is not there",
  );
  assert.equal(absent.json["code"], "parent_not_found");
  assert.deepEqual(stage.facts(), []);
  assert.equal((await child(own.sid)).status, 201);
});

test("of children that are opened while their parent ends none lives on [NB-13] [R-09]", async () => {
  const stage = await scene();
  const authorization = `Bearer ${await stage.bearer()}`;
  for (let round = 0; round < 4; round += 1) {
    const parent = await stage.open({ subject: `u-${round}` });
    const child = (): Promise<Received> =>
      stage.send({
        path: "/v1/sessions",
        headers: { authorization },
        json: { subject: `u-${round}`, client_id: "web", parent: parent.sid },
      });
    const end = stage.send({ path: `/v1/sessions/${parent.sid}/end`, headers: { authorization }, json: {} });
    const [ended, ...children] = await Promise.all([end, ...Array.from({ length: 12 }, child)]);
    assert.ok(ended.status < 300, ended.text);
    for (const { status, json } of children) {
      if (status !== 201) assert.equal(json["code"], "parent_over");
      else assert.equal((await stage.refresh(String(json["refresh_token"]))).json["error"], "invalid_grant");
    }
    assert.equal((await child()).json["code"], "parent_over");
  }
});

test("a session's own claims say nothing that is the issuer's to say, at the opening, in a change and when they are carried on [NB-14] [A-09]", async () => {
  const stage = await scene();
  const { sid } = await stage.open();
  const names =
    "iss sub aud exp nbf iat jti client_id scope sid fam pos anc auth_time acr amr azp cnf act may_act".split(" ");
  for (const name of names) {
    const claims = { [name]: "x" };
    const json = { subject: "u-1", client_id: "web", claims };
    assert.equal((await operate(stage, { path: "/v1/sessions", json })).json["code"], "claim_reserved", name);
    const change = await operate(stage, { method: "PATCH", path: `/v1/sessions/${sid}`, json: { claims } });
    assert.equal(change.json["code"], "claim_reserved", name);
    const carried = { ...json, replaces: sid, carry_claims: true };
    assert.equal((await operate(stage, { path: "/v1/sessions", json: carried })).json["code"], "claim_reserved", name);
  }
  const odd = { active: false, token_type: "DPoP", kind: "x", username: "admin" };
  const opened = await stage.open({ claims: odd });
  const answer = await operate(stage, { path: "/v1/introspections", json: { tokens: [opened.access] } });
  const [result] = answer.json["results"] as readonly Readonly<Record<string, unknown>>[];
  assert.deepEqual([result?.["active"], result?.["token_type"], result?.["kind"]], [true, "Bearer", "access_token"]);
});

test("a person behind a call with the longest name stands in the facts of the longest revocation [NB-15] [ACT-2]", async () => {
  const stage = await scene();
  const actor = `a${"b".repeat(254)}`;
  const { sid } = await stage.open({ subject: "s".repeat(255) });
  const targets = Array.from({ length: 7 }, (_, at) => ({ type: "subject", subject: `${at}${"\\".repeat(254)}` }));
  const answer = await operate(stage, {
    path: "/v1/revocations",
    headers: { "hallpass-actor": actor },
    json: { targets: [{ type: "session", sid }, ...targets], reason: "\\".repeat(200) },
  });
  assert.deepEqual([answer.status, answer.json["actor"]], [201, actor], answer.text.slice(0, 400));
  const log = await operate(stage, { path: "/v1/log?kind=session_ended" });
  assert.ok(log.text.includes(actor), log.text.slice(0, 400));
});

test("a proven person is one of this issuer: not of a session that is over, not by a token for another place [NB-16] [ACT-3]", async () => {
  const stage = await scene();
  const asked = (token: string): Promise<Received> =>
    operate(stage, { path: "/v1/keys", headers: { "hallpass-actor-token": token } });
  const ada = await stage.open({ subject: "ada", client_id: "operator", issue: ["access"], audience: ISSUER });
  assert.equal((await asked(ada.access)).status, 200);
  const elsewhere = await stage.open({ subject: "ada" });
  for (const token of [elsewhere.access, `${ada.access}x`, ada.access.slice(0, -1), ""])
    assert.equal((await asked(token)).json["code"], "actor_refused");
  await operate(stage, { path: "/v1/subjects/search", json: { subject: "ada" } }).then(({ json }) =>
    operate(stage, { path: `/v1/subjects/${String(json["ref"])}/block`, json: {} }),
  );
  assert.equal((await asked(ada.access)).json["code"], "actor_refused", "a blocked person stands behind nothing");
});
