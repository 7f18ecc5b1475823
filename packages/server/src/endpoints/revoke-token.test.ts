// Revocation as a token's own client meets it (RFC 7009).

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Change, Outcome, Store } from "@hallpass/core";
import { API, basicHeader, type Received, type Scene, type SceneOptions, type Sent, scene } from "../testing/scene.ts";

const PATH = "/oauth2/revoke";

function revoke(
  stage: Scene,
  form: Readonly<Record<string, string>>,
  headers: Sent["headers"] = {},
): Promise<Received> {
  return stage.send({ path: PATH, form, headers });
}

const asWeb = (stage: Scene, token: string, more: object = {}): Promise<Received> =>
  revoke(stage, { client_id: "web", token, ...more });

async function isActive(stage: Scene, token: string): Promise<boolean> {
  const asked = await stage.send({
    path: "/oauth2/introspect",
    headers: basicHeader(verifierOf(stage)),
    form: { token },
  });
  return asked.json["active"] === true;
}

const verifiers = new WeakMap<Scene, string>();

function verifierOf(stage: Scene): string {
  const known = verifiers.get(stage);
  if (known === undefined) throw new Error("the scene has no verifier");
  return known;
}

/** With a verifier that can say what is active. */
async function played(options: SceneOptions = {}): Promise<Scene> {
  const stage = await scene(options);
  const { json } = await stage.send({
    path: "/v1/clients",
    headers: { authorization: `Bearer ${await stage.bearer()}` },
    json: {
      client_id: "verifier",
      token_endpoint_auth_method: "client_secret_basic",
      grant_types: ["client_credentials"],
      scope: "feed",
      audiences: [API],
    },
  });
  verifiers.set(stage, `verifier:${String(json["client_secret"])}`);
  stage.facts();
  return stage;
}

describe("what a token takes with it", () => {
  test("an access token is over by itself; the session goes on [REV-1] [REV-6]", async () => {
    const stage = await played();
    const { access, refresh } = await stage.open();
    stage.facts();
    const answer = await asWeb(stage, access);
    assert.deepEqual([answer.status, answer.text], [200, ""]);
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.deepEqual(stage.facts(), ["token_revoked"]);
    assert.equal(await isActive(stage, access), false);
    const next = await stage.refresh(refresh);
    assert.equal(next.status, 200);
    assert.equal(await isActive(stage, String(next.json["access_token"])), true);
  });

  test("a refresh token ends its session, and every access token of it [REV-5] [REV-6]", async () => {
    const stage = await played();
    const { access, refresh, sid } = await stage.open();
    const other = await stage.open();
    stage.facts();
    assert.equal((await asWeb(stage, refresh)).status, 200);
    assert.deepEqual(stage.facts(), ["session_ended"]);
    assert.equal(await isActive(stage, access), false);
    const refused = await stage.refresh(refresh);
    assert.deepEqual([refused.status, refused.json["error"]], [400, "invalid_grant"]);
    const headers = { authorization: `Bearer ${await stage.bearer()}` };
    const { json } = await stage.send({ path: `/v1/sessions/${sid}`, headers });
    assert.equal((json["end"] as { readonly reason: string }).reason, "signed_out");
    assert.equal(await isActive(stage, other.access), true);
  });

  test("a superseded refresh token does as well: the newest may never have arrived [REV-5]", async () => {
    const stage = await played();
    const { refresh } = await stage.open();
    const second = String((await stage.refresh(refresh)).json["refresh_token"]);
    const third = String((await stage.refresh(second)).json["refresh_token"]);
    stage.facts();
    assert.equal((await asWeb(stage, refresh)).status, 200);
    assert.deepEqual(stage.facts(), ["session_ended"]);
    assert.equal((await stage.refresh(third)).status, 400);
  });

  test("a session token ends its session, the one before the last rotation as well; an older one is as unknown [REV-11]", async () => {
    const stage = await played();
    const headers = { authorization: `Bearer ${await stage.bearer()}` };
    const json = { subject: "u-1", client_id: "web", issue: ["access", "session_token"] };
    const opened = (await stage.send({ path: "/v1/sessions", headers, json })).json;
    const { id } = opened["session"] as { readonly id: string };
    const rotated = async (): Promise<string> => {
      const { json: next } = await stage.send({ path: `/v1/sessions/${id}/session-token`, headers, json: {} });
      return String(next["session_token"]);
    };
    const [first, second, third] = [String(opened["session_token"]), await rotated(), await rotated()];
    stage.facts();
    assert.deepEqual([(await asWeb(stage, first)).status, stage.facts()], [200, []]);
    const stranger = await revoke(stage, { token: second }, basicHeader(stage.basic.service));
    assert.deepEqual([stranger.status, stage.facts()], [400, ["token_revocation_refused"]]);
    assert.equal(await isActive(stage, third), true);
    const answer = await asWeb(stage, second);
    assert.deepEqual([answer.status, stage.facts()], [200, ["session_ended"]]);
    assert.notEqual(answer.headers.get("hallpass-revocation"), null);
    assert.deepEqual(
      [await isActive(stage, third), await isActive(stage, String(opened["access_token"]))],
      [false, false],
    );
    assert.deepEqual([(await asWeb(stage, second)).status, stage.facts()], [200, []]);
  });

  test("the answer names the revocation, whose receipt can be read [REV-7]", async () => {
    const stage = await played();
    const { refresh, sid } = await stage.open();
    const id = (await asWeb(stage, refresh)).headers.get("hallpass-revocation") ?? "";
    const headers = { authorization: `Bearer ${await stage.bearer()}` };
    const { status, json } = await stage.send({ path: `/v1/revocations/${id}`, headers });
    assert.equal(status, 200);
    assert.deepEqual(json["targets"], [{ type: "session", sid }]);
  });
});

