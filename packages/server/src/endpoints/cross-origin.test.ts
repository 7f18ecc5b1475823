// Pages of other origins: which answers they may read, and what a browser is told before it asks.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Store } from "@hallpass/core";
import { API, basicHeader, type Received, type Scene, type SceneOptions, scene } from "../testing/scene.ts";
import { ORIGINS_KEPT_MS } from "./cross-origin.ts";

const APP = "https://app.example";
const OTHER = "https://other-app.example";
const CLIENT = { grant_types: ["refresh_token"], scope: "read write", audiences: API };

async function register(stage: Scene, id: string, allowed: readonly unknown[], more: object = {}): Promise<Received> {
  const json = { ...CLIENT, client_id: id, token_endpoint_auth_method: "none", allowed_origins: allowed, ...more };
  return stage.send({ path: "/v1/clients", headers: { authorization: `Bearer ${await stage.bearer()}` }, json });
}

/** `spa` is called by pages of APP, `other` by pages of OTHER, `web` by none. */
async function played(options: SceneOptions = {}): Promise<Scene> {
  const stage = await scene(options);
  for (const [id, origin] of [
    ["spa", APP],
    ["other", OTHER],
  ] as const)
    assert.equal((await register(stage, id, [origin])).status, 201);
  return stage;
}

const allowOrigin = ({ headers }: Received): string | null => headers.get("access-control-allow-origin");

function asking(stage: Scene, origin: string, path: string, method = "POST"): Promise<Received> {
  const headers = { origin, "access-control-request-method": method, "access-control-request-headers": "content-type" };
  return stage.send({ method: "OPTIONS", path, headers });
}

function from(
  stage: Scene,
  origin: string,
  form: Readonly<Record<string, string>>,
  path = "/oauth2/token",
  headers = {},
): Promise<Received> {
  return stage.send({ path, headers: { origin, ...headers }, form });
}

