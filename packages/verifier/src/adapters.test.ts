import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import express from "express";
import { fastify } from "fastify";
import { Hono } from "hono";
import { hallpass as forExpress } from "./express.ts";
import { hallpass as forFastify, type Hook, hallpassPlugin } from "./fastify.ts";
import { hallpass as forHono } from "./hono.ts";
import { hallpass as forNext, hallpassProxy } from "./next.ts";
import type { RouteOptions } from "./reply.ts";
import { createTestIssuer } from "./testing/index.ts";
import type { Verifier } from "./verifier.ts";

const options = { issuer: "https://auth.example", audience: "https://api.example" };

type Ask = (path: string, headers: Readonly<Record<string, string>>) => Promise<Response>;

async function withHono(verifier: Verifier, run: (ask: Ask) => Promise<void>): Promise<void> {
  const app = new Hono();
  app.get("/open", forHono(verifier), (context) => context.json({ subject: context.get("hallpass").subject }));
  app.get("/admin", forHono(verifier, { scope: ["admin"] }), (context) => context.text("in"));
  app.get("/payment", forHono(verifier, { maxAgeMs: 2000, claims: { acr: "2" } }), (context) => context.text("in"));
  await run(async (path, headers) => app.request(path, { headers: { ...headers } }));
}

async function withExpress(verifier: Verifier, run: (ask: Ask, port: number) => Promise<void>): Promise<void> {
  const app = express();
  app.get("/open", forExpress(verifier), (request, response) => {
    response.json({ subject: request.hallpass?.subject });
  });
  app.get("/admin", forExpress(verifier, { scope: ["admin"] }), (_request, response) => {
    response.send("in");
  });
  app.get("/payment", forExpress(verifier, { maxAgeMs: 2000, claims: { acr: "2" } }), (_request, response) => {
    response.send("in");
  });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    await run((path, headers) => fetch(`http://127.0.0.1:${port}${path}`, { headers: { ...headers } }), port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function withFastify(verifier: Verifier, run: (ask: Ask, port: number) => Promise<void>): Promise<void> {
  const app = fastify();
  const asking = (route: RouteOptions = {}): { readonly onRequest: Hook } => ({
    onRequest: forFastify(verifier, route),
  });
  app.get("/open", asking(), async (request) => ({ subject: request.hallpass?.subject }));
  app.get("/admin", asking({ scope: ["admin"] }), async () => "in");
  app.get("/payment", asking({ maxAgeMs: 2000, claims: { acr: "2" } }), async () => "in");
  const address = await app.listen({ port: 0, host: "127.0.0.1" });
  try {
    await run(
      (path, headers) => fetch(`${address}${path}`, { headers: { ...headers } }),
      Number(new URL(address).port),
    );
  } finally {
    await app.close();
  }
}

/** Next's own part is an `export` and a file's name; examples/next-app has them. */
async function withNext(verifier: Verifier, run: (ask: Ask) => Promise<void>): Promise<void> {
  const routes: Readonly<Record<string, (request: Request, context: undefined) => Promise<Response>>> = {
    "/open": forNext(verifier, {}, (_request, { subject }) => Response.json({ subject })),
    "/admin": forNext(verifier, { scope: ["admin"] }, () => new Response("in")),
    "/payment": forNext(verifier, { maxAgeMs: 2000, claims: { acr: "2" } }, () => new Response("in")),
  };
  await run(async (path, headers) => {
    const route = routes[path];
    assert.ok(route !== undefined);
    return route(new Request(`https://api.example${path}`, { headers: { ...headers } }), undefined);
  });
}

for (const [name, within] of [
  ["Hono", withHono],
  ["Express", withExpress],
  ["Fastify", withFastify],
  ["Next", withNext],
] as const) {
  test(`${name}: lets in what is accepted and answers the rest as RFC 6750 says`, async () => {
    const issuer = await createTestIssuer(options);
    const token = await issuer.token();
    await within(issuer.verifier, async (ask) => {
      const bearer = { authorization: `Bearer ${token}` };
      const open = await ask("/open", bearer);
      assert.deepEqual([open.status, await open.json()], [200, { subject: "u-81" }]);

      const rows: [string, Record<string, string>, number, string | null, object][] = [
        ["/open", {}, 401, 'Bearer realm="protected"', {}],
        ["/open", { authorization: "Bearer" }, 400, 'Bearer error="invalid_request"', { error: "invalid_request" }],
        ["/open", { authorization: "Bearer x" }, 401, 'Bearer error="invalid_token"', { error: "invalid_token" }],
        ["/admin", bearer, 403, 'Bearer error="insufficient_scope", scope="admin"', { error: "insufficient_scope" }],
        ["/payment", bearer, 403, 'Bearer error="insufficient_scope"', { error: "insufficient_scope" }],
      ];
      for (const [path, headers, status, challenge, body] of rows) {
        const response = await ask(path, headers);
        assert.deepEqual([response.status, response.headers.get("www-authenticate")], [status, challenge]);
        assert.equal(response.headers.get("cache-control"), "no-store");
        assert.deepEqual(await response.json(), body);
      }

      await issuer.goStale();
      const unknown = await ask("/open", bearer);
      assert.equal(unknown.status, 503);
      assert.equal(unknown.headers.get("retry-after"), "1");
      assert.equal(unknown.headers.get("www-authenticate"), null, "nobody is told to sign in again");
      assert.deepEqual(await unknown.json(), { error: "temporarily_unavailable" });
    });
    issuer.close();
  });
}

for (const [name, within] of [
  ["Express", withExpress],
  ["Fastify", withFastify],
] as const) {
  test(`${name}: two Authorization headers are refused, although Node would show only the first`, async () => {
    const issuer = await createTestIssuer(options);
    const token = await issuer.token();
    await within(issuer.verifier, async (_ask, port) => {
      const socket = connect(port, "127.0.0.1");
      const line = `Authorization: Bearer ${token}\r\n`;
      socket.end(`GET /open HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${line}${line}\r\n`);
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 400 /);
    });
    issuer.close();
  });
}

test("Fastify: the plugin asks every route of its scope, and none outside it", async () => {
  const issuer = await createTestIssuer(options);
  const app = fastify();
  app.get("/open", async () => "anyone");
  await app.register(async (inner) => {
    inner.get("/before", async ({ hallpass }) => hallpass?.subject);
    await inner.register(hallpassPlugin, { verifier: issuer.verifier, scope: ["read"] });
    inner.get("/after", async ({ hallpass }) => hallpass?.subject);
  });
  const statusOf = async (url: string, headers = {}): Promise<number> =>
    (await app.inject({ url, headers })).statusCode;
  const bearer = { authorization: `Bearer ${await issuer.token()}` };
  const writer = { authorization: `Bearer ${await issuer.token({ scope: "write" })}` };
  assert.equal(await statusOf("/open"), 200);
  for (const url of ["/before", "/after"]) {
    assert.deepEqual(
      [await statusOf(url), await statusOf(url, writer), await statusOf(url, bearer)],
      [401, 403, 200],
      url,
    );
  }
  await app.close();
  issuer.close();
});

test("Fastify and Next: an unsafe method with a cookie needs a page of ours [C-02]", async () => {
  const cookie = { name: "__Host-session", origins: ["https://app.example"] };
  const issuer = await createTestIssuer({ ...options, cookie });
  const app = fastify();
  app.post("/", { onRequest: forFastify(issuer.verifier) }, async () => "in");
  const route = forNext(issuer.verifier, {}, () => new Response("in"));
  const proxy = hallpassProxy(issuer.verifier);
  const line = `__Host-session=${await issuer.token()}`;
  const rows: readonly [headers: Record<string, string>, status: number][] = [
    [{ cookie: line, origin: "https://app.example" }, 200],
    [{ cookie: line, "sec-fetch-site": "same-origin" }, 200],
    [{ cookie: line }, 403],
    [{ cookie: line, origin: "https://evil.example" }, 403],
    [{ cookie: line, origin: "null" }, 403],
    [{ cookie: `${line}; ${line}`, origin: "https://app.example" }, 400],
  ];
  for (const [headers, status] of rows) {
    const request = new Request("https://app.example/", { method: "POST", headers });
    const why = JSON.stringify(headers).slice(-60);
    assert.equal((await app.inject({ method: "POST", url: "/", headers })).statusCode, status, why);
    assert.equal((await route(request, undefined)).status, status, why);
    assert.equal((await proxy(request))?.status ?? 200, status, why);
  }
  await app.close();
  issuer.close();
});

test("Next: a route gets what Next hands over, and the proxy lets go on who is accepted", async () => {
  const issuer = await createTestIssuer(options);
  const request = new Request("https://api.example/notes/7", {
    headers: { authorization: `Bearer ${await issuer.token()}` },
  });
  const route = forNext(issuer.verifier, {}, (same, { kind }, context: { readonly id: string }) =>
    Response.json({ same: same === request, kind, id: context.id }),
  );
  assert.deepEqual(await (await route(request, { id: "7" })).json(), { same: true, kind: "accepted", id: "7" });
  assert.equal(await hallpassProxy(issuer.verifier)(request), undefined);
  assert.equal((await hallpassProxy(issuer.verifier, { scope: ["admin"] })(request))?.status, 403);
  issuer.close();
});

test("a cookie is asked the same: the challenge for another sign-in comes before the page does [STEP-8]", async () => {
  const cookie = { name: "__Host-session", origins: ["https://app.example"] };
  const issuer = await createTestIssuer({ ...options, cookie });
  const app = new Hono().get("/pay", forHono(issuer.verifier, { acr: ["phr"], maxAuthAge: 60 }), (context) =>
    context.text("in"),
  );
  const ask = async (claims: object): Promise<Response> =>
    app.request("/pay", { headers: { cookie: `__Host-session=${await issuer.token({ ...claims })}` } });
  const now = Math.floor(issuer.clock.now() / 1000);
  const weak = await ask({ acr: "pwd", auth_time: now });
  assert.equal(weak.status, 401);
  assert.match(
    weak.headers.get("www-authenticate") ?? "",
    /insufficient_user_authentication.*acr_values="phr", max_age="60"/,
  );
  assert.deepEqual(await weak.json(), { error: "insufficient_user_authentication" });
  assert.equal((await ask({ acr: "phr", auth_time: now - 66 })).status, 401);
  assert.equal((await ask({ acr: "phr", auth_time: now })).status, 200);
});
