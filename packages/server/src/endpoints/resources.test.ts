// Resource indicators (RFC 8707): a token is for what was asked for by name, as it is registered, and for nothing else.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { API, basicHeader, type Received, type Scene, scene } from "../testing/scene.ts";

const OTHER = "https://other.example";

function ask(stage: Scene, ...resources: readonly string[]): Promise<Received> {
  const form = new URLSearchParams([
    ["grant_type", "client_credentials"],
    ...resources.map((resource) => ["resource", resource]),
  ]);
  return stage.send({ path: "/oauth2/token", headers: basicHeader(stage.basic.service), form: form.toString() });
}

function audienceOf({ json }: Received): unknown {
  const [, body = ""] = String(json["access_token"]).split(".");
  return (JSON.parse(Buffer.from(body, "base64url").toString()) as Readonly<Record<string, unknown>>)["aud"];
}

for (const [title, resources, audience] of [
  ["none", [], API],
  ["the first", [API], API],
  ["another", [OTHER], OTHER],
  ["two", [OTHER, API], [OTHER, API]],
] as const) {
  test(`a token for which ${title} was named is for exactly that [RES-1] [RES-4] [O-32]`, async () => {
    assert.deepEqual(audienceOf(await ask(await scene(), ...resources)), audience);
  });
}

describe("a resource is no resource", () => {
  const rows = [
    "/a",
    "api.example",
    "https://api.example#",
    "https://api.example/#a",
    "https://",
    "https://a b",
    "urn:",
    `https://${"a".repeat(600)}.example`,
    "https://api.example/\u00e9",
  ];
  for (const resource of rows) {
    test(`"${resource.slice(0, 40)}" [RES-1] [O-31]`, async () => {
      const { status, json } = await ask(await scene(), resource);
      assert.deepEqual([status, json["error"]], [400, "invalid_target"]);
    });
  }

  test("when it is named twice, or among eleven [RES-1] [O-31]", async () => {
    const stage = await scene();
    const many = Array.from({ length: 11 }, (_, index) => `https://${index}.example`);
    for (const resources of [[API, API], many])
      assert.equal((await ask(stage, ...resources)).json["error"], "invalid_target");
  });
});

for (const resource of [
  `${API}/`,
  "https://API.example",
  "HTTPS://api.example",
  `${API}:443`,
  "https://evil.example",
  `${API}/v1`,
  `${API}?a`,
]) {
  test(`a resource is compared as a text: ${resource} is another [RES-4] [O-31]`, async () => {
    const stage = await scene();
    for (const resources of [[resource], [API, resource]])
      assert.equal((await ask(stage, ...resources)).json["error"], "invalid_target");
  });
}

test("a refresh names what its family was granted, and gets a token for that alone [RES-2] [REF-8]", async () => {
  const stage = await scene();
  const { refresh } = await stage.open();
  assert.equal((await stage.refresh(refresh, { resource: OTHER })).json["error"], "invalid_target");
  const granted = await stage.refresh(refresh, { resource: API });
  assert.deepEqual([granted.status, audienceOf(granted)], [200, API]);
});
