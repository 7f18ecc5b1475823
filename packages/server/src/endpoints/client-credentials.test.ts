// One way of authenticating in a request, and the one that is registered.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { asserted, assertRefused, played, present, register, TYPE } from "../testing/assertions.ts";
import { basicHeader, type Received, scene } from "../testing/scene.ts";

describe("one way of authenticating, and the registered one", () => {
  test("two at once are refused, whichever they are [GEN-8] [O-18]", async () => {
    const stage = await played();
    const assertion = await asserted(stage);
    const secret = stage.basic.service.slice("service:".length);
    const header = basicHeader(stage.basic.service);
    const both = [
      await present(stage, assertion, { client_secret: secret }),
      await present(stage, assertion, {}, header),
      await stage.send({
        path: "/oauth2/token",
        headers: header,
        form: { grant_type: "client_credentials", client_secret: secret },
      }),
      await stage.send({
        path: "/oauth2/token",
        headers: header,
        form: { grant_type: "client_credentials", client_assertion_type: TYPE },
      }),
    ];
    for (const answer of both) assert.deepEqual([answer.status, answer.json["error"]], [400, "invalid_request"]);
    const twice = `grant_type=client_credentials&client_assertion_type=${TYPE}&client_assertion=${assertion}&client_assertion=${assertion}`;
    assert.equal((await stage.send({ path: "/oauth2/token", form: twice })).status, 400);
    assert.equal((await present(stage, assertion)).status, 200);
  });

  test("a client with keys has no other way in [CAUTH-2] [O-19]", async () => {
    const stage = await played();
    const secret = stage.basic.service.slice("service:".length);
    const form = { grant_type: "client_credentials" };
    assertRefused(await stage.send({ path: "/oauth2/token", form: { ...form, client_id: "signer" } }));
    assertRefused(
      await stage.send({ path: "/oauth2/token", form: { ...form, client_id: "signer", client_secret: secret } }),
    );
    assertRefused(await stage.send({ path: "/oauth2/token", headers: basicHeader(`signer:${secret}`), form }));
  });

  test("a secret in the form is for clients that are registered so, and for no others [CAUTH-11] [O-19]", async () => {
    const stage = await scene();
    const { json } = await register(stage, "poster", { token_endpoint_auth_method: "client_secret_post" });
    const secret = String(json["client_secret"]);
    const form = { grant_type: "client_credentials" };
    const send = (more: Readonly<Record<string, string>>, headers = {}): Promise<Received> =>
      stage.send({ path: "/oauth2/token", headers, form: { ...form, ...more } });
    assert.equal((await send({ client_id: "poster", client_secret: secret })).status, 200);
    assertRefused(await send({ client_id: "poster", client_secret: `${secret}x` }));
    assertRefused(await send({ client_id: "poster" }));
    assertRefused(await send({ client_secret: secret }));
    assertRefused(await send({}, basicHeader(`poster:${secret}`)));
    const basic = stage.basic.service.slice("service:".length);
    assertRefused(await send({ client_id: "service", client_secret: basic }));
    assertRefused(await send({ client_id: "web", client_secret: basic }));
  });

  test("a header that was shown before is judged by the client as it is now, and by the rest of the request [CAUTH-2] [GEN-8]", async () => {
    const stage = await scene();
    const form = { grant_type: "client_credentials" };
    const { json } = await register(stage, "caller", { token_endpoint_auth_method: "client_secret_basic" });
    const headers = basicHeader(`caller:${String(json["client_secret"])}`);
    const ask = (more = {}): Promise<Received> =>
      stage.send({ path: "/oauth2/token", headers, form: { ...form, ...more } });
    for (let times = 0; times < 3; times += 1) assert.equal((await ask()).status, 200);
    assert.equal((await ask({ client_id: "caller" })).status, 200);
    const named = await ask({ client_id: "service" });
    assert.deepEqual([named.status, named.json["error"]], [400, "invalid_request"]);
    const bearer = { authorization: `Bearer ${await stage.bearer()}` };
    const disabled = await stage.send({ path: "/v1/clients/caller/disable", headers: bearer, json: {} });
    assert.equal(disabled.status, 200, disabled.text);
    assertRefused(await ask());
  });
});
