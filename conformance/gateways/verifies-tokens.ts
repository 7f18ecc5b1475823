// What every server that verifies our tokens by their keys alone has to do, whoever made it. It knows of no revocation.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type GatewayStage, gatewayStage } from "./stage.ts";

/** `start` writes the server's files and runs it. */
export function verifiesTokens(name: string, start: (stage: GatewayStage) => Promise<void>): void {
  describe(`${name} in front of an upstream`, () => {
    let stage: GatewayStage;
    before(async () => {
      stage = await gatewayStage();
      await start(stage);
    });
    after(() => stage.end());

    const bearer = (token: string): { readonly authorization: string } => ({ authorization: `Bearer ${token}` });

    test("lets in an access token of ours, for this API, and says whose it is [JAT-3]", async () => {
      const { access } = await stage.signIn();
      const { status, upstream } = await stage.ask("GET", bearer(access));
      assert.equal(status, 200);
      const said = upstream?.["hallpass-subject"] ?? upstream?.["hallpass-claim-sub"];
      assert.equal(said, "u-1");
      assert.equal((await stage.ask("GET", bearer(await stage.clientToken()))).status, 200);
    });

    test("refuses no token, a changed one, and one for another API [J-05] [J-29]", async () => {
      const { access } = await stage.signIn();
      const [head = "", body = "", signature = ""] = access.split(".");
      const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as object;
      const root = Buffer.from(JSON.stringify({ ...claims, sub: "root" })).toString("base64url");
      const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url");
      const texts = [
        `${head}.${root}.${signature}`,
        `${head}.${body}.${"A".repeat(86)}`,
        `${head}.${body}.`,
        `${none}.${root}.`,
        "x",
      ];
      for (const text of texts) assert.equal((await stage.ask("GET", bearer(text))).status, 401, text);
      assert.equal((await stage.ask("GET")).status, 401);
      const opened = await stage.operate("/v1/sessions", { subject: "u-1", client_id: "demo" });
      assert.equal((await stage.ask("GET", bearer(String(opened["access_token"])))).status, 401);
      const own = await stage.signIn();
      assert.equal((await stage.ask("GET", bearer(own.token))).status, 401, "a session token is no JWT");
    });

    test("takes away the identity headers that a client sends [CHK-5]", async () => {
      const { access } = await stage.signIn();
      const forged = { "hallpass-subject": "root", "hallpass-claim-sub": "root", "Hallpass-Claim-scope": "root" };
      const { status, upstream } = await stage.ask("GET", { ...bearer(access), ...forged });
      assert.deepEqual([status, JSON.stringify(upstream).includes("root")], [200, false]);
    });

    test("has the identity for the upstream, whatever a client calls its connection's own [CHK-5] [NB-54]", async () => {
      const { access } = await stage.signIn();
      for (const header of ["Hallpass-Subject", "hallpass-claim-sub", "Authorization"]) {
        const plain = await stage.ask("GET", bearer(access));
        assert.equal(plain.upstream?.["hallpass-subject"] ?? plain.upstream?.["hallpass-claim-sub"], "u-1");
        const { status, upstream } = await stage.ask("GET", { ...bearer(access), connection: `close, ${header}` });
        const key = header.toLowerCase();
        assert.ok(status === 400 ? upstream === undefined : upstream?.[key] === plain.upstream?.[key], header);
      }
    });

    test("goes on with the server down, because it needs nothing but keys", async () => {
      const { access } = await stage.signIn();
      assert.equal((await stage.ask("GET", bearer(access))).status, 200);
      await stage.server.close();
      assert.equal((await stage.ask("GET", bearer(access))).status, 200);
    });
  });
}
