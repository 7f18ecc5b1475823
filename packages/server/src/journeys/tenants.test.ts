// Two tenants side by side in one server: nothing of one opens, shows or ends anything of the other.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FEED_SUBPROTOCOL } from "@hallpass/protocol";
import { WebSocket } from "ws";
import { ENDPOINTS } from "../endpoints/index.ts";
import { startServer } from "../main.ts";
import { basicHeader, configOf, type Received, type Sent } from "../testing/scene.ts";
import {
  FIRST_ISSUER,
  SHOP_ISSUER,
  sendTo,
  type TenantScene,
  type TwoTenants,
  twoTenants,
} from "../testing/two-tenants.ts";
import { CROSSINGS } from "./tenant-crossings.ts";

let both: TwoTenants;
before(async () => {
  both = await twoTenants();
});
after(() => both.end());

const pairs = (): readonly (readonly [here: TenantScene, there: TenantScene])[] => [
  [both.one, both.other],
  [both.other, both.one],
];

/** Everything of a tenant that must not be seen in another. */
function traces({
  sid,
  access,
  refresh,
  revocation,
  kid,
  client,
  policy,
  ref,
  name,
  bearer,
}: TenantScene): readonly string[] {
  return [
    sid,
    access.slice(-40),
    refresh.slice(-20),
    revocation,
    kid,
    client,
    policy,
    ref,
    `u-${name}`,
    bearer.slice(-40),
  ];
}

function showsNothing(answer: Received, of: TenantScene, sent = ""): void {
  const shown = answer.text + JSON.stringify([...answer.headers]);
  for (const trace of traces(of)) {
    // What the caller itself sent may come back to it.
    if (!sent.includes(trace)) assert.ok(!shown.includes(trace), `${trace} of ${of.name} stands in an answer`);
  }
}

test("every endpoint of the table has its case of crossing tenants [A-03] [A-12]", () => {
  const endpoints = ENDPOINTS.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(Object.keys(CROSSINGS).toSorted(), endpoints.toSorted());
});

for (const { method, path, from } of ENDPOINTS) {
  if (from.kind !== "scope") continue;
  test(`${method} ${path} refuses the operator of another tenant, whose key is not its own [A-06] [TEN-3]`, async () => {
    for (const [here, there] of pairs()) {
      const at = path.replace(":id", there.sid).replace(":kid", there.kid);
      const authorization = `Bearer ${here.bearer}`;
      const sent = { method, path: at, headers: { authorization }, ...(method === "GET" ? {} : { json: {} }) };
      const answer = await sendTo(both.server.url, there.host, sent);
      assert.equal(answer.status, 401, answer.text);
      assert.equal(answer.json["code"], "bearer_refused");
    }
  });
}

for (const [place, crossing] of Object.entries(CROSSINGS)) {
  if (crossing.kind !== "ids") continue;
  test(`${place} knows nothing of another tenant's ids [A-03] [TEN-3]`, async () => {
    for (const [here, there] of pairs()) {
      const sent: Sent = crossing.sent(here, there);
      const own = place.includes("/oauth2/introspect") ? basicHeader(there.credentials) : {};
      const anonymous = place === "POST /oauth2/token" || place === "POST /oauth2/revoke";
      const answer: Received = anonymous
        ? await sendTo(both.server.url, there.host, sent)
        : await there.send({ ...sent, headers: { ...own } });
      assert.equal(answer.status, crossing.status, answer.text);
      if (crossing.code !== null) {
        const code = answer.json["code"] ?? String(answer.json["error_uri"]).split("#")[1];
        assert.equal(code, crossing.code);
      }
      showsNothing(answer, here, JSON.stringify(sent));
    }
  });
}

test("a token of one tenant is not active at the other, and its session is not in the other's list [I-05]", async () => {
  for (const [here, there] of pairs()) {
    const headers = basicHeader(there.credentials);
    const asked = await there.send({ path: "/oauth2/introspect", headers, form: { token: here.access } });
    assert.equal(asked.text, '{"active":false}');
    const found = await there.send({ path: "/v1/sessions/search", json: { subject: `u-${here.name}` } });
    assert.deepEqual(found.json["sessions"], []);
  }
});

