// Limits by rate at the endpoints: who gets 429, who does not, and what is told of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type FactDraft, Fault, type Store } from "@hallpass/core";
import { asserted, played, present } from "../testing/assertions.ts";
import { boundedClient, operate } from "../testing/bounded-client.ts";
import { basicHeader, type Received, type Scene, type SceneOptions, scene } from "../testing/scene.ts";

const GRANT = { grant_type: "client_credentials" };

function ask(stage: Scene, credentials: string, more: Readonly<Record<string, string>> = {}): Promise<Received> {
  return stage.send({ path: "/oauth2/token", headers: basicHeader(credentials), form: { ...GRANT, ...more } });
}

async function statuses(stage: Scene, credentials: string, count: number): Promise<readonly number[]> {
  const all: number[] = [];
  for (let one = 0; one < count; one += 1) all.push((await ask(stage, credentials)).status);
  return all;
}

function limited(token: string, more: SceneOptions["config"] = {}): Promise<Scene> {
  return scene({ config: { client_token_limit: token, ...more } });
}

function codeOf({ json }: Received): string | undefined {
  const uri = json["error_uri"];
  return typeof uri === "string" ? uri.split("#")[1] : undefined;
}

describe("a client that asks for more tokens than their lifetime needs", () => {
  test("gets as many as it may, then 429 with a code and when to come again [RATE-1] [RATE-10] [GEN-10]", async () => {
    const stage = await limited("3");
    assert.deepEqual(await statuses(stage, stage.basic.service, 3), [200, 200, 200]);
    const answer = await ask(stage, stage.basic.service);
    assert.deepEqual(
      [answer.status, answer.json["error"], codeOf(answer), answer.headers.get("retry-after")],
      [429, "temporarily_unavailable", "token_rate_exceeded", "200"],
    );
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.equal(answer.headers.get("www-authenticate"), null);
    stage.clock.advance(199_999);
    assert.equal((await ask(stage, stage.basic.service)).headers.get("retry-after"), "1");
    stage.clock.advance(1);
    assert.deepEqual(await statuses(stage, stage.basic.service, 2), [200, 429]);
  });

  test("stops no other client, and none of its own refreshes [RATE-2] [RATE-5]", async () => {
    const stage = await limited("2");
    const app = await boundedClient(stage, "app", {
      grant_types: ["client_credentials", "refresh_token"],
      scope: "read",
      audiences: "https://api.example",
    });
    const { refresh } = await stage.open({ client_id: "app" });
    stage.clock.advance(600_000);
    assert.deepEqual(await statuses(stage, app.credentials, 3), [200, 200, 429]);
    assert.equal((await ask(stage, stage.basic.service)).status, 200);
    let token = refresh;
    for (let time = 0; time < 20; time += 1) {
      const headers = basicHeader(app.credentials);
      const form = { grant_type: "refresh_token", refresh_token: token };
      const answer = await stage.send({ path: "/oauth2/token", headers, form });
      assert.equal(answer.status, 200, answer.text);
      token = String(answer.json["refresh_token"]);
    }
  });

  test("is counted for what it got, not for what was refused, and not for what others try in its name [RATE-1] [RATE-2]", async () => {
    const stage = await limited("1");
    const forged = `service:${stage.basic.operator.slice("operator:".length)}`;
    assert.deepEqual(await statuses(stage, forged, 5), [401, 401, 401, 401, 401]);
    assert.equal((await ask(stage, stage.basic.service, { scope: "more" })).status, 400);
    assert.equal((await ask(stage, stage.basic.service, { resource: "https://x.example" })).status, 400);
    assert.deepEqual(await statuses(stage, stage.basic.service, 3), [200, 429, 429]);
    stage.clock.advance(600_000);
    assert.equal((await ask(stage, stage.basic.service)).status, 200);
  });

  test("has the limit of its registration over the server's, or none [RATE-3]", async () => {
    const stage = await limited("1000");
    const few = await boundedClient(stage, "few", { token_limit: 2 });
    assert.deepEqual(await statuses(stage, few.credentials, 3), [200, 200, 429]);
    const patch = (limit: unknown): Promise<Received> =>
      operate(stage, { method: "PATCH", path: "/v1/clients/few", json: { token_limit: limit } });
    const wider = await patch(4);
    assert.deepEqual([wider.json["token_limit"], wider.json["changed"]], [4, ["tokenLimit"]]);
    assert.deepEqual(await statuses(stage, few.credentials, 5), [200, 200, 200, 200, 429]);
    assert.equal((await patch("off")).json["token_limit"], "off");
    assert.ok((await statuses(stage, few.credentials, 50)).every((status) => status === 200));
    const without = await patch(null);
    assert.deepEqual([without.json["token_limit"], without.json["changed"]], [undefined, ["tokenLimit"]]);
    assert.deepEqual((await patch(null)).json["changed"], []);
  });

  for (const limit of [0, -1, 1.5, 1_000_000, "none", "5", true]) {
    test(`can't be given ${JSON.stringify(limit)} as its limit [RATE-3]`, async () => {
      const stage = await limited("off");
      const json = { token_limit: limit };
      const answer = await operate(stage, { method: "PATCH", path: "/v1/clients/service", json });
      assert.deepEqual([answer.status, answer.json["code"]], [400, "request_invalid"]);
    });
  }

  test("gets everything where the limit is off [RATE-3]", async () => {
    const stage = await limited("off");
    assert.ok((await statuses(stage, stage.basic.service, 1100)).every((status) => status === 200));
  });
});

