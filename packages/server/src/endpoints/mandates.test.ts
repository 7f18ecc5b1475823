// For whom a client may act, and above all for whom not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type BoundedClient, boundedClient, continueStart, operate } from "../testing/bounded-client.ts";
import { API, type Received, type Scene, type Sent, scene } from "../testing/scene.ts";
import { ENDPOINTS } from "./index.ts";

const SCOPE = "sessions:write sessions:read revocations:write revocations:read clients:read clients:write";
const mandate = {
  clients: ["web", "shop-*"],
  audiences: [API],
  subjects: ["shop:*"],
  policies: ["consumer"],
  acr: ["low"],
  amr: ["pwd"],
};

async function shop(stage: Scene, more: object = {}): Promise<BoundedClient> {
  const bff = await boundedClient(stage, "bff", { scope: SCOPE, mandate: { ...mandate, ...more } });
  stage.facts();
  return bff;
}

const opening = { subject: "shop:1", client_id: "web" };

type Call = BoundedClient["call"];

function refused({ status, json, text }: Received, expected: number, code: string): void {
  assert.deepEqual([status, json["code"]], [expected, code], text);
}

test("a session within the mandate is opened, at its every edge [MAN-1]", async () => {
  const stage = await scene();
  const bff = await shop(stage);
  const more = { subject: "shop:", acr: "low", amr: ["pwd"], policy: "consumer", audience: API };
  for (const json of [opening, { ...opening, ...more }])
    assert.equal((await bff.call({ path: "/v1/sessions", json })).status, 201);
});

const beyond: readonly [title: string, more: object, exceeded: readonly string[]][] = [
  ["another subject", { subject: "bank:1" }, ["subjects"]],
  ["a subject whose prefix is cut", { subject: "shop" }, ["subjects"]],
  ["another client", { client_id: "service", issue: ["access"] }, ["clients"]],
  ["a client that is not there", { client_id: "nobody" }, ["clients"]],
  ["another policy", { policy: "workforce" }, ["policies"]],
  ["another audience", { audience: "https://other.example" }, ["audiences"]],
  ["one audience too many", { audience: [API, "https://other.example"] }, ["audiences"]],
  ["a higher assurance class", { acr: "high" }, ["acr"]],
  ["a method of authentication that it may not assert", { amr: ["pwd", "hwk"] }, ["amr"]],
  ["a subject and a class", { subject: "bank:1", acr: "high", policy: "workforce" }, ["subjects", "acr"]],
  ["a policy and an audience", { policy: "workforce", audience: "https://other.example" }, ["audiences", "policies"]],
  ["another client, whatever it is registered for", { client_id: "service", policy: "workforce" }, ["clients"]],
];
for (const [title, more, exceeded] of beyond) {
  test(`no session is opened for ${title}, nothing is written, and the parts are named [MAN-1] [MAN-9] [A-09]`, async () => {
    const stage = await scene();
    const bff = await shop(stage);
    const answer = await bff.call({ path: "/v1/sessions", json: { ...opening, ...more } });
    refused(answer, 403, "mandate_exceeded");
    assert.deepEqual(answer.json["exceeded"], exceeded);
    for (const sent of ["bank", "other.example", "workforce", "hwk"]) assert.ok(!answer.text.includes(sent), sent);
    assert.deepEqual(stage.facts(), []);
  });
}

test("what a client's registration brings by itself is held against the mandate, too [MAN-1]", async () => {
  const stage = await scene();
  for (const part of [{ audiences: ["https://else.example"] }, { policies: ["workforce"] }]) {
    const id = `bff-${Object.keys(part).join()}`;
    const bff = await boundedClient(stage, id, { scope: SCOPE, mandate: { ...mandate, ...part } });
    const answer = await bff.call({ path: "/v1/sessions", json: opening });
    refused(answer, 403, "mandate_exceeded");
    assert.deepEqual(answer.json["exceeded"], Object.keys(part));
  }
});

