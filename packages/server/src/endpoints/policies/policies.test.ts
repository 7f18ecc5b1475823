// Policies over /v1: versions, limits, preview, application, explanation.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Received, type Scene, scene } from "../../testing/scene.ts";

async function call(stage: Scene, method: string, path: string, json?: unknown, scope?: string): Promise<Received> {
  const headers = { authorization: `Bearer ${await stage.bearer(scope)}` };
  return stage.send({ method, path, headers, ...(json === undefined ? {} : { json }) });
}

const CONSUMER = {
  name: "consumer",
  version: 1,
  put: null,
  access_lifetime_s: 600,
  idle_s: 1_209_600,
  absolute_s: 2_592_000,
  remembered: { idle_s: 2_592_000, absolute_s: 7_776_000 },
  retry_window_s: 30,
  recovery_window_s: 86_400,
  on_reuse: "session",
  rotation: "always",
  refresh_is_activity: true,
  max_sessions: 100,
  over_limit: "evict_oldest",
  required_acr: [],
};

test("a profile is read with all its numbers, and the list names every profile [POL-1]", async () => {
  const stage = await scene();
  assert.deepEqual((await call(stage, "GET", "/v1/policies/consumer")).json, CONSUMER);
  const list = await call(stage, "GET", "/v1/policies?limit=3");
  const more = await call(stage, "GET", `/v1/policies?limit=200&cursor=${String(list.json["next_cursor"])}`);
  const names = [list, more].flatMap(({ json }) => (json["policies"] as { name: string }[]).map(({ name }) => name));
  assert.deepEqual(names, ["aal2", "aal3", "agent", "consumer", "fapi2", "mobile", "service", "workforce"]);
  assert.equal(more.json["next_cursor"], null);
  assert.equal((await call(stage, "GET", "/v1/policies/none")).json["code"], "policy_not_found");
  assert.equal((await call(stage, "GET", "/v1/policies/A")).json["code"], "policy_not_found");
});

test("an edit is a new version with its author, for the next sessions, and every version can be read [POL-7]", async () => {
  const stage = await scene();
  const before = await stage.open();
  stage.facts();
  const put = await call(stage, "POST", "/v1/policies/consumer/versions", { idle_s: 86_400, version: 1, actor: "ada" });
  assert.equal(put.status, 201, put.text);
  const next = { ...CONSUMER, version: 2, put: { at_ms: stage.clock.now(), by: "ada" }, idle_s: 86_400 };
  assert.deepEqual(put.json, { ...next, changed: true });
  assert.deepEqual(stage.facts(), ["policy_put"]);
  const same = await call(stage, "POST", "/v1/policies/consumer/versions", { idle_s: 86_400 });
  assert.deepEqual([same.status, same.json["changed"], same.json["version"]], [200, false, 2]);
  const versions = await call(stage, "GET", "/v1/policies/consumer/versions");
  assert.deepEqual(versions.json["versions"], [CONSUMER, next]);
  const after = await stage.open();
  const policyOf = async (sid: string) => (await call(stage, "GET", `/v1/sessions/${sid}`)).json["policy"];
  assert.deepEqual(await policyOf(before.sid), {
    name: "consumer",
    version: 1,
    idle_s: 1_209_600,
    absolute_s: 2_592_000,
    remembered: false,
  });
  assert.deepEqual(await policyOf(after.sid), {
    name: "consumer",
    version: 2,
    idle_s: 86_400,
    absolute_s: 2_592_000,
    remembered: false,
  });
});