describe("what is told of a client that churns", () => {
  async function listening(): Promise<{
    readonly stage: Scene;
    readonly facts: () => readonly object[];
    readonly store: { down: boolean };
  }> {
    const drafts: FactDraft[] = [];
    const state = { down: false };
    const wrapStore = (store: Store): Store => ({
      ...store,
      commit: async (changes) => {
        if (state.down) throw new Fault("store_unavailable");
        for (const change of changes) drafts.push(...change.facts);
        return store.commit(changes);
      },
    });
    const stage = await scene({ wrapStore, config: { client_token_limit: "4" } });
    const facts = (): readonly object[] =>
      drafts
        .splice(0)
        .flatMap(({ kind, body }) =>
          kind.startsWith("client_churn") ? [{ kind, ...(JSON.parse(body) as object) }] : [],
        );
    return { stage, facts, store: state };
  }

  test("is one fact when it begins and one when it has come to rest, and how many it is now [RATE-4]", async () => {
    const { stage, facts } = await listening();
    const began = stage.clock.now();
    await statuses(stage, stage.basic.service, 50);
    await stage.services.limits.settle();
    const of = { client: "service", of: "tokens" };
    assert.deepEqual(facts(), [{ kind: "client_churn_started", ...of, limit: 4, per_ms: 600_000 }]);
    assert.equal(stage.services.limits.churning(), 1);
    stage.clock.advance(299_999);
    await stage.services.limits.settle();
    assert.deepEqual(facts(), []);
    stage.clock.advance(1);
    await stage.services.limits.settle();
    assert.deepEqual(facts(), [{ kind: "client_churn_ended", ...of, since_ms: began, refused: 46 }]);
    assert.equal(stage.services.limits.churning(), 0);
  });

  test("is nothing for a client that stays within its limit [RATE-4]", async () => {
    const { stage, facts } = await listening();
    for (let time = 0; time < 40; time += 1) {
      assert.equal((await ask(stage, stage.basic.service)).status, 200);
      stage.clock.advance(150_000);
    }
    await stage.services.limits.settle();
    assert.deepEqual(facts(), []);
  });

  test("is told later when the store could not take it [RATE-4]", async () => {
    const { stage, facts, store } = await listening();
    await statuses(stage, stage.basic.service, 6);
    await stage.services.limits.settle();
    facts();
    stage.clock.advance(600_000);
    store.down = true;
    await assert.rejects(stage.services.limits.settle(), { code: "store_unavailable" });
    store.down = false;
    await stage.services.limits.settle();
    assert.equal(facts().length, 1);
  });
});

test("a client opens as many sessions in a minute as it may, and beyond that none [RATE-6] [RATE-10] [E-09]", async () => {
  const stage = await scene({ config: { session_opening_limit: "2" } });
  const open = (): Promise<Received> =>
    operate(stage, { path: "/v1/sessions", json: { subject: "u-1", client_id: "web" } });
  assert.deepEqual([(await open()).status, (await open()).status], [201, 201]);
  stage.facts();
  const answer = await open();
  assert.deepEqual(
    [answer.status, answer.json["code"], answer.headers.get("retry-after")],
    [429, "session_rate_exceeded", "30"],
  );
  await stage.services.limits.settle();
  assert.deepEqual(stage.facts(), ["client_churn_started"]);
  stage.clock.advance(30_000);
  assert.equal((await open()).status, 201);
});

