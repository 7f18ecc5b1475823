// The verifier in the place of a gateway: a session's cookie over a real feed, from the sign-in to the server's end.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createVerifier, type Verifier } from "@hallpass/verifier";
import { API, APP, type GatewayStage, gatewayStage } from "./stage.ts";

describe("a verifier with a cookie, beside a running server", () => {
  let stage: GatewayStage;
  let verifier: Verifier;
  before(async () => {
    stage = await gatewayStage();
    const { client_secret: secret } = await stage.operate("/v1/clients", {
      client_id: "api",
      token_endpoint_auth_method: "client_secret_basic",
      grant_types: ["client_credentials"],
      scope: "feed",
      audiences: [stage.issuer, API],
    });
    verifier = createVerifier({
      issuer: stage.issuer,
      audience: API,
      credentials: { clientId: "api", clientSecret: String(secret) },
      cookie: { name: "__Host-session", origins: [APP] },
    });
    await verifier.ready();
  });
  after(async () => {
    verifier.close();
    await stage.end();
  });

  async function codeOf(token: string): Promise<string> {
    const headers = { cookie: `__Host-session=${token}` };
    const verdict = await verifier.verify(new Request("https://api.example/orders", { headers }));
    return verdict.kind === "accepted" ? "accepted" : verdict.code;
  }

  /** What is to be known everywhere is waited for as long as a connected verifier takes. */
  const everywhere = { wait_ms: 10_000 };

  test("asks once, and refuses a saved cookie as soon as the sign-out is enforced [C-15] [ST-V1] [ST-V4]", async () => {
    const { sid, token } = await stage.signIn();
    const asked = verifier.metrics().introspections;
    assert.deepEqual([await codeOf(token), await codeOf(token), await codeOf(token)], Array(3).fill("accepted"));
    assert.equal(verifier.metrics().introspections, asked + 1);
    await stage.operate(`/v1/sessions/${sid}/end`, everywhere);
    assert.equal(await codeOf(token), "revoked");
    assert.equal(verifier.metrics().introspections, asked + 1);
  });

  test("refuses the token before a rotation, and accepts the one after it [C-01] [ST-9]", async () => {
    const { sid, token } = await stage.signIn();
    assert.equal(await codeOf(token), "accepted");
    const { session_token: next } = await stage.operate(`/v1/sessions/${sid}/session-token`, everywhere);
    assert.deepEqual([await codeOf(token), await codeOf(String(next))], ["revoked", "accepted"]);
  });

  test("goes on with what it remembers when the server is down, and can't know about the rest [ST-V6] [F-08]", async () => {
    const [known, other] = [await stage.signIn(), await stage.signIn()];
    assert.equal(await codeOf(known.token), "accepted");
    await stage.server.close();
    assert.equal(await codeOf(known.token), "accepted");
    assert.equal(await codeOf(other.token), "introspection_failed");
  });
});
