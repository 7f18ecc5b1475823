// Roles: what they give, to whom, and until when.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EVERYTHING } from "@hallpass/core";
import { boundedClient, continueStart, operate } from "../../testing/bounded-client.ts";
import { API, basicHeader, ISSUER, type Received, type Scene, scene } from "../../testing/scene.ts";
import { FIRST_ROLES } from "../roles-table.ts";
import { SCOPES } from "../scopes.ts";

async function withRoles(): Promise<Scene> {
  const stage = await scene();
  await continueStart(stage);
  stage.facts();
  return stage;
}

const put = (stage: Scene, name: string, scope: string): Promise<Received> =>
  operate(stage, { method: "PUT", path: `/v1/roles/${name}`, json: { scope } });

test("a first start writes down the table of roles, owner among them with everything", async () => {
  const stage = await withRoles();
  const { json } = await operate(stage, { path: "/v1/roles" });
  const roles = json["roles"] as readonly { readonly name: string; readonly scope: string }[];
  assert.deepEqual(roles.map(({ name }) => name).toSorted(), [...FIRST_ROLES.keys()].toSorted());
  assert.deepEqual(
    roles
      .find(({ name }) => name === "owner")
      ?.scope.split(" ")
      .toSorted(),
    [...SCOPES].toSorted(),
  );
});

test("a role gives its scopes, for this issuer's API alone [ROLE-1]", async () => {
  const stage = await withRoles();
  const desk = await boundedClient(stage, "desk", {
    roles: ["support"],
    audiences: [ISSUER, API],
    mandate: EVERYTHING,
  });
  assert.equal((await desk.call({ path: "/v1/sessions/search", json: { subject: "u-1" } })).status, 200);
  assert.equal((await desk.call({ path: "/v1/keys" })).json["code"], "scope_missing");
  const headers = basicHeader(desk.credentials);
  const form = { grant_type: "client_credentials", resource: API };
  const elsewhere = await stage.send({ path: "/oauth2/token", headers, form });
  assert.equal(elsewhere.json["scope"] ?? "", "");
  const asked = { ...form, scope: "sessions:read" };
  assert.equal((await stage.send({ path: "/oauth2/token", headers, form: asked })).json["error"], "invalid_scope");
});

test("a role that shrinks, goes, or is taken away opens nothing for tokens of before [ROLE-2]", async () => {
  const lessenings: readonly ((stage: Scene) => Promise<Received>)[] = [
    (stage) => put(stage, "support", "sessions:write"),
    (stage) => operate(stage, { method: "DELETE", path: "/v1/roles/support" }),
    (stage) => operate(stage, { method: "PATCH", path: "/v1/clients/desk", json: { roles: [] } }),
  ];
  for (const lessen of lessenings) {
    const fresh = await withRoles();
    const desk = await boundedClient(fresh, "desk", { roles: ["support"], mandate: EVERYTHING });
    const headers = { authorization: `Bearer ${await desk.bearer()}` };
    const search = (): Promise<Received> =>
      fresh.send({ path: "/v1/sessions/search", headers, json: { subject: "u-1" } });
    assert.equal((await search()).status, 200);
    const lessened = await lessen(fresh);
    assert.ok(lessened.status < 300, lessened.text);
    assert.equal((await search()).json["code"], "scope_missing");
  }
});

test("a scope that is taken from a client opens nothing for tokens of before [ROLE-2]", async () => {
  const stage = await withRoles();
  const desk = await boundedClient(stage, "desk", { scope: "sessions:read", mandate: EVERYTHING });
  const headers = { authorization: `Bearer ${await desk.bearer()}` };
  await operate(stage, { method: "PATCH", path: "/v1/clients/desk", json: { scope: "" } });
  const search = await stage.send({ path: "/v1/sessions/search", headers, json: { subject: "u-1" } });
  assert.equal(search.json["code"], "scope_missing");
});

test("nobody writes a role beyond its own scope, upwards or downwards [ROLE-3] [A-09]", async () => {
  const stage = await withRoles();
  const deployer = await boundedClient(stage, "ci", { roles: ["deployer"], mandate: EVERYTHING });
  stage.facts();
  const attempts: readonly (readonly [method: string, name: string, scope: string | undefined])[] = [
    ["PUT", "mine", "keys:write"],
    ["PUT", "deployer", "clients:write keys:write"],
    ["PUT", "security", ""],
    ["DELETE", "owner", undefined],
  ];
  for (const [method, name, scope] of attempts) {
    const json = scope === undefined ? {} : { json: { scope } };
    const answer = await deployer.call({ method, path: `/v1/roles/${name}`, ...json });
    assert.deepEqual([answer.status, answer.json["code"]], [403, "role_beyond_caller"], `${method} ${name}`);
  }
  assert.deepEqual(stage.facts(), []);
  assert.equal(
    (await deployer.call({ method: "PUT", path: "/v1/roles/mine", json: { scope: "roles:read" } })).status,
    200,
  );
});

test("writing a role twice is written once, and what is no role or scope is refused", async () => {
  const stage = await withRoles();
  assert.equal((await put(stage, "mine", "keys:read")).status, 200);
  assert.equal((await put(stage, "mine", "keys:read")).status, 200);
  assert.deepEqual(stage.facts(), ["role_changed"]);
  assert.equal((await put(stage, "mine", "kings:read")).json["code"], "request_invalid");
  assert.equal((await put(stage, "Mine", "keys:read")).json["code"], "role_not_found");
  const gone = (): Promise<Received> => operate(stage, { method: "DELETE", path: "/v1/roles/mine" });
  assert.deepEqual([(await gone()).status, (await gone()).json["code"]], [204, "role_not_found"]);
  assert.deepEqual(stage.facts(), ["role_removed"]);
});

test("an operator of a release before roles gets owner at the next start, and only once [ROLE-4]", async () => {
  const stage = await withRoles();
  const read = async (): Promise<unknown> => (await operate(stage, { path: "/v1/clients/operator" })).json["roles"];
  assert.deepEqual(await read(), ["owner"], "the scene's operator was registered without roles");
  await operate(stage, { method: "PATCH", path: "/v1/clients/operator", json: { roles: [] } });
  await continueStart(stage);
  assert.deepEqual(await read(), []);
});