describe("a preflight", () => {
  for (const path of ["/oauth2/token", "/oauth2/revoke"]) {
    test(`for ${path} is answered to a registered origin, without credentials [GEN-12] [O-38]`, async () => {
      const stage = await played();
      for (const origin of [APP, OTHER]) {
        const { status, headers, text } = await asking(stage, origin, path);
        assert.deepEqual([status, text], [204, ""]);
        assert.equal(headers.get("access-control-allow-origin"), origin);
        assert.equal(headers.get("access-control-allow-methods"), "POST");
        assert.equal(headers.get("access-control-allow-headers"), "authorization, content-type");
        assert.equal(headers.get("access-control-allow-credentials"), null);
        assert.match(headers.get("vary") ?? "", /\borigin\b/);
      }
    });
  }

  const strangers = [
    "null",
    "https://app.example.evil",
    "https://evil.app.example",
    "http://app.example",
    "https://app.example:8443",
    "https://APP.example",
    "https://app.example/",
    "*",
    `${APP},${OTHER}`,
  ];
  for (const origin of strangers) {
    test(`of "${origin}" is refused, and says no word that opens anything [GEN-12] [O-38]`, async () => {
      const stage = await played();
      const { status, headers } = await asking(stage, origin, "/oauth2/token");
      assert.equal(status, 403);
      assert.deepEqual(
        [...headers.keys()].filter((name) => name.startsWith("access-control")),
        [],
      );
      assert.match(headers.get("vary") ?? "", /\borigin\b/);
    });
  }

  for (const [path, method] of [
    ["/oauth2/token", "DELETE"],
    ["/oauth2/token", "GET"],
    ["/oauth2/introspect", "POST"],
    ["/v1/sessions", "POST"],
    ["/v1/keys", "GET"],
  ] as const) {
    test(`to ${method} ${path} is no method of that path, for whoever asks [GEN-6] [O-38]`, async () => {
      const stage = await played();
      const { status, headers } = await asking(stage, APP, path, method);
      assert.equal(status, 405);
      assert.deepEqual(
        [...headers.keys()].filter((name) => name.startsWith("access-control")),
        [],
      );
    });
  }

  test("to where nothing is finds nothing, and an OPTIONS that is none is no method [GEN-6] [O-01]", async () => {
    const stage = await played();
    assert.equal((await asking(stage, APP, "/oauth2/nothing")).status, 404);
    for (const headers of [{}, { origin: APP }, { "access-control-request-method": "POST" }])
      assert.equal((await stage.send({ method: "OPTIONS", path: "/oauth2/token", headers })).status, 405);
  });

  for (const path of ["/.well-known/oauth-authorization-server", "/.well-known/jwks.json"]) {
    test(`for ${path} is anyone's, whatever headers it asks for [GEN-12]`, async () => {
      const stage = await played();
      const { status, headers } = await asking(stage, "https://anyone.example", path, "GET");
      assert.equal(status, 204);
      assert.equal(headers.get("access-control-allow-origin"), "*");
      assert.equal(headers.get("access-control-allow-headers"), "*");
      assert.equal(headers.get("access-control-allow-credentials"), null);
    });
  }

  test("costs one look at the clients in ten seconds, however many ask; a new origin is known after that [GEN-12]", async () => {
    let lists = 0;
    const wrapStore = (store: Store): Store => ({
      ...store,
      list: (query) => {
        lists += 1;
        return store.list(query);
      },
    });
    const stage = await played({ wrapStore });
    await Promise.all(
      Array.from({ length: 200 }, (_, index) => asking(stage, `https://${index}.example`, "/oauth2/token")),
    );
    assert.equal(lists, 1);
    await register(stage, "late", ["https://late.example"]);
    assert.equal((await asking(stage, "https://late.example", "/oauth2/token")).status, 403);
    stage.clock.advance(ORIGINS_KEPT_MS);
    assert.equal((await asking(stage, "https://late.example", "/oauth2/token")).status, 204);
    assert.equal(lists, 2);
  });

  test("while the store is away is 503, and the next one is answered [GEN-12]", async () => {
    let broken = true;
    const wrapStore = (store: Store): Store => ({
      ...store,
      list: (query) => (broken ? Promise.reject(new Error("no")) : store.list(query)),
    });
    const stage = await played({ wrapStore });
    assert.ok((await asking(stage, APP, "/oauth2/token")).status >= 500);
    broken = false;
    assert.equal((await asking(stage, APP, "/oauth2/token")).status, 204);
  });
});

