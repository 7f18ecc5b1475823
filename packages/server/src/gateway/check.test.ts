// /check: who is let in, as whom, and what every no looks like to a gateway.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Fault } from "@hallpass/core";
import { parseCompactJws } from "@hallpass/protocol";
import type { Reply } from "../replies.ts";
import { API, ISSUER, type Scene, type SceneOptions, scene } from "../testing/scene.ts";
import { type Check, createCheck } from "./check.ts";

const OTHER = "https://other.example";
const APP = "https://app.example";
const QUERY = new URLSearchParams({ audience: API, origins: APP }).toString();

interface Stage extends Scene {
  readonly check: Check;
  /** The answer to a request with these headers, each with one or several values. */
  readonly ask: (headers?: Readonly<Record<string, string | readonly string[]>>, query?: string) => Promise<Reply>;
  readonly signIn: (
    more?: object,
  ) => Promise<{ readonly sid: string; readonly token: string; readonly access: string }>;
  readonly operate: (method: string, path: string, json: object) => Promise<Readonly<Record<string, unknown>>>;
}

async function stage(options: SceneOptions = {}): Promise<Stage> {
  const bare = await scene(options);
  const check = createCheck(bare.services);
  const operate: Stage["operate"] = async (method, path, json) => {
    const headers = { authorization: `Bearer ${await bare.bearer()}` };
    return (await bare.send({ method, path, headers, json })).json;
  };
  return {
    ...bare,
    check,
    operate,
    ask: (headers = {}, query = QUERY) =>
      check(query, (name) => {
        const value = headers[name] ?? [];
        return typeof value === "string" ? [value] : value;
      }),
    signIn: async (more = {}) => {
      const body = { subject: "u-1", client_id: "web", issue: ["access", "session_token"], ...more };
      const json = await operate("POST", "/v1/sessions", body);
      const { id } = json["session"] as { readonly id: string };
      return { sid: id, token: String(json["session_token"]), access: String(json["access_token"]) };
    },
  };
}

function cookie(token: string): string {
  return `theme=dark; __Host-session=${token}`;
}

function claimsIn(reply: Reply): Readonly<Record<string, unknown>> {
  const jws = parseCompactJws((reply.headers["authorization"] ?? "").replace(/^Bearer /, ""));
  assert.ok(jws.ok);
  return jws.payload;
}

function codeOf(reply: Reply): unknown {
  return typeof reply.body !== "string" ? undefined : (JSON.parse(reply.body) as { readonly code: unknown }).code;
}