describe("whoever fails to authenticate", () => {
  const wrong = (stage: Scene, id: string): string => `${id}:${stage.basic.operator.slice("operator:".length)}`;

  for (const [path, form] of [
    ["/oauth2/token", GRANT],
    ["/oauth2/introspect", { token: "x" }],
    ["/oauth2/revoke", { token: "x" }],
  ] as const) {
    test(`too often at ${path} is told to wait, and its secret is not looked at, be it the right one [RATE-7] [CAUTH-9] [E-15]`, async () => {
      const stage = await scene({ config: { failed_authentication_limit: "2" } });
      const send = (credentials: string): Promise<Received> =>
        stage.send({ path, headers: basicHeader(credentials), form });
      assert.equal((await send(wrong(stage, "service"))).status, 401);
      assert.equal((await send(wrong(stage, "service"))).status, 401);
      for (const credentials of [wrong(stage, "service"), stage.basic.service]) {
        const answer = await send(credentials);
        assert.deepEqual(
          [answer.status, codeOf(answer), answer.headers.get("retry-after")],
          [429, "authentication_rate_exceeded", "30"],
        );
      }
      stage.clock.advance(30_000);
      assert.equal((await send(stage.basic.service)).status, 200);
    });
  }

  test("stops nobody who was right there before [RATE-8] [E-15]", async () => {
    const stage = await scene({ config: { failed_authentication_limit: "2" } });
    assert.equal((await ask(stage, stage.basic.service)).status, 200);
    assert.deepEqual(await statuses(stage, wrong(stage, "service"), 4), [401, 401, 429, 429]);
    assert.equal((await ask(stage, stage.basic.service)).status, 200);
  });

  test("in the name of a client that there is not, or under another spelling, is counted alike [RATE-7] [E-15] [O-42]", async () => {
    const stage = await scene({ config: { failed_authentication_limit: "2" } });
    assert.deepEqual(await statuses(stage, wrong(stage, "nobody"), 3), [401, 401, 429]);
    const names = Array.from({ length: 18 }, (_, one) => `Service-${one}`);
    for (const name of names) assert.equal((await ask(stage, wrong(stage, name))).status, 401);
    assert.equal((await ask(stage, wrong(stage, "SERVICE"))).status, 429);
  });

  test("with a form's secret, or an assertion, is counted alike [RATE-7] [CAUTH-9]", async () => {
    const stage = await played({ config: { failed_authentication_limit: "2" } });
    const form = { ...GRANT, client_id: "service", client_secret: "hpc_x" };
    const send = async (): Promise<number> => (await stage.send({ path: "/oauth2/token", form })).status;
    assert.deepEqual([await send(), await send(), await send()], [401, 401, 429]);
    const forged = await asserted(stage, { claims: { aud: "https://evil.example" } });
    const tries = [
      await present(stage, forged),
      await present(stage, forged),
      await present(stage, await asserted(stage)),
    ];
    assert.deepEqual(
      tries.map(({ status }) => status),
      [401, 401, 429],
    );
    stage.clock.advance(30_000);
    assert.equal((await present(stage, await asserted(stage))).status, 200);
  });

  test("in a client's name stops none of its refreshes; a wrong secret there counts [RATE-5]", async () => {
    const stage = await scene({ config: { failed_authentication_limit: "2" } });
    const app = await boundedClient(stage, "app", {
      grant_types: ["refresh_token"],
      scope: "read",
      audiences: "https://api.example",
    });
    const { refresh } = await stage.open({ client_id: "app" });
    const send = (credentials: string): Promise<Received> =>
      stage.send({
        path: "/oauth2/token",
        headers: basicHeader(credentials),
        form: { grant_type: "refresh_token", refresh_token: refresh },
      });
    const tries = [await send(wrong(stage, "app")), await send(wrong(stage, "app")), await send(wrong(stage, "app"))];
    assert.deepEqual(
      tries.map(({ status }) => status),
      [401, 401, 429],
    );
    assert.equal((await send(app.credentials)).status, 200);
  });

  test("without a secret at all has nothing to guess and is not counted [RATE-7]", async () => {
    const stage = await scene({ config: { failed_authentication_limit: "1" } });
    const form = { ...GRANT, client_id: "service" };
    for (let time = 0; time < 10; time += 1)
      assert.equal((await stage.send({ path: "/oauth2/token", form })).status, 401);
  });
});