describe("an answer", () => {
  test("is readable for the origin of the client that asked: tokens, refusals and revocation [GEN-12] [REV-10]", async () => {
    const stage = await played();
    const { refresh } = await stage.open({ client_id: "spa" });
    const granted = await from(stage, APP, { grant_type: "refresh_token", client_id: "spa", refresh_token: refresh });
    assert.equal(granted.status, 200, granted.text);
    assert.equal(granted.headers.get("access-control-expose-headers")?.includes("hallpass-verdict"), true);
    const refused = await from(stage, APP, { grant_type: "refresh_token", client_id: "spa", refresh_token: "x" });
    assert.equal(refused.status, 400);
    const revoked = await from(stage, APP, { client_id: "spa", token: refresh }, "/oauth2/revoke");
    assert.equal(revoked.status, 200);
    for (const answer of [granted, refused, revoked]) {
      assert.equal(allowOrigin(answer), APP);
      assert.equal(answer.headers.get("vary"), "origin");
      assert.equal(answer.headers.get("access-control-allow-credentials"), null);
    }
  });

  test("is not for the origins of another client, nor for a page that nobody registered [GEN-12] [O-38]", async () => {
    const stage = await played();
    for (const [origin, client] of [
      [OTHER, "spa"],
      [APP, "other"],
      [APP, "web"],
      [APP, "nobody"],
      ["null", "spa"],
      ["https://app.example.evil", "spa"],
      ["*", "spa"],
    ] as const) {
      const answer = await from(stage, origin, { grant_type: "refresh_token", client_id: client, refresh_token: "x" });
      assert.equal(allowOrigin(answer), null, `${origin} ${client}`);
      assert.equal(answer.headers.get("vary"), "origin");
    }
  });

  test("to a client that names itself twice is for neither [GEN-12] [O-38]", async () => {
    const stage = await played();
    const headers = basicHeader(stage.basic.service);
    const answer = await from(
      stage,
      APP,
      { grant_type: "client_credentials", client_id: "spa" },
      "/oauth2/token",
      headers,
    );
    assert.deepEqual([answer.status, allowOrigin(answer)], [400, null]);
  });

  test("that is a fault is readable as well, so that the page knows when to come back [GEN-12]", async () => {
    let broken = false;
    const wrapStore = (store: Store): Store => ({
      ...store,
      commit: async (changes) =>
        broken
          ? changes.map(() => ({ kind: "failed", cause: new Error("no"), full: false }) as const)
          : store.commit(changes),
    });
    const stage = await played({ wrapStore });
    const { refresh } = await stage.open({ client_id: "spa" });
    broken = true;
    const answer = await from(stage, APP, { grant_type: "refresh_token", client_id: "spa", refresh_token: refresh });
    assert.deepEqual([answer.status, allowOrigin(answer)], [503, APP]);
  });

  test("is given when the row of its client can't be read: 500 to everybody, readable to no page [GEN-12] [L-06]", async () => {
    let spoilt = false;
    const wrapStore = (store: Store): Store => ({
      ...store,
      read: async (keys) => {
        const snapshot = await store.read(keys);
        if (!spoilt) return snapshot;
        const get: typeof snapshot.get = (key) => {
          const row = snapshot.get(key);
          return row === undefined || key.kind !== "client" ? row : { ...row, value: '{"layout":99}' };
        };
        return { ...snapshot, get };
      },
    });
    const stage = await played({ wrapStore });
    const { refresh } = await stage.open({ client_id: "spa" });
    spoilt = true;
    const answer = await from(stage, APP, { grant_type: "refresh_token", client_id: "spa", refresh_token: refresh });
    assert.deepEqual([answer.status, answer.json["error"], allowOrigin(answer)], [500, "server_error", null]);
  });

  test("to a request without an origin is as it was [GEN-12]", async () => {
    const stage = await played();
    const { refresh } = await stage.open({ client_id: "spa" });
    const form = { grant_type: "refresh_token", client_id: "spa", refresh_token: refresh };
    const { status, headers } = await stage.send({ path: "/oauth2/token", form });
    assert.deepEqual([status, headers.get("vary"), headers.get("access-control-allow-origin")], [200, null, null]);
  });

  test("of introspection is for no page, whoever's client it is [GEN-12]", async () => {
    const stage = await played();
    const answer = await from(stage, APP, { client_id: "spa", token: "x" }, "/oauth2/introspect");
    assert.deepEqual([answer.status, allowOrigin(answer)], [401, null]);
  });
});

describe("an origin is registered as a browser writes it, or refused", () => {
  for (const origin of [
    "https://app.example/",
    "https://APP.example",
    "https://app.example:443",
    "app.example",
    "*",
    "https://*.example",
    "null",
    "",
    "http://app.example",
    "file://",
    "javascript:alert(1)",
    "https://a:b@app.example",
    7,
  ]) {
    test(`"${origin}" is refused [GEN-12] [O-38]`, async () => {
      const answer = await register(await scene(), "spa", [origin]);
      assert.deepEqual([answer.status, answer.json["code"]], [400, "request_invalid"]);
    });
  }

  test("one's own machine may be http; more than sixteen are refused [GEN-12]", async () => {
    const stage = await scene();
    const local = ["http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:3000", "https://app.example:8443"];
    const made = await register(stage, "spa", local);
    assert.deepEqual(made.json["allowed_origins"], local);
    const many = Array.from({ length: 17 }, (_, index) => `https://${index}.example`);
    assert.equal((await register(stage, "many", many)).status, 400);
    assert.equal((await register(stage, "many", many.slice(1))).status, 201);
  });
});
