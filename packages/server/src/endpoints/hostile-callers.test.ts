// Callers that try what is not theirs, with credentials that are genuine elsewhere.

import assert from "node:assert/strict";
import { test } from "node:test";
import { basicHeader, type Received, type Scene, scene } from "../testing/scene.ts";

const code = (answer: Received): unknown => answer.json["code"] ?? String(answer.json["error_uri"]).split("#")[1];

test("a person's own token lists nobody's sessions, its own neither, and ends none [A-02] [S-19] [A-09]", async () => {
  const stage = await scene();
  const victim = await stage.open({ subject: "victim" });
  const evil = await stage.open({ subject: "evil" });
  const headers = { authorization: `Bearer ${evil.access}` };
  const tries = [
    { path: "/v1/sessions/search", json: { subject: "victim" } },
    { path: "/v1/sessions/search", json: { subject: "evil" } },
    { path: `/v1/sessions/${victim.sid}` },
    { path: `/v1/sessions/${evil.sid}` },
    { path: `/v1/sessions/${victim.sid}/end`, json: {} },
    { path: "/v1/revocations", json: { targets: [{ type: "subject", subject: "victim" }] } },
    { path: "/v1/introspections", json: { tokens: [victim.access] } },
  ];
  stage.facts();
  for (const sent of tries) {
    const answer = await stage.send({ ...sent, headers });
    // It is for another audience, so it is not even looked at as whose it is.
    assert.ok(answer.status === 401 || answer.status === 403, `${sent.path}: ${answer.status}`);
    assert.ok(!answer.text.includes(victim.sid) || sent.path.includes(victim.sid));
  }
  assert.deepEqual(stage.facts(), []);
  assert.equal((await stage.refresh(victim.refresh)).status, 200);
});

test("a session that is over already is ended again without another notice, and one that never was is not found [S-19]", async () => {
  const stage = await scene();
  const { sid } = await stage.open();
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  const end = (id: string): Promise<Received> => stage.send({ path: `/v1/sessions/${id}/end`, headers, json: {} });
  const first = await end(sid);
  const again = await end(sid);
  assert.ok(first.status < 300, first.text);
  const endings = stage.facts().filter((kind) => kind === "session_ended");
  assert.equal(endings.length, 1);
  assert.ok(again.status < 300 || code(again) === "session_over", again.text);
  assert.equal(code(await end("019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6")), "session_not_found");
});

test("a client that may not refresh gets no refresh token, whatever is asked for in its name [O-29]", async () => {
  const stage = await scene();
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  const answer = await stage.send({
    path: "/v1/sessions",
    headers,
    json: { subject: "u-1", client_id: "service", issue: ["access", "refresh"] },
  });
  assert.ok(answer.status >= 400 || !("refresh_token" in answer.json), answer.text);
  const machine = await stage.send({
    path: "/oauth2/token",
    headers: basicHeader(stage.basic.service),
    form: { grant_type: "client_credentials", scope: "orders:read" },
  });
  assert.deepEqual([machine.status, "refresh_token" in machine.json], [200, false]);
  const offline = await stage.send({
    path: "/oauth2/token",
    headers: basicHeader(stage.basic.service),
    form: { grant_type: "client_credentials", scope: "offline_access" },
  });
  assert.equal(code(offline), "scope_not_allowed");
});

test("a token is no credential in an address, in a body, in a cookie, or under another scheme [L-03] [S-18] [D-02]", async () => {
  const stage = await scene();
  const token = await stage.bearer();
  const places = [
    { path: `/v1/keys?access_token=${token}` },
    { path: `/v1/keys?token=${token}` },
    { path: "/v1/keys", headers: { cookie: `__Host-hallpass=${token}; access_token=${token}` } },
    { path: "/v1/keys", headers: { "x-access-token": token, "proxy-authorization": `Bearer ${token}` } },
    { path: "/v1/keys", headers: { authorization: `DPoP ${token}` } },
    { path: "/v1/keys", headers: { authorization: `Token ${token}` } },
    { path: "/v1/keys", headers: { authorization: token } },
    { path: "/v1/keys", headers: { authorization: `Bearer ${token}, Bearer ${token}` } },
    { path: "/v1/sessions/search", form: { access_token: token } },
    { path: "/v1/sessions/search", json: { access_token: token } },
  ];
  for (const sent of places) {
    const answer = await stage.send(sent);
    assert.ok(answer.status === 400 || answer.status === 401, `${JSON.stringify(sent).slice(0, 60)}: ${answer.status}`);
    assert.ok(!answer.text.includes(token.slice(-20)));
    assert.ok(![...answer.headers].join().includes(token.slice(-20)), "nothing leads on to it");
  }
  assert.equal((await stage.send({ path: "/v1/keys", headers: { authorization: `bearer ${token}` } })).status, 200);
});