test("a refresh token of one tenant is refused at the other even where a client has the same name [TEN-4]", async () => {
  const opened = await both.one.send({ path: "/v1/sessions", json: { subject: "u-twin", client_id: "demo" } });
  const token = String(opened.json["refresh_token"]);
  const form = { grant_type: "refresh_token", client_id: "demo", refresh_token: token };
  const crossed = await sendTo(both.server.url, both.other.host, { path: "/oauth2/token", form });
  assert.deepEqual([crossed.status, crossed.json["error"]], [400, "invalid_grant"]);
  const kept = await sendTo(both.server.url, both.one.host, { path: "/oauth2/token", form });
  assert.equal(kept.status, 200, "the attempt took nothing away");
});

test("credentials of one tenant's client authenticate nobody at the other", async () => {
  for (const [here, there] of pairs()) {
    const headers = basicHeader(here.credentials);
    const form = { grant_type: "client_credentials" };
    assert.equal((await there.send({ path: "/oauth2/token", headers, form })).status, 401);
  }
});

test("a page's cursor of one tenant is refused at the other [A-11]", async () => {
  for (const [here, there] of pairs()) {
    const page = await here.send({ path: "/v1/clients?limit=1" });
    const cursor = encodeURIComponent(String(page.json["next_cursor"]));
    assert.equal((await here.send({ path: `/v1/clients?limit=1&cursor=${cursor}` })).status, 200);
    const crossed = await there.send({ path: `/v1/clients?limit=1&cursor=${cursor}` });
    assert.equal(crossed.json["code"], "cursor_malformed");
  }
});

test("an idempotency key of one tenant is another key at the other [A-13]", async () => {
  const json = { subject: "u-idem", client_id: "demo" };
  const headers = { "idempotency-key": "the-same" };
  const first = await both.one.send({ path: "/v1/sessions", json, headers });
  const second = await both.other.send({ path: "/v1/sessions", json, headers });
  assert.deepEqual([first.status, second.status], [201, 201]);
  const id = ({ json: { session } }: Received): string => (session as { readonly id: string }).id;
  assert.notEqual(id(first), id(second));
});

test("a revocation of a subject takes nothing from the subject of the same name in another tenant [TEN-4]", async () => {
  const opened = await both.other.send({ path: "/v1/sessions", json: { subject: "u-same", client_id: "demo" } });
  await both.one.send({ path: "/v1/revocations", json: { targets: [{ type: "subject", subject: "u-same" }] } });
  const { id } = opened.json["session"] as { readonly id: string };
  assert.equal((await both.other.send({ path: `/v1/sessions/${id}` })).json["state"], "active");
});

test("each tenant's documents name its own issuer and publish its own keys [K-17] [TEN-1]", async () => {
  for (const [here, there] of pairs()) {
    const metadata = await here.send({ path: "/.well-known/oauth-authorization-server" });
    assert.equal(metadata.json["issuer"], here.issuer);
    assert.ok(!metadata.text.includes(there.issuer));
    const jwks = await here.send({ path: "/.well-known/jwks.json" });
    assert.ok(jwks.text.includes(here.kid) && !jwks.text.includes(there.kid));
  }
});