test("a policy of one's own starts from another, and a client can be registered with it", async () => {
  const stage = await scene();
  const body = { from: "workforce", max_sessions: 1, over_limit: "refuse" };
  const put = await call(stage, "POST", "/v1/policies/kiosk/versions", body);
  assert.equal(put.status, 201, put.text);
  assert.deepEqual([put.json["version"], put.json["idle_s"], put.json["max_sessions"]], [1, 28_800, 1]);
  const client = {
    client_id: "kiosk",
    token_endpoint_auth_method: "none",
    grant_types: ["refresh_token"],
    scope: "read",
    audiences: ["https://api.example"],
    policy: "kiosk",
  };
  assert.equal((await call(stage, "POST", "/v1/clients", client)).status, 201);
  const open = { subject: "u-9", client_id: "kiosk" };
  assert.equal((await call(stage, "POST", "/v1/sessions", open)).status, 201);
  const full = await call(stage, "POST", "/v1/sessions", open);
  assert.deepEqual([full.status, full.json["code"]], [409, "session_limit"]);
  const unknown = await call(stage, "POST", "/v1/clients", { ...client, client_id: "other", policy: "none" });
  assert.equal(unknown.json["code"], "policy_unknown");
});

const wrong: readonly [title: string, body: object, status: number, code: string, pointers: readonly string[]][] = [
  [
    "an idle time beyond the absolute one",
    { idle_s: 2_592_001 },
    400,
    "request_invalid",
    ["/idle_s too_large", "/remembered/idle_s too_small"],
  ],
  ["a session that never ends", { absolute_s: 2 ** 31 }, 400, "request_invalid", ["/absolute_s too_large"]],
  [
    "a session beyond 180 days",
    { absolute_s: 15_552_001, remembered: null },
    400,
    "request_invalid",
    ["/absolute_s too_large"],
  ],
  ["no life at all", { absolute_s: 0 }, 400, "request_invalid", ["/absolute_s too_small"]],
  ["a negative life", { idle_s: -1 }, 400, "request_invalid", ["/idle_s too_small"]],
  ["half a second", { idle_s: 0.5 }, 400, "request_invalid", ["/idle_s malformed"]],
  ["the largest of all exact integers", { idle_s: 2 ** 53 - 1 }, 400, "request_invalid", ["/idle_s too_large"]],
  ["a number beyond all integers", { idle_s: 2 ** 53 }, 400, "json_malformed", []],
  ["a text for a number", { max_sessions: "3" }, 400, "request_invalid", ["/max_sessions malformed"]],
  ["no sessions", { max_sessions: 0 }, 400, "request_invalid", ["/max_sessions too_small"]],
  [
    "to be remembered for ever",
    { remembered: { idle_s: 9e6, absolute_s: 9e8 } },
    400,
    "request_invalid",
    ["/remembered/absolute_s too_large"],
  ],
  ["another word for reuse", { on_reuse: "nothing" }, 400, "request_invalid", ["/on_reuse not_one_of"]],
  ["a member that is none", { rotates: "off" }, 400, "request_invalid", ["/rotates unknown"]],
  ["another word for rotation", { rotation: "sometimes" }, 400, "request_invalid", ["/rotation not_one_of"]],
  ["rotation off, though a public client has it", { rotation: "off" }, 400, "rotation_required", []],
  ["an unknown start", { from: "none" }, 400, "policy_unknown", []],
  ["a version that is gone", { idle_s: 86_400, version: 2 }, 409, "version_conflict", []],
];
for (const [title, body, status, code, pointers] of wrong) {
  test(`an edit with ${title} is refused, and nothing is written [POL-8] [S-04]`, async () => {
    const stage = await scene();
    const answer = await call(stage, "POST", "/v1/policies/consumer/versions", body);
    assert.deepEqual([answer.status, answer.json["code"]], [status, code], answer.text);
    const errors = (answer.json["errors"] ?? []) as { pointer: string; code: string }[];
    assert.deepEqual(
      errors.map((one) => `${one.pointer} ${one.code}`),
      pointers,
    );
    assert.deepEqual((await call(stage, "GET", "/v1/policies/consumer")).json, CONSUMER);
    assert.deepEqual(stage.facts(), []);
  });
}

const BY_TIME = { lifetime: 3, acr: 0, limit: 0 };