const onSessions: readonly [title: string, sent: (sid: string) => Sent][] = [
  ["read", (sid) => ({ path: `/v1/sessions/${sid}` })],
  ["explained", (sid) => ({ path: `/v1/sessions/${sid}/timeline` })],
  ["changed", (sid) => ({ method: "PATCH", path: `/v1/sessions/${sid}`, json: { scope: "read" } })],
  ["kept alive", (sid) => ({ method: "POST", path: `/v1/sessions/${sid}/keep-alive` })],
  ["ended", (sid) => ({ method: "POST", path: `/v1/sessions/${sid}/end` })],
];
for (const [title, sent] of onSessions) {
  test(`a session of another subject is not there to be ${title}, and one of its own is [MAN-2] [CALL-3]`, async () => {
    const stage = await scene();
    const bff = await shop(stage);
    const theirs = await stage.open({ subject: "bank:1" });
    const own = await stage.open({ subject: "shop:1" });
    stage.facts();
    refused(await bff.call(sent(theirs.sid)), 404, "session_not_found");
    assert.deepEqual(stage.facts(), []);
    assert.equal((await bff.call(sent(own.sid))).status, 200);
  });
}

test("no session of another subject is replaced, and one of its own is [MAN-2]", async () => {
  const stage = await scene();
  const bff = await shop(stage);
  const theirs = await stage.open({ subject: "bank:1" });
  const guest = await stage.open({ subject: "shop:guest" });
  const replace = (sid: string): Promise<Received> =>
    bff.call({ path: "/v1/sessions", json: { ...opening, replaces: sid } });
  const refusal = await replace(theirs.sid);
  assert.equal(refusal.json["code"], "replaced_not_found");
  assert.equal((await operate(stage, { path: `/v1/sessions/${theirs.sid}` })).json["state"], "active");
  assert.equal((await replace(guest.sid)).status, 201);
});

test("a session of another client is not there either [MAN-2]", async () => {
  const stage = await scene();
  const bff = await shop(stage);
  const session = { subject: "shop:1", client_id: "service", issue: ["access"] };
  const { sid } = await stage.open(session);
  refused(await bff.call({ path: `/v1/sessions/${sid}` }), 404, "session_not_found");
});

test("nobody raises the assurance of a session beyond what it may assert [MAN-1]", async () => {
  const stage = await scene();
  const bff = await shop(stage);
  const { sid } = await stage.open({ subject: "shop:1" });
  const alter = (json: object): Promise<Received> => bff.call({ method: "PATCH", path: `/v1/sessions/${sid}`, json });
  const raised = await alter({ acr: "high" });
  refused(raised, 403, "mandate_exceeded");
  assert.deepEqual(raised.json["exceeded"], ["acr"]);
  refused(await alter({ amr: ["hwk"] }), 403, "mandate_exceeded");
  assert.equal((await alter({ acr: "low", amr: ["pwd"] })).status, 200);
  assert.equal((await alter({ acr: null })).status, 200);
});

test("nobody makes a sign-in younger whose assurance it may not assert [MAN-11] [NB-56] [S-20]", async () => {
  const stage = await scene();
  const bff = await shop(stage);
  const now = stage.clock.now() / 1000;
  const { sid } = await stage.open({ subject: "shop:1", acr: "high", amr: ["hwk", "pwd"], auth_time: now - 3600 });
  const alter = (json: object): Promise<Received> => bff.call({ method: "PATCH", path: `/v1/sessions/${sid}`, json });
  const tries: readonly [json: object, exceeded: readonly string[]][] = [
    [{ auth_time: now }, ["acr", "amr"]],
    [{ auth_time: now, acr: "low" }, ["amr"]],
    [{ auth_time: now, amr: ["pwd"] }, ["acr"]],
  ];
  for (const [json, exceeded] of tries) {
    const answer = await alter(json);
    refused(answer, 403, "mandate_exceeded");
    assert.deepEqual(answer.json["exceeded"], exceeded);
  }
  const seen = await bff.call({ path: `/v1/sessions/${sid}` });
  assert.deepEqual([seen.json["acr"], seen.json["auth_time"]], ["high", now - 3600]);
  // The same time says nothing anew, none says less, and what it may assert it may assert as of now.
  for (const json of [{ auth_time: now - 3600 }, { auth_time: now, acr: "low", amr: ["pwd"] }, { auth_time: null }])
    assert.equal((await alter(json)).status, 200, JSON.stringify(json));
});

