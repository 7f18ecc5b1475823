// The example APIs say the same, and their logout is one.

import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createTestIssuer } from "@hallpass/verifier/testing";
import { createApp as expressApp } from "./express-api/app.ts";
import { createApp as fastifyApp } from "./fastify-api/app.ts";
import { createApp as honoApp } from "./hono-api/app.ts";

const options = { issuer: "https://auth.example", audience: "http://localhost:3000" };
const SID = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";

type Ask = (path: string, init?: RequestInit) => Promise<Response>;

async function journey(ask: Ask, token: (claims: object) => Promise<string>): Promise<void> {
  const reader = { headers: { authorization: `Bearer ${await token({ scope: "read" })}` } };
  const writer = {
    headers: { authorization: `Bearer ${await token({ scope: "read write" })}`, "content-type": "text/plain" },
  };
  assert.equal((await ask("/")).status, 200);
  assert.equal((await ask("/notes")).status, 401);
  assert.equal((await ask("/notes", { method: "POST", body: "x", ...reader })).status, 403);
  assert.equal((await ask("/notes", { method: "POST", body: "x", ...writer })).status, 201);
  assert.deepEqual(await (await ask("/notes", reader)).json(), ["x"]);
  assert.equal((await ask("/logout", { method: "POST", ...reader })).status, 204);
  assert.equal((await ask("/notes", reader)).status, 401, "the token that logged out is over");
  assert.equal((await ask("/notes", writer)).status, 401, "and so is the other token of its session");
}

test("the Hono API protects, and logs out everywhere", async () => {
  const issuer = await createTestIssuer(options);
  const app = honoApp(issuer.verifier, (sid) => issuer.revoke({ sid }));
  await journey(
    async (path, init) => app.request(path, init),
    (claims) => issuer.token({ sid: SID, ...claims }),
  );
  issuer.close();
});

test("the Express API protects, and logs out everywhere", async () => {
  const issuer = await createTestIssuer(options);
  const server = expressApp(issuer.verifier, (sid) => issuer.revoke({ sid })).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    await journey(
      (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
      (claims) => issuer.token({ sid: SID, ...claims }),
    );
  } finally {
    server.closeAllConnections();
    server.close();
    issuer.close();
  }
});

test("the Fastify API protects, and logs out everywhere", async () => {
  const issuer = await createTestIssuer(options);
  const app = fastifyApp(issuer.verifier, (sid) => issuer.revoke({ sid }));
  const address = await app.listen({ port: 0, host: "127.0.0.1" });
  try {
    await journey(
      (path, init) => fetch(`${address}${path}`, init),
      (claims) => issuer.token({ sid: SID, ...claims }),
    );
  } finally {
    await app.close();
    issuer.close();
  }
});
