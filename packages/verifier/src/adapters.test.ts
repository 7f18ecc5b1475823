import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import express from "express";
import { Hono } from "hono";
import { hallpass as forExpress } from "./express.ts";
import { hallpass as forHono } from "./hono.ts";
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

for (const [name, within] of [
  ["Hono", withHono],
  ["Express", withExpress],
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

test("Express: two Authorization headers are refused, although Node would show only the first", async () => {
  const issuer = await createTestIssuer(options);
  const token = await issuer.token();
  await withExpress(issuer.verifier, async (_ask, port) => {
    const socket = connect(port, "127.0.0.1");
    const line = `Authorization: Bearer ${token}\r\n`;
    socket.end(`GET /open HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${line}${line}\r\n`);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 400 /);
  });
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