test("a search names a permitted subject, and shows no session of another client [MAN-3]", async () => {
  const stage = await scene();
  const bff = await shop(stage);
  const { sid } = await stage.open({ subject: "shop:1" });
  await stage.open({ subject: "shop:1", client_id: "service", issue: ["access"] });
  const search = (subject: string): Promise<Received> => bff.call({ path: "/v1/sessions/search", json: { subject } });
  const found = (await search("shop:1")).json["sessions"] as readonly { readonly id: string }[];
  assert.deepEqual(
    found.map(({ id }) => id),
    [sid],
  );
  const theirs = await search("bank:1");
  refused(theirs, 403, "mandate_exceeded");
  assert.deepEqual(theirs.json["exceeded"], ["subjects"]);
});

type Target = readonly [title: string, target: (theirs: string) => object, exceeded: readonly string[] | undefined];
const targets: readonly Target[] = [
  // Which part it is would say whose it is.
  ["a session of another subject", (sid) => ({ type: "session", sid }), undefined],
  ["a subject, whose sessions may be other clients'", () => ({ type: "subject", subject: "shop:1" }), ["clients"]],
  ["a client, whose sessions may be other subjects'", () => ({ type: "client", client_id: "web" }), ["subjects"]],
  ["a token of whoever it may be", () => ({ type: "token", jti: "A".repeat(22) }), ["clients", "subjects"]],
];
for (const [title, target, exceeded] of targets) {
  test(`no revocation takes ${title} beyond the mandate [MAN-4] [MAN-9]`, async () => {
    const stage = await scene();
    const bff = await shop(stage);
    const theirs = await stage.open({ subject: "bank:1" });
    const own = await stage.open({ subject: "shop:1" });
    stage.facts();
    const both = [{ type: "session", sid: own.sid }, target(theirs.sid)];
    const answer = await bff.call({ path: "/v1/revocations", json: { targets: both } });
    refused(answer, 403, "mandate_exceeded");
    assert.deepEqual(answer.json["exceeded"], exceeded);
    assert.deepEqual(stage.facts(), []);
  });
}

test("what is within is revoked, and its receipt is read by whom it concerns only [MAN-4]", async () => {
  const stage = await scene();
  const bff = await shop(stage);
  const everyClient = await boundedClient(stage, "desk", { scope: SCOPE, mandate: { ...mandate, clients: ["*"] } });
  const { sid } = await stage.open({ subject: "shop:1" });
  const mine = await bff.call({ path: "/v1/revocations", json: { targets: [{ type: "session", sid }] } });
  assert.equal(mine.status, 201);
  const subject = await everyClient.call({
    path: "/v1/revocations",
    json: { targets: [{ type: "subject", subject: "shop:1" }] },
  });
  assert.equal(subject.status, 201);
  assert.equal((await bff.call({ path: `/v1/revocations/${String(mine.json["id"])}` })).status, 200);
  refused(await bff.call({ path: `/v1/revocations/${String(subject.json["id"])}` }), 404, "revocation_not_found");
});

const registration = {
  client_id: "shop-new",
  token_endpoint_auth_method: "client_secret_basic",
  grant_types: ["client_credentials"],
  scope: "read",
  audiences: API,
};
const grants: readonly [title: string, more: object, code: string][] = [
  ["an id beyond it", { client_id: "bank" }, "mandate_too_wide"],
  ["another audience", { audiences: "https://other.example" }, "mandate_too_wide"],
  ["another policy", { policy: "mobile" }, "mandate_too_wide"],
  ["a role that is none", { roles: ["king"] }, "role_unknown"],
];
for (const [title, more, code] of grants) {
  test(`nobody registers a client with ${title} [MAN-5]`, async () => {
    const stage = await scene();
    const bff = await shop(stage);
    const answer = await bff.call({ path: "/v1/clients", json: { ...registration, ...more } });
    assert.equal(answer.json["code"], code, answer.text);
    assert.deepEqual(stage.facts(), []);
  });
}