test("the feed of one tenant refuses the bearer of another and sends its own notices only [A-06] [TEN-1]", async () => {
  await assert.rejects(upgrade(both.one.host, both.other.bearer), /401/);
  const frames: string[] = [];
  const socket = await upgrade(both.one.host, both.one.bearer);
  socket.on("message", (message: Buffer) => frames.push(message.toString()));
  const closed = new Promise((resolve) => socket.on("close", resolve));
  const hello = { type: "hello", feed: 1, instance: "i-1", service: "api", version: "1", after: null };
  const welcomed = new Promise((resolve) => socket.once("message", resolve));
  socket.send(JSON.stringify({ ...hello, max_staleness_ms: 60_000, on_stale: "unavailable" }));
  await welcomed;
  const json = { targets: [{ type: "session", sid: both.other.sid }], wait_ms: 100 };
  assert.equal((await both.other.send({ path: "/v1/revocations", json })).status, 201);
  const own = { targets: [{ type: "session", sid: both.one.sid }] };
  const pushed = new Promise<void>((resolve) => {
    socket.on("message", (message: Buffer) => {
      if (message.toString().includes(both.one.sid)) resolve();
    });
  });
  await both.one.send({ path: "/v1/revocations", json: own });
  await pushed;
  assert.ok(!frames.join().includes(both.other.sid));
  const fleet = await both.other.send({ path: "/v1/verifiers" });
  assert.ok(!fleet.text.includes("i-1"));
  socket.close();
  await closed;
});

function upgrade(host: string, bearer: string): Promise<WebSocket> {
  const socket = new WebSocket(`${both.server.url.replace("http", "ws")}/v1/feed`, FEED_SUBPROTOCOL, {
    headers: { host, authorization: `Bearer ${bearer}` },
  });
  return new Promise((resolve, reject) => {
    socket.on("open", () => resolve(socket));
    socket.on("error", reject);
  });
}

test("metrics and log lines of a tenant carry its name, and count its own requests only [TEN-6]", async () => {
  const page = await both.other.send({ path: "/metrics" });
  const lines = page.text.split("\n").filter((line) => line.startsWith("hallpass_"));
  assert.ok(lines.length > 0 && lines.every((line) => line.includes('tenant="shop"')), lines.join("\n"));
  const own = await both.one.send({ path: "/metrics" });
  assert.ok(!own.text.includes("tenant="));
  const told = both.lines.filter((line) => line.includes(both.other.sid));
  assert.ok(told.length > 0 && told.every((line) => line.includes('"tenant":"shop"')));
});

test("a host that is no tenant's is the default tenant's, and spelling and port make no other tenant [TEN-2]", async () => {
  const issuerAt = async (host: string): Promise<unknown> =>
    (await sendTo(both.server.url, host, { path: "/.well-known/oauth-authorization-server" })).json["issuer"];
  assert.equal(await issuerAt("elsewhere.example"), FIRST_ISSUER);
  assert.equal(await issuerAt("SHOP.localhost:8026"), SHOP_ISSUER);
  assert.equal(await issuerAt("shop.localhost"), FIRST_ISSUER, "another port is another origin");
});

test("each tenant's data lies in a directory of its own, and nothing of one rests in the other's [TEN-1]", () => {
  const files = (directory: string): string =>
    readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => readFileSync(join(directory, name), "latin1"))
      .join();
  const [first, second] = [files(both.data), files(join(both.data, "tenants", "shop"))];
  assert.ok(first.includes(both.one.client) && second.includes(both.other.client));
  assert.ok(!first.includes(both.other.client) && !second.includes(both.one.client));
});

test("yesterday's data directory goes on as the default tenant when another is added [TEN-7]", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-tenants-"));
  t.after(() => rmSync(data, { recursive: true }));
  const quiet = { logTo: { write: () => {} } };
  const yesterday = await startServer(configOf({ data, issuer: FIRST_ISSUER }), quiet);
  const credentials = yesterday.operatorCredentials ?? "";
  await yesterday.close();
  const tenants = JSON.stringify({ shop: { issuer: SHOP_ISSUER } });
  const now = await startServer(configOf({ data, issuer: FIRST_ISSUER, tenants }), quiet);
  t.after(() => now.close());
  assert.equal(now.operatorCredentials, null);
  assert.deepEqual([...now.tenants.keys()], ["default", "shop"]);
  const sent = { path: "/oauth2/token", headers: basicHeader(credentials), form: { grant_type: "client_credentials" } };
  assert.equal((await sendTo(now.url, new URL(FIRST_ISSUER).host, sent)).status, 200);
});
