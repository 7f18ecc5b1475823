// Revocations of many sessions over /v1: a look before, the run, its receipt, and the list of whom it hit.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Received, type Scene, scene } from "../../testing/scene.ts";

const PHONE = { name: "phone", user_agent: "Curl/8.5", ip: "203.0.113.7", region: "eu" };

async function call(stage: Scene, path: string, json?: object): Promise<Received> {
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  return stage.send({ path, headers, ...(json === undefined ? {} : { json }) });
}

function revoke(stage: Scene, target: object, more: object = {}): Promise<Received> {
  return call(stage, "/v1/revocations", { targets: [target], ...more });
}

/** Three sessions, two of them on a phone in Europe. */
async function three(): Promise<{
  readonly stage: Scene;
  readonly refresh: readonly string[];
  sids: readonly string[];
}> {
  const stage = await scene();
  const opened = [];
  for (const [subject, device] of [
    ["u-1", PHONE],
    ["u-2", { ...PHONE, ip: "2001:db8::7" }],
    ["u-3", null],
  ] as const) {
    opened.push(await stage.open({ subject, device }));
    stage.clock.advance(1000);
  }
  stage.facts();
  return { stage, refresh: opened.map((one) => one.refresh), sids: opened.map(({ sid }) => sid) };
}

async function alive(stage: Scene, refresh: readonly string[]): Promise<readonly boolean[]> {
  const statuses = [];
  for (const token of refresh) statuses.push((await stage.refresh(token)).status === 200);
  return statuses;
}

const large: readonly [title: string, target: object, left: readonly boolean[]][] = [
  ["the tenant", { type: "tenant" }, [false, false, false]],
  ["a query", { type: "query", query: { region: "eu", ip: "203.0.113.0/24" } }, [false, true, true]],
  ["a query for another family of addresses", { type: "query", query: { ip: "2001:db8::/32" } }, [true, false, true]],
  ["everything before a time", { type: "before", time_ms: 1_800_000_001_000 - 5000 }, [false, true, true]],
  ["everything before a position", { type: "before", pos: "1.0" }, [true, true, true]],
];
for (const [title, target, left] of large) {
  test(`${title} can be revoked, with a look before that counts what the run then ends [RCP-11] [RCP-13]`, async () => {
    const { stage, refresh, sids } = await three();
    const hit = sids.filter((_, index) => left[index] === false);
    const look = await revoke(stage, target, { dry_run: true });
    assert.equal(look.status, 200, look.text);
    assert.deepEqual(stage.facts(), []);
    assert.deepEqual(look.json["counts"], {
      sessions: hit.length,
      subjects: hit.length,
      clients: Math.min(1, hit.length),
    });
    assert.deepEqual(
      (look.json["affected"] as { readonly sid: string }[]).map(({ sid }) => sid),
      hit,
    );
    const answer = await revoke(stage, target, { wait_ms: 10_000, reason: "breach", ticket: "SEC-9", actor: "ana" });
    assert.equal(answer.status, 201, answer.text);
    assert.deepEqual([answer.json["status"], answer.json["ended_sessions"]], ["complete", hit.length]);
    assert.deepEqual([answer.json["reason"], answer.json["ticket"], answer.json["actor"]], ["breach", "SEC-9", "ana"]);
    assert.deepEqual(answer.json["targets"], look.json["targets"]);
    const id = String(answer.json["id"]);
    const affected = await call(stage, `/v1/revocations/${id}/affected`);
    assert.deepEqual(
      (affected.json["sessions"] as { readonly sid: string }[]).map(({ sid }) => sid),
      hit,
    );
    assert.equal(affected.json["next_cursor"], null);
    assert.deepEqual(await alive(stage, refresh), left);
    const listed = await call(stage, "/v1/revocations?ticket=SEC-9&status=complete");
    assert.deepEqual(
      (listed.json["revocations"] as { readonly id: string }[]).map((one) => one.id),
      [id],
    );
  });
}

test("a look is paged by a cursor that is good for nothing else, and counts once [A-11] [RCP-13]", async () => {
  const { stage, sids } = await three();
  const target = { type: "tenant" };
  const first = await revoke(stage, target, { dry_run: true, limit: 2 });
  assert.deepEqual(
    (first.json["affected"] as { readonly sid: string }[]).map(({ sid }) => sid),
    sids.slice(0, 2),
  );
  const cursor = String(first.json["next_cursor"]);
  const second = await revoke(stage, target, { dry_run: true, limit: 2, cursor });
  assert.deepEqual(
    (second.json["affected"] as { readonly sid: string }[]).map(({ sid }) => sid),
    sids.slice(2),
  );
  assert.deepEqual([second.json["counts"], second.json["next_cursor"]], [null, null]);
  const other = await revoke(stage, { type: "query", query: { region: "eu" } }, { dry_run: true, cursor });
  assert.equal(other.json["code"], "cursor_malformed");
  assert.equal((await call(stage, "/v1/sessions/search", { cursor })).json["code"], "cursor_malformed");
});

const small: readonly [title: string, target: (sids: readonly string[]) => object, sessions: number][] = [
  ["a session", ([sid]) => ({ type: "session", sid }), 1],
  ["a token", () => ({ type: "token", jti: "4pJ0mB2nQm6cG0q3f1x0Aw" }), 0],
  ["a subject", () => ({ type: "subject", subject: "u-2" }), 1],
  ["a subject that was never seen", () => ({ type: "subject", subject: "nobody" }), 0],
  ["a client", () => ({ type: "client", client_id: "web" }), 3],
];
for (const [title, target, sessions] of small) {
  test(`a look at ${title} counts what would end or lose its tokens [RCP-13]`, async () => {
    const { stage, sids } = await three();
    const look = await revoke(stage, target(sids), { dry_run: true });
    assert.equal(look.status, 200, look.text);
    assert.equal((look.json["counts"] as { readonly sessions: number }).sessions, sessions);
    assert.deepEqual(stage.facts(), []);
  });
}

