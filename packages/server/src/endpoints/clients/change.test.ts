// A client's life after its registration: changed, given another secret, disabled, enabled, deleted.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { EVERYTHING } from "@hallpass/core";
import { formatClientSecret } from "@hallpass/protocol";
import { type BoundedClient, boundedClient, operate } from "../../testing/bounded-client.ts";
import { basicHeader, type Received, type Scene, type Sent, scene } from "../../testing/scene.ts";

async function aMachine(): Promise<{ readonly stage: Scene; readonly machine: BoundedClient }> {
  const stage = await scene();
  const machine = await boundedClient(stage, "machine", { scope: "sessions:read", mandate: EVERYTHING });
  stage.facts();
  return { stage, machine };
}

async function granted(stage: Scene, credentials: string): Promise<number> {
  const form = { grant_type: "client_credentials" };
  return (await stage.send({ path: "/oauth2/token", headers: basicHeader(credentials), form })).status;
}

const patch = (stage: Scene, json: unknown, id = "machine"): Promise<Received> =>
  operate(stage, { method: "PATCH", path: `/v1/clients/${id}`, json });
const secret = (stage: Scene, json: object = {}): Promise<Received> =>
  operate(stage, { path: "/v1/clients/machine/secrets", json });

test("a change touches the members that it names, says which differ, and the same again changes nothing", async () => {
  const { stage } = await aMachine();
  const before = (await operate(stage, { path: "/v1/clients/machine" })).json;
  const wanted = { name: "Machine", scope: "sessions:read orders:read" };
  const changed = await patch(stage, wanted);
  assert.deepEqual(changed.json, { ...before, ...wanted, changed: ["name", "scope"] });
  assert.deepEqual(stage.facts(), ["client_changed"]);
  assert.deepEqual((await patch(stage, wanted)).json["changed"], []);
  assert.deepEqual((await patch(stage, {})).json["changed"], []);
  assert.deepEqual(stage.facts(), []);
});

const wrong: readonly [title: string, json: unknown, code: string][] = [
  ["its id", { client_id: "other" }, "request_invalid"],
  ["how it authenticates", { token_endpoint_auth_method: "none" }, "request_invalid"],
  ["its secrets", { secrets: [] }, "request_invalid"],
  ["its policy to none that is there", { policy: "mine" }, "policy_unknown"],
  ["its mandate to a part that is none", { mandate: { clients: ["*"], scopes: ["*"] } }, "request_invalid"],
  ["its mandate to a pattern that is none", { mandate: { clients: ["a*b"] } }, "request_invalid"],
  ["its roles to one that is not there", { roles: ["king"] }, "role_unknown"],
  ["its keys where it has a secret", { jwks_uri: "https://app.example/jwks" }, "client_keys_misplaced"],
  ["it to no audience", { audiences: [] }, "request_invalid"],
];
for (const [title, json, code] of wrong) {
  test(`nothing changes ${title}`, async () => {
    const { stage } = await aMachine();
    assert.equal((await patch(stage, json)).json["code"], code);
    assert.deepEqual(stage.facts(), []);
  });
}

test("a public client gets no grant that needs a secret, and no secret", async () => {
  const stage = await scene();
  assert.equal((await patch(stage, { grant_types: ["client_credentials"] }, "web")).json["code"], "grant_not_allowed");
  const given = await operate(stage, { method: "POST", path: "/v1/clients/web/secrets" });
  assert.deepEqual([given.status, given.json["code"]], [409, "client_has_no_secret"]);
});

test("two secrets work until the overlap has passed, and one from that instant on [SEC-1]", async () => {
  const { stage, machine } = await aMachine();
  const next = await secret(stage, { overlap_s: 60 });
  assert.equal(next.status, 201, next.text);
  const added = `machine:${String(next.json["client_secret"])}`;
  const works = async (): Promise<readonly number[]> => [
    await granted(stage, machine.credentials),
    await granted(stage, added),
  ];
  assert.deepEqual(await works(), [200, 200]);
  stage.clock.advance(59_999);
  assert.deepEqual(await works(), [200, 200]);
  stage.clock.advance(1);
  assert.deepEqual(await works(), [401, 200]);
  assert.deepEqual(stage.facts(), ["client_secret_added"]);
});