test("what another standard signs is no access token and no assertion: a proof of possession, a logout token, an answer to introspection [D-17] [J-24]", async () => {
  const stage = await scene();
  const good = (await stage.bearer()).split(".");
  for (const typ of [
    "dpop+jwt",
    "logout+jwt",
    "token-introspection+jwt",
    "secevent+jwt",
    "JWT",
    "oauth-authz-req+jwt",
  ]) {
    const header = Buffer.from(JSON.stringify({ alg: "ES256", typ })).toString("base64url");
    const token = [header, good[1], good[2]].join(".");
    assert.equal(
      code(await stage.send({ path: "/v1/keys", headers: { authorization: `Bearer ${token}` } })),
      "bearer_refused",
    );
    const form = {
      grant_type: "client_credentials",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: token,
    };
    assert.equal(code(await stage.send({ path: "/oauth2/token", form })), "client_unauthenticated");
  }
});

test("a subject in another spelling is another subject, and one that has a second spelling is refused [W-11]", async () => {
  const stage = await scene();
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  const names = ["admin", "Admin", "ＡＤＭＩＮ", "adm\u0131n", "adm\u0456n", "\u00e9ve"];
  const opened = new Map<string, string>();
  for (const subject of names) opened.set(subject, (await stage.open({ subject })).refresh);
  // Combining forms, marks and changes of direction: texts that look like others.
  for (const subject of ["e\u0301ve", "\u202enimda", "\u2066admin", "admin\u0000", "\ufeffadmin"]) {
    const refused = await stage.send({ path: "/v1/sessions", headers, json: { subject, client_id: "web" } });
    assert.equal(code(refused), "request_invalid", JSON.stringify(subject));
  }
  await stage.send({ path: "/v1/revocations", headers, json: { targets: [{ type: "subject", subject: "admin" }] } });
  for (const [subject, token] of opened)
    assert.equal((await stage.refresh(token)).status, subject === "admin" ? 400 : 200, subject);
});

test("the tries of one minute are counted exactly, however many come at once [S-12] [RATE-7]", async () => {
  const stage = await scene({ config: { failed_authentication_limit: "10" } });
  const form = { grant_type: "client_credentials" };
  const answers = await Promise.all(
    Array.from({ length: 64 }, async (_, index) =>
      stage.send({ path: "/oauth2/token", headers: basicHeader(`service:hpc_${index}`), form }),
    ),
  );
  const count = (status: number): number => answers.filter((answer) => answer.status === status).length;
  assert.deepEqual([count(401), count(429)], [10, 54]);
});

test("no rule depends on the time zone, and none on a summer's hour [S-09]", async (t) => {
  const before = process.env["TZ"];
  t.after(() => {
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
  });
  const seen: string[] = [];
  for (const zone of ["UTC", "Pacific/Kiritimati", "America/St_Johns", "Europe/Berlin"]) {
    process.env["TZ"] = zone;
    seen.push(await lifeOf(await scene()));
  }
  assert.equal(new Set(seen).size, 1, seen.join("\n"));
});

/** A session's refreshes over a year's change of the clock, each by its status. */
async function lifeOf(stage: Scene): Promise<string> {
  let { refresh } = await stage.open();
  const statuses: number[] = [];
  for (let day = 0; day < 40; day += 1) {
    stage.clock.advance(86_399_000);
    const answer = await stage.refresh(refresh);
    statuses.push(answer.status);
    const next = answer.json["refresh_token"];
    if (typeof next === "string") refresh = next;
  }
  return statuses.join();
}

test("what somebody hung on every object decides nothing: no scope, no client, no method comes from a prototype [P-04]", async (t) => {
  const stage = await scene();
  const names = ["scope", "client_id", "status", "ok", "kind", "token", "refresh_token", "authorization", "alg", "__x"];
  const prototype = Object.prototype as unknown as Record<string, unknown>;
  t.after(() => names.forEach((name) => delete prototype[name]));
  const operator = await stage.bearer("keys:read");
  const asked = async (): Promise<readonly number[]> => {
    const sent = [
      { path: "/v1/keys" },
      { path: "/v1/keys", headers: { authorization: "Bearer x" } },
      { path: "/v1/clients", headers: { authorization: `Bearer ${operator}` } },
      { path: "/oauth2/token", form: { grant_type: "client_credentials" } },
      { path: "/oauth2/token", form: { grant_type: "refresh_token", client_id: "web" } },
      { path: "/v1/sessions", headers: { authorization: `Bearer ${operator}` }, json: {} },
    ];
    const answers: number[] = [];
    for (const one of sent) answers.push((await stage.send(one)).status);
    return answers;
  };
  const before = await asked();
  for (const name of names)
    Object.defineProperty(prototype, name, {
      value: "sessions:write",
      configurable: true,
      enumerable: false,
      writable: true,
    });
  const poisoned = await asked();
  for (const name of names) delete prototype[name];
  assert.ok(
    [...before, ...poisoned].every((status) => status >= 400),
    poisoned.join(),
  );
});