test("a session's end is in the list of whom its revocation hit [RCP-15]", async () => {
  const { stage, sids } = await three();
  const { json } = await revoke(stage, { type: "subject", subject: "u-2" });
  const affected = await call(stage, `/v1/revocations/${String(json["id"])}/affected`);
  assert.deepEqual(
    (affected.json["sessions"] as { readonly sid: string }[]).map(({ sid }) => sid),
    [sids[1]],
  );
});

const QUERY = { type: "query", query: { region: "eu" } };
const refusals: readonly [title: string, body: object, status: number, code: string][] = [
  ["a key", { targets: [{ type: "key", kid: "k" }] }, 400, "target_is_key"],
  ["a position ahead", { targets: [{ type: "before", pos: "1.1" }] }, 409, "cut_off_in_future"],
  ["a time ahead", { targets: [{ type: "before", time_ms: 1_900_000_000_000 }] }, 409, "cut_off_in_future"],
  ["neither position nor time", { targets: [{ type: "before" }] }, 400, "request_invalid"],
  ["position and time", { targets: [{ type: "before", pos: "1.0", time_ms: 1 }] }, 400, "request_invalid"],
  ["a malformed position", { targets: [{ type: "before", pos: "1.00" }] }, 400, "request_invalid"],
  ["a query for everything", { targets: [{ type: "query", query: {} }] }, 400, "request_invalid"],
  ["a query by what nobody knows", { targets: [{ type: "query", query: { shoe: 1 } }] }, 400, "request_invalid"],
  ["bits beyond the prefix", { targets: [{ type: "query", query: { ip: "10.1.2.3/24" } }] }, 400, "request_invalid"],
  [
    "an empty range of time",
    { targets: [{ type: "query", query: { opened: { from_ms: 2, before_ms: 2 } } }] },
    400,
    "request_invalid",
  ],
  ["a range without an end", { targets: [{ type: "query", query: { opened: {} } }] }, 400, "request_invalid"],
  ["a query beside another target", { targets: [QUERY, { type: "subject", subject: "u-1" }] }, 400, "request_invalid"],
  ["two queries", { targets: [QUERY, QUERY] }, 400, "request_invalid"],
  ["the tenant with a name", { targets: [{ type: "tenant", tenant: "main" }] }, 400, "request_invalid"],
  ["a page of what is no look", { targets: [QUERY], limit: 10 }, 400, "request_invalid"],
  ["a cursor of what is no look", { targets: [QUERY], cursor: "x" }, 400, "request_invalid"],
  ["a token of nobody", { targets: [{ type: "leaked", token: "hpr_nothing" }] }, 400, "token_not_genuine"],
  ["an empty token", { targets: [{ type: "leaked", token: "" }] }, 400, "request_invalid"],
  ["a token that is too long", { targets: [{ type: "leaked", token: "x".repeat(4097) }] }, 400, "request_invalid"],
];
for (const [title, body, status, code] of refusals) {
  for (const dryRun of "limit" in body || "cursor" in body ? [false] : [false, true]) {
    test(`${title} is refused ${dryRun ? "as a look" : "for real"}, and nothing is written`, async () => {
      const { stage, refresh } = await three();
      const answer = await call(stage, "/v1/revocations", { ...body, dry_run: dryRun });
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.json["code"], code);
      assert.deepEqual(stage.facts(), []);
      assert.deepEqual(await alive(stage, refresh), [true, true, true]);
    });
  }
}

test("what stands beside a large target is named", async () => {
  const { stage } = await three();
  const answer = await call(stage, "/v1/revocations", { targets: [{ type: "subject", subject: "u" }, QUERY] });
  assert.deepEqual(answer.json["errors"], [{ pointer: "/targets/1", code: "not_alone" }]);
});

const queries: readonly string[] = ["limit=0", "status=done", "since_ms=-1", "since_ms=1e9", "actor=ana", "cursor=x"];
for (const query of queries) {
  test(`a list of revocations by ${query} is refused`, async () => {
    const stage = await scene();
    assert.equal((await call(stage, `/v1/revocations?${query}`)).status, 400);
  });
}

test("whom an unknown revocation hit is not found [RCP-15]", async () => {
  const stage = await scene();
  for (const id of ["019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10", "nothing"]) {
    const answer = await call(stage, `/v1/revocations/${id}/affected`);
    assert.deepEqual([answer.status, answer.json["code"]], [404, "revocation_not_found"]);
  }
});

test("reading revocations needs its scope, and revoking another", async () => {
  const stage = await scene();
  const tries = [
    ["/v1/revocations", "revocations:write", undefined],
    ["/v1/revocations/019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10/affected", "revocations:write", undefined],
    ["/v1/revocations", "revocations:read", { targets: [{ type: "tenant" }], dry_run: true }],
  ] as const;
  for (const [path, scope, json] of tries) {
    const headers = { authorization: `Bearer ${await stage.bearer(scope)}` };
    const answer = await stage.send({ path, headers, ...(json === undefined ? {} : { json }) });
    assert.deepEqual([answer.status, answer.json["code"]], [403, "scope_missing"]);
  }
});