test("nobody gives a mandate wider than its own, nor a scope or role that it has not [MAN-5] [ROLE-3] [A-09]", async () => {
  const stage = await scene();
  await continueStart(stage);
  const wide = { ...mandate, audiences: ["*"], clients: ["*"] };
  const deputy = await boundedClient(stage, "deputy", { scope: SCOPE, mandate: wide });
  stage.facts();
  const give = (more: object): Promise<Received> =>
    deputy.call({
      path: "/v1/clients",
      json: { ...registration, scope: "sessions:read", audiences: "http://localhost:8026", mandate, ...more },
    });
  refused(await give({ mandate: { ...mandate, subjects: ["*"] } }), 403, "mandate_too_wide");
  refused(await give({ mandate: { ...mandate, acr: ["low", "high"] } }), 403, "mandate_too_wide");
  refused(await give({ scope: "keys:write" }), 400, "scope_not_allowed");
  refused(await give({ scope: "", roles: ["owner"] }), 400, "scope_not_allowed");
  assert.deepEqual(stage.facts(), []);
  const made = await give({ client_id: "shop-ok" });
  assert.equal(made.status, 201, made.text);
});

const touches: readonly [title: string, sent: Sent][] = [
  ["changes", { method: "PATCH", path: "/v1/clients/operator", json: { name: "ours" } }],
  ["disables", { method: "POST", path: "/v1/clients/operator/disable" }],
  ["enables", { method: "POST", path: "/v1/clients/operator/enable" }],
  ["gives a secret to", { method: "POST", path: "/v1/clients/operator/secrets" }],
  ["deletes", { method: "DELETE", path: "/v1/clients/operator" }],
];
for (const [title, sent] of touches) {
  test(`nobody ${title} a client that is more than itself [MAN-5] [A-09]`, async () => {
    const stage = await scene();
    const deputy = await boundedClient(stage, "deputy", {
      scope: SCOPE,
      mandate: { ...mandate, clients: ["*"], audiences: ["*"] },
    });
    const bff = await shop(stage);
    refused(await deputy.call(sent), 400, "scope_not_allowed");
    refused(await bff.call(sent), 404, "client_not_found");
    assert.deepEqual(stage.facts(), []);
    assert.equal((await stage.bearer()).split(".").length, 3, "the operator is as it was");
  });
}

test("clients beyond the mandate are neither listed nor read [MAN-5] [A-03]", async () => {
  const stage = await scene();
  const bff = await shop(stage);
  const listed = (await bff.call({ path: "/v1/clients" })).json["clients"] as readonly { readonly client_id: string }[];
  assert.deepEqual(
    listed.map((client) => client.client_id),
    ["web"],
  );
  refused(await bff.call({ path: "/v1/clients/operator" }), 404, "client_not_found");
});

test("a cursor tells nobody the name of what its page left out, nor whether a guess at it is right [MAN-10] [NB-48]", async () => {
  const stage = await scene();
  const bff = await shop(stage);
  const theirs = await stage.open({ subject: "bank:1" });
  // Sessions stand in the order of their opening.
  stage.clock.advance(1);
  const own = await stage.open({ subject: "shop:1" });
  const lists: readonly [name: string, ask: (caller: Call, cursor: string | null) => Promise<Received>][] = [
    ["bff", (call, cursor) => call({ path: `/v1/clients?limit=1${cursor === null ? "" : `&cursor=${cursor}`}` })],
    [theirs.sid, (call, cursor) => call({ path: "/v1/sessions/search", json: { limit: 1, cursor } })],
  ];
  for (const [name, ask] of lists) {
    const first = await ask(bff.call, null);
    const cursor = String(first.json["next_cursor"]);
    assert.deepEqual(first.json["clients"] ?? first.json["sessions"], []);
    assert.ok(!Buffer.from(cursor, "base64url").includes(name));
    const guess = Buffer.concat([Buffer.from(cursor, "base64url").subarray(0, 16), Buffer.from(name)]);
    refused(await ask(bff.call, guess.toString("base64url")), 400, "cursor_malformed");
    // Whoever sees everything may read it as before; and each goes on with the other's.
    const all = (sent: Sent): Promise<Received> => operate(stage, sent);
    const legible = String((await ask(all, null)).json["next_cursor"]);
    assert.ok(Buffer.from(legible, "base64url").includes(name));
    const [next, same] = [await ask(bff.call, cursor), await ask(bff.call, legible)];
    assert.deepEqual([next.status, next.text], [200, same.text]);
  }
  const found: unknown[] = [];
  for (let cursor: string | null = null, pages = 0; pages === 0 || cursor !== null; pages += 1) {
    const { json }: Received = await bff.call({ path: "/v1/sessions/search", json: { limit: 1, cursor } });
    found.push(...(json["sessions"] as readonly { readonly id: string }[]).map(({ id }) => id));
    cursor = json["next_cursor"] as string | null;
  }
  assert.deepEqual(found, [own.sid]);
});

