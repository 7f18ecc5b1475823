// What is genuine at one tenant, shown at another in the places where ids and tokens are named inside of bodies and headers.

import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { basicHeader, type Received } from "../testing/scene.ts";
import { type TwoTenants, twoTenants } from "../testing/two-tenants.ts";

let both: TwoTenants;
before(async () => {
  both = await twoTenants();
});
after(() => both.end());

test("a session of one tenant is no parent at the other, nothing to replace, and keeps what it has [NB-30] [A-03] [TEN-4]", async () => {
  const { one, other } = both;
  for (const more of [{ parent: one.sid }, { replaces: one.sid }, { replaces: one.sid, carry_claims: true }]) {
    const answer = await other.send({
      path: "/v1/sessions",
      json: { subject: `u-${one.name}`, client_id: other.client, ...more },
    });
    assert.match(String(answer.json["code"]), /^(parent|replaced)_not_found$/);
  }
  const kept = await one.send({ path: `/v1/sessions/${one.sid}` });
  assert.equal(kept.json["state"], "active");
});

test("a session token of one tenant is as unknown at the other, for whoever asks [NB-31] [I-05]", async () => {
  const { one, other } = both;
  const opened = await one.send({
    path: "/v1/sessions",
    json: { subject: "u-9", client_id: one.client, issue: ["session_token"] },
  });
  const token = String(opened.json["session_token"]);
  const judge = (tenant: typeof one): Promise<Received> =>
    tenant.send({ path: "/v1/introspections", json: { tokens: [token] } });
  const [[here], [there]] = (await Promise.all([judge(one), judge(other)])).map(
    ({ json }) => json["results"] as readonly { readonly active: boolean }[],
  ) as [readonly { readonly active: boolean }[], readonly { readonly active: boolean }[]];
  assert.deepEqual([here?.active, there], [true, { active: false }]);
  const form = { token };
  const asked = await other.send({ path: "/oauth2/introspect", headers: basicHeader(other.credentials), form });
  assert.deepEqual(asked.json, { active: false });
  const revoked = await other.send({ path: "/oauth2/revoke", headers: basicHeader(other.credentials), form });
  assert.equal(revoked.status, 200);
  const still = (await judge(one)).json["results"] as readonly { readonly active: boolean }[];
  assert.equal(still[0]?.active, true, "it was revoked at the wrong place, and lives");
});

test("a person proven at one tenant stands behind nothing at the other [NB-32] [ACT-3]", async () => {
  const { one, other } = both;
  const opened = await one.send({
    path: "/v1/sessions",
    json: { subject: "ada", client_id: "operator", issue: ["access"], audience: one.issuer },
  });
  const headers = { "hallpass-actor-token": String(opened.json["access_token"]) };
  assert.equal((await one.send({ path: "/v1/keys", headers })).status, 200);
  assert.equal((await other.send({ path: "/v1/keys", headers })).json["code"], "actor_refused");
});

test("the feed is opened by one Authorization header: not by an address, a subprotocol, a cookie or a second header [NB-33] [L-03] [C-07]", async () => {
  const { one } = both;
  const granted = await one.send({
    path: "/oauth2/token",
    headers: basicHeader(one.credentials),
    form: { grant_type: "client_credentials", scope: "feed" },
  });
  const token = String(granted.json["access_token"]);
  const offered = "hallpass.feed.1";
  const bearer = `Bearer ${token}`;
  const statusOf = (path: string, headers: Readonly<Record<string, string | readonly string[]>>): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const asking = request(`${both.server.url}${path}`, {
      headers: {
        host: one.host,
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-protocol": offered,
        ...headers,
      },
    });
    asking.on("upgrade", (_, socket) => {
      socket.destroy();
      resolve(101);
    });
    asking.on("response", (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asking.on("error", reject);
    asking.end();
    return promise;
  };
  assert.equal(await statusOf("/v1/feed", { authorization: bearer }), 101);
  const tries: readonly [path: string, headers: Readonly<Record<string, string | readonly string[]>>][] = [
    [`/v1/feed?access_token=${token}`, {}],
    [`/v1/feed?token=${token}`, {}],
    ["/v1/feed", { "sec-websocket-protocol": `${offered}, ${token}` }],
    ["/v1/feed", { "sec-websocket-protocol": `${offered}, bearer.${token}` }],
    ["/v1/feed", { cookie: `__Host-hallpass=${token}; access_token=${token}` }],
    ["/v1/feed", { authorization: `Basic ${Buffer.from(`x:${token}`).toString("base64")}` }],
    ["/v1/feed", { authorization: token }],
    ["/v1/feed", { authorization: `${bearer}, ${bearer}` }],
    ["/v1/feed", { authorization: bearer, "sec-websocket-protocol": "hallpass.feed.2" }],
    ["/v1/feed", { authorization: bearer, origin: "https://evil.example" }],
    ["/v1/feed", { authorization: bearer, origin: "null" }],
    ["/v1/feed/", { authorization: bearer }],
  ];
  for (const [path, headers] of tries) {
    const status = await statusOf(path, headers);
    assert.ok(status >= 400 && status < 500, `${path.slice(0, 20)} ${Object.keys(headers).join()}: ${status}`);
  }
});
