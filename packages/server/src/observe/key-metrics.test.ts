import assert from "node:assert/strict";
import { test } from "node:test";
import { listKeys } from "@hallpass/core";
import { Registry } from "prom-client";
import { listenersOf } from "../endpoints/keys/listeners.ts";
import { type Scene, scene } from "../testing/scene.ts";
import { addKeyMetrics } from "./key-metrics.ts";

async function pageOf(stage: Scene): Promise<string> {
  const { services, clock } = stage;
  const registry = new Registry();
  addKeyMetrics(registry, {
    list: async () => listKeys(services, { tenant: services.tenant, listeners: await listenersOf(services) }),
    signatures: () => services.keys.signatures(),
    now: () => clock.now(),
  });
  return registry.metrics();
}

test("the page shows how old the keys are, who is waited for, and what each has signed, without a kid [KEY-3] [L-10]", async () => {
  const stage = await scene();
  stage.clock.advance(90_000);
  const before = await pageOf(stage);
  const signed = (page: string, key: string): number =>
    Number(new RegExp(`hallpass_signatures_total\\{alg="ES256",key="${key}"\\} (\\d+)`).exec(page)?.[1]);
  assert.match(before, /hallpass_key_age_seconds\{alg="ES256",state="active"\} 90\n/);
  assert.match(before, /hallpass_key_age_seconds\{alg="ES256",state="next"\} 90\n/);
  assert.match(before, /hallpass_key_laggards\{alg="ES256"\} 0\n/);
  const authorization = `Bearer ${await stage.bearer()}`;
  const trial = { trial: { client_id: "service" }, force: true };
  const tried = await stage.send({ path: "/v1/keys/try", headers: { authorization }, json: trial });
  assert.equal(tried.status, 200, tried.text);
  const headers = { authorization: `Basic ${Buffer.from(stage.basic.service).toString("base64")}` };
  await stage.send({ path: "/oauth2/token", headers, form: { grant_type: "client_credentials" } });
  const page = await pageOf(stage);
  assert.equal(signed(page, "active") - signed(before, "active"), 1);
  assert.equal(signed(page, "next"), 1);
  assert.ok(!/[A-Za-z0-9_-]{43}/.test(page), "no kid");
});