test("a preview says whom an edit would end, and applying it ends exactly those [POL-10] [POL-11]", async () => {
  const stage = await scene();
  const old = [
    await stage.open({ subject: "a" }),
    await stage.open({ subject: "b" }),
    await stage.open({ subject: "c" }),
  ];
  stage.clock.advance(3600_000);
  const young = await stage.open({ subject: "d" });
  const edit = { idle_s: 1800 };
  const preview = await call(stage, "POST", "/v1/policies/consumer/preview", edit, "policies:read");
  const counts = { examined: 4, changed: 1, ended: 3, ended_by_client: { web: 3 }, ended_by_rule: BY_TIME };
  const sids = old.map(({ sid }) => sid).toSorted();
  assert.deepEqual(preview.json, { policy: "consumer", version: 2, ...counts, sample: sids, next_cursor: null });
  stage.facts();
  await call(stage, "POST", "/v1/policies/consumer/versions", edit);
  assert.deepEqual(stage.facts(), ["policy_put"]);
  const again = await call(stage, "POST", "/v1/policies/consumer/preview", undefined, "policies:read");
  assert.deepEqual(again.json, preview.json);
  const first = await call(stage, "POST", "/v1/policies/consumer/apply", { version: 2, limit: 2 });
  assert.deepEqual([first.json["examined"], first.json["ended"]], [2, 2], first.text);
  const cursor = first.json["next_cursor"];
  const ofEach = Array.from({ length: 4 }, () => "session_policy_applied");
  const last = await call(stage, "POST", "/v1/policies/consumer/apply", { version: 2, cursor });
  assert.deepEqual([last.json["ended"], last.json["changed"], last.json["next_cursor"]], [1, 1, null]);
  assert.deepEqual(stage.facts().toSorted(), ["session_ended", "session_ended", "session_ended", ...ofEach].toSorted());
  for (const { sid } of old) {
    const { json } = await call(stage, "GET", `/v1/sessions/${sid}`);
    assert.deepEqual(json["end"], { reason: "policy_applied", at_ms: stage.clock.now() });
  }
  assert.equal((await stage.refresh(young.refresh)).status, 200);
  assert.equal((await stage.refresh(old[0]?.refresh ?? "")).status, 400);
});

test("an application of another version, and a cursor of another one, are refused [A-11]", async () => {
  const stage = await scene();
  await stage.open();
  await stage.open({ subject: "u-2" });
  await call(stage, "POST", "/v1/policies/consumer/versions", { idle_s: 86_400 });
  const early = await call(stage, "POST", "/v1/policies/consumer/apply", { version: 1 });
  assert.deepEqual([early.status, early.json["code"]], [409, "version_conflict"]);
  const { json } = await call(stage, "POST", "/v1/policies/consumer/apply", { version: 2, limit: 1 });
  const cursor = json["next_cursor"];
  await call(stage, "POST", "/v1/policies/consumer/versions", { idle_s: 90_000 });
  const other = await call(stage, "POST", "/v1/policies/consumer/apply", { version: 3, cursor });
  assert.deepEqual([other.status, other.json["code"]], [400, "cursor_malformed"]);
  const missing = await call(stage, "POST", "/v1/policies/consumer/apply", {});
  assert.deepEqual(missing.json["errors"], [{ pointer: "/version", code: "missing" }]);
});