describe("a request with a session token", () => {
  test("passes as its subject, with a token for this upstream alone and for a minute [CHK-2] [CHK-3]", async () => {
    const { ask, signIn, clock } = await stage();
    const { sid, token } = await signIn({ claims: { plan: "gold" }, acr: "aal2" });
    const reply = await ask({ cookie: cookie(token), "x-original-method": "GET" });
    assert.deepEqual([reply.status, reply.body], [200, null]);
    const { authorization: _, "x-request-id": __, ...headers } = reply.headers;
    assert.deepEqual(headers, {
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "hallpass-subject": "u-1",
      "hallpass-session": sid,
      "hallpass-client": "web",
      "hallpass-scope": "read write",
    });
    const { iss, sub, aud, exp, plan, acr, sid: inToken } = claimsIn(reply);
    assert.deepEqual([iss, sub, aud, plan, acr, inToken], [ISSUER, "u-1", API, "gold", "aal2", sid]);
    const left = Number(exp) - clock.now() / 1000;
    assert.ok(left > 0 && left <= 60);
  });

  test("passes as a bearer, too, and then needs no page [CHK-4]", async () => {
    const { ask, signIn } = await stage();
    const { token } = await signIn();
    const reply = await ask({
      authorization: `Bearer ${token}`,
      "x-original-method": "DELETE",
      origin: "https://evil.example",
    });
    assert.equal(reply.status, 200);
  });

  test("gets the same token for half a minute, and another when anything of the session changes [CHK-3]", async () => {
    const { ask, signIn, clock, operate } = await stage();
    const { sid, token } = await signIn();
    const bearer = async (): Promise<unknown> =>
      (await ask({ authorization: `Bearer ${token}` })).headers["authorization"];
    const first = await bearer();
    clock.advance(20_000);
    assert.equal(await bearer(), first);
    await operate("PATCH", `/v1/sessions/${sid}`, { scope: "read" });
    const narrowed = await ask({ authorization: `Bearer ${token}` });
    assert.deepEqual([claimsIn(narrowed)["scope"], narrowed.headers["hallpass-scope"]], ["read", "read"]);
    clock.advance(30_001);
    assert.notEqual(await bearer(), narrowed.headers["authorization"]);
  });

  test("is refused from the commit of a revocation on, and by every cookie that was saved [CHK-1] [C-15]", async () => {
    const { ask, signIn, operate } = await stage();
    const { sid, token } = await signIn();
    const headers = { cookie: cookie(token), "x-original-method": "GET" };
    assert.equal((await ask(headers)).status, 200);
    await operate("POST", `/v1/sessions/${sid}/end`, {});
    const reply = await ask(headers);
    assert.deepEqual([reply.status, codeOf(reply)], [401, "credentials_refused"]);
    assert.equal(reply.headers["www-authenticate"], 'Bearer realm="hallpass", error="invalid_token"');
    assert.equal("hallpass-subject" in reply.headers, false);
  });

  test("is refused after a rotation, and the next one passes [CHK-1] [C-01]", async () => {
    const { ask, signIn, operate } = await stage();
    const { sid, token } = await signIn();
    const { session_token: next } = await operate("POST", `/v1/sessions/${sid}/session-token`, {});
    assert.equal((await ask({ authorization: `Bearer ${token}` })).status, 401);
    assert.equal((await ask({ authorization: `Bearer ${String(next)}` })).status, 200);
  });

  test("keeps its session from going idle, with one write for each tenth of the idle time [CHK-8] [S-03]", async () => {
    const { ask, signIn, clock, facts } = await stage();
    const { token } = await signIn({ policy: "workforce" });
    facts();
    const hour = 3_600_000;
    const seen: string[] = [];
    for (let asked = 0; asked < 200; asked += 1) {
      clock.advance(hour / 10);
      assert.equal((await ask({ authorization: `Bearer ${token}` })).status, 200);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(...facts());
    }
    // 20 hours, idle after 8: at most one write for each 48 minutes.
    assert.ok(seen.length >= 20 && seen.length <= 25, `${seen.length} writes`);
    assert.deepEqual(new Set(seen), new Set(["session_kept_alive"]));
    clock.advance(4 * hour);
    assert.equal((await ask({ authorization: `Bearer ${token}` })).status, 401);
  });
});