describe("a hint changes nothing", () => {
  for (const hint of ["access_token", "refresh_token", "urn:example:other", ""]) {
    test(`a refresh token is found under the hint "${hint}" [REV-2]`, async () => {
      const stage = await played();
      const { refresh } = await stage.open();
      assert.equal((await asWeb(stage, refresh, { token_type_hint: hint })).status, 200);
      assert.equal((await stage.refresh(refresh)).status, 400);
    });

    test(`an access token is found under the hint "${hint}" [REV-2]`, async () => {
      const stage = await played();
      const { access } = await stage.open();
      assert.equal((await asWeb(stage, access, { token_type_hint: hint })).status, 200);
      assert.equal(await isActive(stage, access), false);
    });
  }
});

describe("nothing to take away is success", () => {
  test("for garbage, forged, foreign and damaged tokens, and nothing is written [REV-3]", async () => {
    const stage = await played();
    const { access, refresh } = await stage.open();
    stage.facts();
    const [head = "", body = ""] = access.split(".");
    const texts = [
      "x",
      "hpr_",
      `hpr_${"A".repeat(84)}`,
      `${refresh}x`,
      refresh.slice(0, -1),
      `${head}.${body}.${"A".repeat(86)}`,
      `${access}x`,
      "a.b.c",
      "é",
      "x".repeat(10_000),
    ];
    for (const text of texts) {
      const answer = await asWeb(stage, text);
      assert.deepEqual([answer.status, answer.text, answer.headers.get("hallpass-revocation")], [200, "", null], text);
    }
    assert.deepEqual(stage.facts(), []);
    assert.equal(await isActive(stage, access), true);
  });

  test("for what was revoked already, and no second notice is made [REV-3]", async () => {
    const stage = await played();
    const { access, refresh } = await stage.open();
    stage.facts();
    for (let count = 0; count < 3; count += 1) assert.equal((await asWeb(stage, access)).status, 200);
    assert.deepEqual(stage.facts(), ["token_revoked"]);
    for (let count = 0; count < 3; count += 1) assert.equal((await asWeb(stage, refresh)).status, 200);
    assert.deepEqual(stage.facts(), ["session_ended"]);
  });

  for (const [ms, facts] of [
    [-1, ["token_revoked"]],
    [0, []],
    [1, []],
  ] as const) {
    test(`for an access token from the end of its skew on (${ms} ms) [REV-3]`, async () => {
      const stage = await played();
      const { access } = await stage.open();
      const { exp } = JSON.parse(Buffer.from(access.split(".")[1] ?? "", "base64url").toString()) as {
        readonly exp: number;
      };
      stage.facts();
      stage.clock.advance((exp + 5) * 1000 + ms - stage.clock.now());
      assert.equal((await asWeb(stage, access)).status, 200);
      assert.deepEqual(stage.facts(), facts);
    });
  }

  test("for a refresh token whose session is over by its time [REV-3]", async () => {
    const stage = await played();
    const { refresh } = await stage.open();
    stage.facts();
    stage.clock.advance(14 * 86_400_000);
    assert.equal((await asWeb(stage, refresh)).status, 200);
    assert.deepEqual(stage.facts(), []);
  });
});