test("every number of a session and of a client is explained with where it comes from [POL-13]", async () => {
  const stage = await scene();
  await call(stage, "POST", "/v1/policies/consumer/versions", { idle_s: 86_400 });
  const parent = await stage.open();
  stage.clock.advance(60_000);
  const child = await stage.open({ parent: parent.sid });
  const long = await stage.open({ remember: true });
  await call(stage, "POST", "/v1/policies/consumer/versions", { max_sessions: 9 });
  const explained = async (path: string) => {
    const { json } = await call(stage, "GET", path, undefined, "policies:read");
    const numbers = json["numbers"] as { name: string; value: unknown; from: string; since_version: number | null }[];
    const told = numbers.map((one) => [one.name, [one.value, one.from, one.since_version]] as const);
    return { ...json, numbers: Object.fromEntries(told) } as Record<string, unknown> & {
      numbers: Record<string, unknown>;
    };
  };
  const ofParent = await explained(`/v1/sessions/${parent.sid}/policy`);
  assert.deepEqual([ofParent["policy"], ofParent["version"], ofParent["current_version"]], ["consumer", 2, 3]);
  assert.deepEqual(ofParent.numbers["idle_s"], [86_400, "policy", 2]);
  assert.deepEqual(ofParent.numbers["absolute_s"], [2_592_000, "policy", 1]);
  assert.equal(Object.keys(ofParent.numbers).length, 8);
  const ofChild = await explained(`/v1/sessions/${child.sid}/policy`);
  assert.deepEqual(ofChild.numbers["absolute_s"], [2_591_940, "parent", null]);
  const ofLong = await explained(`/v1/sessions/${long.sid}/policy`);
  assert.deepEqual(ofLong.numbers["idle_s"], [2_592_000, "remembered", 1]);
  const ofClient = await explained("/v1/clients/web/policy");
  assert.deepEqual([ofClient["version"], ofClient["current_version"]], [3, 3]);
  assert.deepEqual(ofClient.numbers["max_sessions"], [9, "policy", 3]);
  assert.equal(Object.keys(ofClient.numbers).length, 12);
  for (const [path, code] of [
    ["/v1/clients/nobody/policy", "client_not_found"],
    ["/v1/sessions/019a9c3e-0000-7000-8000-00000000000f/policy", "session_not_found"],
    ["/v1/sessions/none/policy", "session_not_found"],
  ] as const)
    assert.equal((await call(stage, "GET", path)).json["code"], code);
});

test("policies are read and written with their own scopes only [A-09]", async () => {
  const stage = await scene();
  const tries = [
    ["GET", "/v1/policies", undefined, "policies:write"],
    ["POST", "/v1/policies/consumer/versions", { idle_s: 86_400 }, "policies:read"],
    ["POST", "/v1/policies/consumer/apply", { version: 1 }, "policies:read sessions:write"],
  ] as const;
  for (const [method, path, body, scope] of tries)
    assert.equal((await call(stage, method, path, body, scope)).json["code"], "scope_missing");
  assert.deepEqual(stage.facts(), []);
});

test("what was evicted is named, again to a retry with the same key [POL-9] [A-13]", async () => {
  const stage = await scene();
  await call(stage, "POST", "/v1/policies/consumer/versions", { max_sessions: 2 });
  const [first] = [await stage.open(), await stage.open()];
  const headers = { authorization: `Bearer ${await stage.bearer()}`, "idempotency-key": "k" };
  const json = { subject: "u-1", client_id: "web" };
  const third = await stage.send({ path: "/v1/sessions", headers, json });
  assert.deepEqual(third.json["evicted"], [first.sid]);
  const again = await stage.send({ path: "/v1/sessions", headers, json });
  assert.deepEqual([again.status, again.json["evicted"]], [200, [first.sid]]);
});

test("a guest's session is replaced at the sign-in, with its claims where that is asked for [POL-12]", async () => {
  const stage = await scene();
  const guest = await stage.open({ subject: "guest-7", claims: { basket: "b-1" } });
  stage.facts();
  const user = await call(stage, "POST", "/v1/sessions", {
    subject: "u-1",
    client_id: "web",
    replaces: guest.sid,
    carry_claims: true,
  });
  assert.equal(user.status, 201, user.text);
  assert.deepEqual((user.json["session"] as { claims: object }).claims, { basket: "b-1" });
  assert.deepEqual(stage.facts(), ["session_opened", "session_ended"]);
  const again = await call(stage, "POST", "/v1/sessions", { subject: "u-1", client_id: "web", replaces: guest.sid });
  assert.deepEqual([again.status, again.json["code"]], [409, "replaced_over"]);
  assert.equal((await stage.refresh(guest.refresh)).status, 400);
});