describe("a request with an access token", () => {
  test("passes with the very token if that is for this upstream alone [CHK-4]", async () => {
    const { ask, signIn } = await stage();
    const { access, sid } = await signIn();
    const reply = await ask({ authorization: `Bearer ${access}` });
    assert.deepEqual([reply.status, reply.headers["authorization"]], [200, `Bearer ${access}`]);
    assert.equal(reply.headers["hallpass-session"], sid);
  });

  test("of several audiences passes with one that is for this upstream alone and lives no longer [CHK-4]", async () => {
    const { ask, clock, operate, send, services } = await stage();
    await operate("POST", "/v1/clients", {
      client_id: "wide",
      token_endpoint_auth_method: "none",
      grant_types: ["refresh_token"],
      scope: "read",
      audiences: [API, OTHER],
    });
    const body = {
      subject: "u-1",
      client_id: "wide",
      issue: ["access"],
      audience: [API, OTHER],
      claims: { plan: "gold" },
    };
    const { access_token: access } = await operate("POST", "/v1/sessions", body);
    const claims = claimsIn(await ask({ authorization: `Bearer ${String(access)}` }));
    assert.deepEqual([claims["aud"], claims["plan"], claims["sub"]], [API, "gold", "u-1"]);
    assert.ok(Number(claims["exp"]) - clock.now() / 1000 <= 60);
    const jws = parseCompactJws(String(access));
    assert.ok(jws.ok);
    assert.equal(claims["pos"], jws.payload["pos"]);
    assert.notEqual(claims["jti"], jws.payload["jti"]);
    clock.advance(Number(jws.payload["exp"]) * 1000 - clock.now() - 1000);
    const last = claimsIn(await ask({ authorization: `Bearer ${String(access)}` }));
    assert.equal(last["exp"], jws.payload["exp"]);
    clock.advance(1000);
    assert.equal((await ask({ authorization: `Bearer ${String(access)}` })).status, 401);
    assert.ok(services && send);
  });

  test("of a client without a session passes with an empty session, so that nothing of the client's own stands there [CHK-5]", async () => {
    const { ask, send, basic } = await stage();
    const headers = { authorization: `Basic ${Buffer.from(basic.service).toString("base64")}` };
    const { json } = await send({ path: "/oauth2/token", headers, form: { grant_type: "client_credentials" } });
    const reply = await ask({ authorization: `Bearer ${String(json["access_token"])}` });
    assert.deepEqual(
      [reply.status, reply.headers["hallpass-subject"], reply.headers["hallpass-session"]],
      [200, "service", ""],
    );
  });

  test("that is a refresh token, forged, cut or for another audience is refused [CHK-1] [O-31]", async () => {
    const { ask, signIn, open } = await stage();
    const { access, token } = await signIn();
    const { refresh } = await open();
    for (const text of [refresh, `${access.slice(0, -6)}AAAAAA`, access.slice(0, -1), token.slice(0, -1), "x"]) {
      const reply = await ask({ authorization: `Bearer ${text}` });
      assert.deepEqual([reply.status, codeOf(reply)], [401, "credentials_refused"], text);
    }
    for (const text of [access, token]) {
      const reply = await ask({ authorization: `Bearer ${text}` }, `audience=${encodeURIComponent(OTHER)}`);
      assert.equal(reply.status, 401);
    }
  });
});

describe("what a route needs", () => {
  test("is asked for by the gateway: more scope than the token has is 403 with a challenge that names it [CHK-6]", async () => {
    const { ask, signIn } = await stage();
    const { token } = await signIn({ scope: "read" });
    const query = (scope: string): string => new URLSearchParams({ audience: API, scope }).toString();
    const headers = { authorization: `Bearer ${token}` };
    assert.equal((await ask(headers, query("read"))).status, 200);
    const reply = await ask(headers, query("read write"));
    assert.deepEqual([reply.status, codeOf(reply)], [403, "scope_missing"]);
    assert.equal(
      reply.headers["www-authenticate"],
      'Bearer realm="hallpass", error="insufficient_scope", scope="read write"',
    );
  });

  const wrong: readonly [title: string, query: string][] = [
    ["no audience", ""],
    ["an audience that is no address", "audience=api"],
    ["two audiences", `audience=${API}&audience=${OTHER}`],
    ["a malformed scope", `audience=${API}&scope=a%22b`],
    ["an origin with a path", `audience=${API}&origins=https://app.example/`],
    ["a pattern for an origin", `audience=${API}&origins=*`],
    ["a name it does not know", `audience=${API}&method=GET`],
  ];
  for (const [title, query] of wrong) {
    test(`with ${title} is a mistake of the gateway's: 400, which lets nobody in [CHK-6]`, async () => {
      const { ask, signIn } = await stage();
      const { token } = await signIn();
      const reply = await ask({ authorization: `Bearer ${token}` }, query);
      assert.deepEqual([reply.status, codeOf(reply)], [400, "check_misconfigured"]);
    });
  }
});