test("a third secret ends the first at once, and an overlap is never made longer [SEC-1]", async () => {
  const { stage, machine } = await aMachine();
  const second = `machine:${String((await secret(stage, { overlap_s: 60 })).json["client_secret"])}`;
  const third = `machine:${String((await secret(stage, { overlap_s: 60 })).json["client_secret"])}`;
  const all = [machine.credentials, second, third];
  assert.deepEqual(await Promise.all(all.map((one) => granted(stage, one))), [401, 200, 200]);
  const shown = (await operate(stage, { path: "/v1/clients/machine" })).json["secrets"] as readonly object[];
  assert.equal(shown.length, 2);
});

test("without an overlap the old secret ends with the call, and a preset one is shown nowhere [SEC-1] [L-01]", async () => {
  const { stage, machine } = await aMachine();
  const own = formatClientSecret(new Uint8Array(32).fill(9));
  const hash = createHash("sha256").update(own).digest("hex");
  const given = await secret(stage, { overlap_s: 0, secret_sha256: hash });
  assert.equal(given.json["client_secret"], undefined);
  assert.deepEqual([await granted(stage, machine.credentials), await granted(stage, `machine:${own}`)], [401, 200]);
});

for (const json of [{ overlap_s: -1 }, { overlap_s: 2_592_001 }, { secret_sha256: "x" }, { secret: "hpc_x" }]) {
  test(`a secret is not rotated with ${JSON.stringify(json)}`, async () => {
    const { stage, machine } = await aMachine();
    assert.equal((await secret(stage, json)).json["code"], "request_invalid");
    assert.equal(await granted(stage, machine.credentials), 200);
  });
}

test("an enabled client gets new tokens, and those of before it was disabled stay revoked [SEC-3]", async () => {
  const { stage, machine } = await aMachine();
  const headers = { authorization: `Bearer ${await machine.bearer()}` };
  const search: Sent = { path: "/v1/sessions/search", headers, json: { subject: "u-1" } };
  assert.equal((await stage.send(search)).status, 200);
  await operate(stage, { method: "POST", path: "/v1/clients/machine/disable" });
  assert.equal(await granted(stage, machine.credentials), 401);
  const enable: Sent = { method: "POST", path: "/v1/clients/machine/enable" };
  assert.equal((await operate(stage, enable)).json["status"], "active");
  assert.equal((await operate(stage, enable)).status, 200, "twice is once");
  const told = stage.facts().filter((kind) => kind.startsWith("client_"));
  assert.deepEqual(told, ["client_disabled", "client_enabled"]);
  assert.equal((await stage.send(search)).status, 401);
  assert.equal((await machine.call({ path: "/v1/sessions/search", json: { subject: "u-1" } })).status, 200);
});

test("a deleted client is over with a receipt, is shown no more, and its id is nobody's [SEC-2] [A-07]", async () => {
  const { stage, machine } = await aMachine();
  const headers = { authorization: `Bearer ${await machine.bearer()}` };
  const receipt = await operate(stage, { method: "DELETE", path: "/v1/clients/machine" });
  assert.equal(receipt.json["reason"], "client_deleted");
  assert.ok(typeof receipt.json["jws"] === "string");
  // Its sessions are counted in their own time.
  await stage.services.runs.settled(String(receipt.json["id"]), 30_000);
  assert.deepEqual(stage.facts(), ["client_deleted", "revocation_completed"]);
  assert.equal((await stage.send({ path: "/v1/sessions/search", headers, json: { subject: "u-1" } })).status, 401);
  assert.equal(await granted(stage, machine.credentials), 401);
  assert.ok(!(await operate(stage, { path: "/v1/clients" })).text.includes("machine"));
  const gone: readonly Sent[] = [
    { path: "/v1/clients/machine" },
    { method: "PATCH", path: "/v1/clients/machine", json: { name: "x" } },
    { method: "POST", path: "/v1/clients/machine/enable" },
    { method: "POST", path: "/v1/clients/machine/disable" },
    { method: "POST", path: "/v1/clients/machine/secrets" },
    { method: "DELETE", path: "/v1/clients/machine" },
  ];
  for (const sent of gone) assert.equal((await operate(stage, sent)).json["code"], "client_not_found", sent.path);
  const again = {
    client_id: "machine",
    token_endpoint_auth_method: "none",
    grant_types: [],
    scope: "",
    audiences: "a:b",
  };
  assert.equal((await operate(stage, { path: "/v1/clients", json: again })).json["code"], "client_exists");
});