describe("another client's token", () => {
  test("is refused and lives on; who tried is a fact [REV-4] [I-12]", async () => {
    const stage = await played();
    const { access, refresh } = await stage.open();
    stage.facts();
    for (const token of [access, refresh]) {
      const answer = await revoke(stage, { token }, basicHeader(stage.basic.service));
      assert.deepEqual([answer.status, answer.json["error"]], [400, "invalid_grant"]);
      assert.deepEqual(stage.facts(), ["token_revocation_refused"]);
    }
    assert.equal(await isActive(stage, access), true);
    assert.equal((await stage.refresh(refresh)).status, 200);
  });

  test("of the operator can't be revoked by a public client [REV-4] [I-12]", async () => {
    const stage = await played();
    const bearer = await stage.bearer();
    assert.equal((await asWeb(stage, bearer)).status, 400);
    const used = await stage.send({ path: "/v1/clients", headers: { authorization: `Bearer ${bearer}` } });
    assert.equal(used.status, 200);
  });
});

test("a client's own token is revoked by that client [REV-1]", async () => {
  const stage = await played();
  const bearer = await stage.bearer();
  assert.equal((await revoke(stage, { token: bearer }, basicHeader(stage.basic.operator))).status, 200);
  const used = await stage.send({ path: "/v1/clients", headers: { authorization: `Bearer ${bearer}` } });
  assert.equal(used.status, 401);
});

test("a secret that is no token is not pretended to be revoked [REV-5]", async () => {
  const stage = await played();
  const [, secret = ""] = stage.basic.service.split(":");
  const answer = await revoke(stage, { token: secret }, basicHeader(stage.basic.service));
  assert.deepEqual([answer.status, answer.json["error"]], [400, "unsupported_token_type"]);
  assert.ok(!answer.text.includes(secret));
});

describe("who revokes", () => {
  const rows: readonly [title: string, sent: Omit<Sent, "path">, status: number, error: string][] = [
    ["nobody at all", { form: { token: "x" } }, 401, "invalid_client"],
    ["an unknown client", { form: { token: "x", client_id: "nobody" } }, 401, "invalid_client"],
    ["a confidential client without its secret", { form: { token: "x", client_id: "service" } }, 401, "invalid_client"],
    ["a wrong secret", { form: { token: "x" }, headers: basicHeader("service:x") }, 401, "invalid_client"],
    ["no token", { form: { client_id: "web" } }, 400, "invalid_request"],
    ["an empty token", { form: { client_id: "web", token: "" } }, 400, "invalid_request"],
    ["two tokens", { form: "client_id=web&token=a&token=b" }, 400, "invalid_request"],
    ["a JSON body", { json: { client_id: "web", token: "x" } }, 400, "invalid_request"],
  ];
  for (const [title, sent, status, error] of rows) {
    test(`${title} is refused [REV-1] [O-42]`, async () => {
      const stage = await played();
      const answer = await stage.send({ path: PATH, ...sent });
      assert.deepEqual([answer.status, answer.json["error"]], [status, error]);
    });
  }

  for (const method of ["GET", "PUT", "DELETE", "PATCH", "HEAD"]) {
    test(`${method} is no way to revoke or to introspect [GEN-6] [O-01]`, async () => {
      const stage = await played();
      for (const path of [PATH, "/oauth2/introspect"]) {
        const answer = await stage.send({ method, path });
        assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "POST"]);
      }
    });
  }

  test("a query is refused, a callback among it [REV-9]", async () => {
    const stage = await played();
    const answer = await stage.send({ path: `${PATH}?callback=x`, form: { client_id: "web", token: "x" } });
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [400, "application/json"]);
  });
});

describe("a store that can't commit", () => {
  const faults: readonly [title: string, fail: (changes: readonly Change[]) => Promise<readonly Outcome[]>][] = [
    ["fails", async (changes) => changes.map(() => ({ kind: "failed", cause: new Error("no"), full: false }))],
    ["is full", async (changes) => changes.map(() => ({ kind: "failed", cause: new Error("no"), full: true }))],
    ["can't tell", async (changes) => changes.map(() => ({ kind: "unknown", cause: new Error("no") }))],
  ];
  for (const [title, fail] of faults) {
    test(`and ${title} makes a revocation 503, and the token lives on [REV-7] [I-14]`, async () => {
      let broken = false;
      const wrapStore = (store: Store): Store => ({
        ...store,
        commit: (changes) => (broken ? fail(changes) : store.commit(changes)),
      });
      const stage = await played({ wrapStore });
      const { access, refresh } = await stage.open();
      broken = true;
      for (const token of [access, refresh]) {
        const answer = await asWeb(stage, token);
        assert.equal(answer.status, 503, answer.text);
        assert.equal(answer.json["error"], "temporarily_unavailable");
        assert.match(answer.headers.get("retry-after") ?? "", /^\d+$/);
      }
      broken = false;
      assert.equal(await isActive(stage, access), true);
      assert.equal((await asWeb(stage, refresh)).status, 200);
      assert.equal(await isActive(stage, access), false);
    });
  }
});