describe("a request with a cookie", () => {
  const asks: readonly [
    title: string,
    headers: Readonly<Record<string, string | readonly string[]>>,
    status: number,
  ][] = [
    ["that only reads", { "x-original-method": "GET" }, 200],
    ["that only reads, as Traefik and Caddy say it", { "x-forwarded-method": "HEAD" }, 200],
    ["whose method the gateway does not tell", {}, 403],
    ["that writes without a word of its page", { "x-original-method": "POST" }, 403],
    ["that writes from our own page", { "x-original-method": "POST", origin: APP }, 200],
    ["that writes from this very host", { "x-original-method": "POST", "sec-fetch-site": "same-origin" }, 200],
    ["that writes from a page beside ours", { "x-original-method": "PUT", "sec-fetch-site": "same-site" }, 403],
    ["that writes from another page", { "x-original-method": "DELETE", origin: "https://evil.example" }, 403],
    ["from a page without an origin", { "x-original-method": "POST", origin: "null" }, 403],
    ["from another port", { "x-original-method": "POST", origin: "https://app.example:8443" }, 403],
    ["from plain http", { "x-original-method": "POST", origin: "http://app.example" }, 403],
    ["with two origins", { "x-original-method": "POST", origin: [APP, "https://evil.example"] }, 403],
    ["with a method of another spelling", { "x-original-method": "get" }, 403],
    ["that opens a WebSocket from another page", { "x-original-method": "GET", origin: "https://evil.example" }, 403],
    ["that opens a WebSocket from our own page", { "x-original-method": "GET", origin: APP }, 200],
    ["to which a client added a second method", { "x-original-method": "POST", "x-forwarded-method": "GET" }, 403],
    ["to which a client added the same method", { "x-original-method": "GET", "x-forwarded-method": "GET" }, 200],
    ["with two methods in one name", { "x-original-method": ["GET", "POST"] }, 403],
    ["that overrides its method", { "x-original-method": "POST", "x-http-method-override": "GET" }, 403],
  ];
  for (const [title, headers, status] of asks) {
    test(`${title} is answered ${status} [CHK-7] [C-07] [C-09] [C-11] [C-12]`, async () => {
      const { ask, signIn, facts } = await stage();
      const { token } = await signIn();
      facts();
      const reply = await ask({ cookie: cookie(token), ...headers });
      assert.equal(reply.status, status);
      if (status === 403) assert.equal(codeOf(reply), "cross_site_request");
      assert.equal(reply.headers["set-cookie"], undefined);
      // Who was refused is not signed out by it.
      assert.deepEqual(facts(), []);
    });
  }

  const malformed: readonly [
    title: string,
    headers: (token: string) => Readonly<Record<string, string | readonly string[]>>,
  ][] = [
    ["two cookies of our name", (token) => ({ cookie: `__Host-session=${token}; __Host-session=${token}` })],
    ["two cookie headers of our name", (token) => ({ cookie: [cookie(token), cookie(token)] })],
    ["two Authorization headers", (token) => ({ authorization: [`Bearer ${token}`, `Bearer ${token}`] })],
    ["two bearers in one header", (token) => ({ authorization: `Bearer ${token}, Bearer ${token}` })],
  ];
  for (const [title, headers] of malformed) {
    test(`or a bearer that stands twice (${title}) is 401: the client's mistake, and no failure [CHK-1] [C-02]`, async () => {
      const { ask, signIn } = await stage();
      const { token } = await signIn();
      const reply = await ask({ "x-original-method": "GET", ...headers(token) });
      assert.equal(reply.status, 401);
      assert.equal(reply.headers["www-authenticate"], 'Bearer realm="hallpass", error="invalid_request"');
    });
  }

  test("of another name, of no value, or beside another scheme has no credentials [CHK-1] [C-02]", async () => {
    const { ask, signIn } = await stage();
    const { token } = await signIn();
    const rows: Readonly<Record<string, string>>[] = [
      {},
      { cookie: `session=${token}` },
      { cookie: `__host-session=${token}` },
      { cookie: "__Host-session=" },
      { cookie: cookie(token), authorization: "Basic dTpw" },
    ];
    for (const headers of rows) {
      const reply = await ask({ "x-original-method": "GET", ...headers });
      assert.deepEqual([reply.status, reply.headers["www-authenticate"]], [401, 'Bearer realm="hallpass"']);
    }
  });
});

