// What every gateway that asks /check has to do, whoever made it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseCompactJws } from "@hallpass/protocol";
import { API, APP, type GatewayStage, gatewayStage } from "./stage.ts";

const FORGED = {
  "hallpass-subject": "root",
  "Hallpass-Session": "root",
  "HALLPASS-SCOPE": "admin",
  "hallpass-client": "root",
  hallpass_subject: "root",
};

/** `start` writes the gateway's files and runs it. */
export function asksBeforeItPasses(name: string, start: (stage: GatewayStage) => Promise<void>): void {
  describe(`${name} in front of an upstream`, () => {
    let stage: GatewayStage;
    before(async () => {
      stage = await gatewayStage();
      await start(stage);
    });
    after(() => stage.end());

    const cookie = (token: string): string => `theme=dark; __Host-session=${token}; lang=en`;

    test("lets in a session token, and tells the upstream who that is [CHK-1] [CHK-3]", async () => {
      const { sid, token } = await stage.signIn();
      const { status, upstream } = await stage.ask("GET", { cookie: cookie(token) });
      assert.equal(status, 200);
      assert.deepEqual(
        ["subject", "session", "client", "scope"].map((part) => upstream?.[`hallpass-${part}`]),
        ["u-1", sid, "shop", "read write"],
      );
      const jws = parseCompactJws((upstream?.authorization ?? "").replace(/^Bearer /, ""));
      assert.ok(jws.ok);
      assert.deepEqual([jws.payload["aud"], jws.payload["sub"]], [API, "u-1"]);
    });

    test("keeps the session's cookie from the upstream, and no other, whatever a neighbour has put beside it [NB-52]", async () => {
      const { token } = await stage.signIn();
      const own = `__Host-session=${token}`;
      const neighbours = [
        `a__Host-session=x; ${own}`,
        `a=__Host-session=x; ${own}; b=2`,
        `a=1; ; b__Host-session=; ${own};`,
        `${"a=1; ".repeat(1200)}${own}`,
      ];
      for (const sent of [cookie(token), own, `a=1; ${own}`, ...neighbours]) {
        const { status, upstream } = await stage.ask("GET", { cookie: sent });
        assert.equal(status, 200, sent);
        assert.equal(JSON.stringify(upstream).includes(token), false, sent);
      }
      const { upstream } = await stage.ask("GET", { cookie: cookie(token) });
      assert.match(upstream?.cookie ?? "", /theme=dark; *lang=en/);
    });

    test("takes away the identity headers that a client sends, also where there is nothing to put in their place [CHK-5]", async () => {
      const { token, sid } = await stage.signIn();
      const { upstream } = await stage.ask("GET", { cookie: cookie(token), ...FORGED });
      assert.equal(JSON.stringify(upstream).includes("root"), false);
      assert.equal(upstream?.["hallpass-session"], sid);
      // A client of its own has no session.
      const own = await stage.ask("GET", { authorization: `Bearer ${await stage.clientToken()}`, ...FORGED });
      assert.equal(own.upstream?.["hallpass-subject"], "job");
      assert.equal(JSON.stringify(own.upstream).includes("root"), false);
    });

    test("has every identity header for the upstream, whatever a client calls its connection's own [CHK-5] [NB-54]", async () => {
      const { token } = await stage.signIn();
      const plain = await stage.ask("GET", { cookie: cookie(token) });
      for (const header of [
        "Hallpass-Subject",
        "hallpass-session",
        "Hallpass-Client",
        "Hallpass-Scope",
        "Authorization",
      ]) {
        const { status, upstream } = await stage.ask("GET", { cookie: cookie(token), connection: `close, ${header}` });
        const key = header.toLowerCase();
        assert.notEqual(plain.upstream?.[key], undefined, header);
        assert.ok(status === 400 ? upstream === undefined : upstream?.[key] === plain.upstream?.[key], header);
      }
    });

    test("answers 401 with a challenge without credentials, with forged and with malformed ones [CHK-1]", async () => {
      const { token } = await stage.signIn();
      const rows: Readonly<Record<string, string | readonly string[]>>[] = [
        {},
        FORGED,
        { cookie: cookie(`${token.slice(0, -1)}x`) },
        { cookie: `${cookie(token)}; __Host-session=${token}` },
        { cookie: ["a=1", cookie(token), `__Host-session=${token}`] },
        { authorization: "Bearer a.b.c" },
        { authorization: `Bearer ${token} ${token}` },
      ];
      for (const headers of rows) {
        const { status, headers: answered } = await stage.ask("GET", headers);
        assert.equal(status, 401, JSON.stringify(headers));
        assert.match(answered["www-authenticate"] ?? "", /^Bearer /);
      }
    });

    test("lets no other page act with the cookie, whatever a client says about its method [CHK-7] [C-07] [C-09]", async () => {
      const { token } = await stage.signIn();
      const evil = { cookie: cookie(token), origin: "https://evil.example" };
      const overrides = { "x-original-method": "GET", "x-forwarded-method": "GET", "x-http-method-override": "GET" };
      assert.equal((await stage.ask("POST", evil)).status, 403);
      assert.equal((await stage.ask("POST", { cookie: cookie(token) })).status, 403);
      assert.equal((await stage.ask("POST", { cookie: cookie(token), ...overrides })).status, 403);
      assert.equal((await stage.ask("GET", evil)).status, 403);
      assert.equal((await stage.ask("POST", { cookie: cookie(token), origin: APP })).status, 200);
      assert.equal((await stage.ask("POST", { authorization: `Bearer ${token}` })).status, 200);
    });

    test("lets in an access token for this API as it is [CHK-4]", async () => {
      const { access } = await stage.signIn();
      const { status, upstream } = await stage.ask("GET", { authorization: `Bearer ${access}` });
      assert.deepEqual([status, upstream?.authorization], [200, `Bearer ${access}`]);
    });

    test("refuses a session from its sign-out on, and the token before a rotation [C-15] [C-01]", async () => {
      const one = await stage.signIn();
      const other = await stage.signIn();
      assert.equal((await stage.ask("GET", { cookie: cookie(one.token) })).status, 200);
      await stage.operate(`/v1/sessions/${one.sid}/end`, {});
      assert.equal((await stage.ask("GET", { cookie: cookie(one.token) })).status, 401);
      await stage.operate(`/v1/sessions/${other.sid}/session-token`, {});
      assert.equal((await stage.ask("GET", { cookie: cookie(other.token) })).status, 401);
    });

    test("lets in with other cookies of 6 KB, and with a subject of any script [CHK-5]", async () => {
      const { token } = await stage.signIn({ subject: "Åda 文字" });
      const { status, upstream } = await stage.ask("GET", { cookie: `${cookie(token)}; big=${"x".repeat(6000)}` });
      assert.equal(status, 200);
      assert.equal(decodeURIComponent(String(upstream?.["hallpass-subject"])), "Åda 文字");
    });

    test("lets nobody in when Hallpass is down, and says that it is not the client's fault [CHK-9]", async () => {
      const { token } = await stage.signIn();
      await stage.server.close();
      const { status } = await stage.ask("GET", { cookie: cookie(token) });
      assert.ok(status >= 500 && status <= 504, `${status}`);
    });
  });
}