test("an opening names of the sessions that it evicted those alone that its caller may read [MAN-10] [NB-48]", async () => {
  const stage = await scene();
  const bff = await shop(stage);
  await operate(stage, { path: "/v1/clients", json: { ...registration, client_id: "bank", audiences: API } });
  await operate(stage, { path: "/v1/policies/consumer/versions", json: { max_sessions: 2 } });
  const theirs = await stage.open({ subject: "shop:1", client_id: "bank", issue: ["access"] });
  stage.clock.advance(1);
  const own = await stage.open({ subject: "shop:1" });
  const open = (key: string): Promise<Received> =>
    bff.call({ path: "/v1/sessions", json: opening, headers: { "idempotency-key": key } });
  const first = await open("k-1");
  assert.deepEqual([first.status, first.json["evicted"]], [201, []]);
  assert.deepEqual((await open("k-1")).json["evicted"], [], "nor does its retry");
  assert.deepEqual((await open("k-2")).json["evicted"], [own.sid]);
  const end = (await operate(stage, { path: `/v1/sessions/${theirs.sid}` })).json["end"];
  assert.equal((end as { readonly reason: string }).reason, "evicted");
});

test("a client that is registered without a mandate acts for itself [MAN-6]", async () => {
  const stage = await scene();
  const plain = await boundedClient(stage, "plain", {
    scope: SCOPE,
    grant_types: ["client_credentials", "refresh_token"],
  });
  const own = { subject: "u-1", client_id: "plain" };
  assert.equal((await plain.call({ path: "/v1/sessions", json: own })).status, 201);
  refused(await plain.call({ path: "/v1/sessions", json: { ...own, client_id: "web" } }), 403, "mandate_exceeded");
  refused(await plain.call({ path: "/v1/sessions", json: { ...own, acr: "any" } }), 403, "mandate_exceeded");
});

const unbounded: readonly [title: string, scope: string, sent: Sent][] = [
  ["verifiers that pull", "feed", { path: "/v1/feed", headers: { "content-type": "application/x-ndjson" }, body: "x" }],
  ["apps that count sign-ins", "sessions:write", { path: "/v1/sign-ins", json: {} }],
  ["who looks at keys", "keys:read", { path: "/v1/keys" }],
  ["who looks at the fleet", "verifiers:read", { path: "/v1/verifiers" }],
  ["who looks at the nodes", "verifiers:read", { path: "/v1/nodes" }],
];
for (const [title, scope, sent] of unbounded) {
  test(`a mandate is in no way of ${title}: nothing there is about a client or a subject [MAN-7]`, async () => {
    const stage = await scene();
    const one = await boundedClient(stage, "one", { scope });
    assert.notEqual((await one.call(sent)).status, 403);
  });
}

test("an endpoint that says nothing of mandates is closed to whoever is bounded [MAN-7]", async () => {
  const stage = await scene();
  await continueStart(stage);
  const all = await boundedClient(stage, "all", { roles: ["owner"], mandate });
  const silent = ENDPOINTS.filter(({ from, ...row }) => from.kind === "scope" && !("mandate" in row));
  assert.ok(silent.length > 0);
  for (const { method, path } of silent) {
    const json = method === "GET" || method === "DELETE" ? {} : { json: {} };
    const answer = await all.call({ method, path: path.replaceAll(/:\w+/g, "x"), ...json });
    refused(answer, 403, "mandate_exceeded");
    assert.deepEqual(answer.json["exceeded"], Object.keys(mandate), "everything that is not for everything");
  }
});

test("a mandate counts as it is when the call is made, whatever the token was issued under [MAN-8]", async () => {
  const stage = await scene();
  const bff = await shop(stage);
  const headers = { authorization: `Bearer ${await bff.bearer()}` };
  assert.equal((await stage.send({ path: "/v1/sessions", headers, json: opening })).status, 201);
  const narrower = { mandate: { ...mandate, subjects: ["shop:2"] } };
  const changed = await operate(stage, { method: "PATCH", path: "/v1/clients/bff", json: narrower });
  assert.deepEqual(changed.json["changed"], ["mandate"]);
  refused(await stage.send({ path: "/v1/sessions", headers, json: opening }), 403, "mandate_exceeded");
});