describe("the identity headers", () => {
  const subjects: readonly [subject: string, header: string][] = [
    ["auth0|ada@example.org", "auth0|ada@example.org"],
    ["Ada Lovelace", "Ada%20Lovelace"],
    ["100%", "100%25"],
    ["a,b;c\"d'e", "a%2Cb%3Bc%22d%27e"],
    ["ünï-文字-🙂", "%C3%BCn%C3%AF-%E6%96%87%E5%AD%97-%F0%9F%99%82"],
  ];
  for (const [subject, header] of subjects) {
    test(`spell ${subject} so that nothing else can be read, and it comes back [CHK-5] [L-09]`, async () => {
      const { ask, signIn } = await stage();
      const { token } = await signIn({ subject });
      const { headers } = await ask({ authorization: `Bearer ${token}` });
      assert.equal(headers["hallpass-subject"], header);
      assert.equal(decodeURIComponent(header), subject);
    });
  }

  test("stay within 4096 bytes for the longest subject, scope and claims: the scope is left to the token then [CHK-5]", async () => {
    const { ask, operate } = await stage();
    const names = Array.from({ length: 42 }, (_, index) => `very-long-scope-name-${index}`);
    await operate("POST", "/v1/clients", {
      client_id: "long",
      token_endpoint_auth_method: "none",
      grant_types: ["refresh_token"],
      scope: names.join(" "),
      audiences: [API],
    });
    // As much scope as fits into an access token.
    let opened: Readonly<Record<string, unknown>> = {};
    for (let most = names.length; opened["session_token"] === undefined && most > 0; most -= 1) {
      const scope = names.slice(0, most).join(" ");
      const body = { subject: "文".repeat(85), client_id: "long", issue: ["session_token"], scope };
      opened = await operate("POST", "/v1/sessions", body);
    }
    const { status, headers } = await ask({ authorization: `Bearer ${String(opened["session_token"])}` });
    assert.deepEqual([status, headers["hallpass-scope"]], [200, ""]);
    const size = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
    assert.ok(size < 4000, `${size} bytes`);
  });

  test("that a client sends are nothing to /check [CHK-5]", async () => {
    const { ask, signIn } = await stage();
    const { token } = await signIn();
    const forged = {
      "hallpass-subject": "root",
      "x-forwarded-user": "root",
      "x-original-uri": "/",
      "x-forwarded-uri": "/",
    };
    assert.equal((await ask(forged)).status, 401);
    const reply = await ask({ authorization: `Bearer ${token}`, ...forged });
    assert.equal(reply.headers["hallpass-subject"], "u-1");
  });
});

test("a store that can't be read is 503, never a yes and never a no [CHK-9] [I-14]", async () => {
  let down = false;
  const { ask, signIn } = await stage({
    wrapStore: (store) => ({
      ...store,
      read: (keys) => (down ? Promise.reject(new Fault("store_unavailable")) : store.read(keys)),
    }),
  });
  const { token, access } = await signIn();
  down = true;
  for (const text of [token, access]) {
    const reply = await ask({ authorization: `Bearer ${text}` });
    assert.deepEqual([reply.status, reply.headers["retry-after"]], [503, "1"]);
  }
  assert.equal((await ask()).status, 401, "who shows nothing needs no store");
});
