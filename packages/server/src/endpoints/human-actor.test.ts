// The person behind a call: where it stands, and what it can't do.

import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { boundedClient, operate } from "../testing/bounded-client.ts";
import { journey } from "../testing/journey.ts";
import { API, ISSUER, type Received, type Scene, scene } from "../testing/scene.ts";
import { bodyMembers } from "./body-members.ts";
import { ENDPOINTS } from "./index.ts";

async function timeline(
  stage: Scene,
  sid: string,
): Promise<readonly { readonly body: Readonly<Record<string, unknown>> }[]> {
  const { json } = await operate(stage, { path: `/v1/sessions/${sid}/timeline` });
  return json["facts"] as readonly { readonly body: Readonly<Record<string, unknown>> }[];
}

const end = (stage: Scene, sid: string, headers: Readonly<Record<string, string>>, json?: object): Promise<Received> =>
  operate(stage, { method: "POST", path: `/v1/sessions/${sid}/end`, headers, ...(json === undefined ? {} : { json }) });

test("a declared actor stands in the facts of the call and in its receipt [ACT-1] [ACT-2]", async () => {
  const stage = await scene();
  const { sid } = await stage.open();
  const receipt = await end(stage, sid, { "hallpass-actor": "ada@example.com" });
  assert.equal(receipt.json["actor"], "ada@example.com");
  const facts = await timeline(stage, sid);
  assert.deepEqual(facts.at(-1)?.body["by"], { client: "operator", actor: "ada@example.com", proof: "declared" });
  assert.equal(facts[0]?.body["by"], undefined, "the opening was nobody's");
});

test("a proven actor is the subject of a live session for this issuer, and the session is named [ACT-1]", async () => {
  const stage = await scene();
  const admin = await stage.open({ subject: "ada", client_id: "operator", issue: ["access"], audience: ISSUER });
  const { sid } = await stage.open();
  assert.equal((await end(stage, sid, { "hallpass-actor-token": admin.access })).json["actor"], "ada");
  const by = (await timeline(stage, sid)).at(-1)?.body["by"];
  assert.deepEqual(by, { client: "operator", actor: "ada", proof: "proven", session: admin.sid });
});

test("without an actor the client stands there, as before [ACT-2]", async () => {
  const stage = await scene();
  const { sid } = await stage.open();
  assert.equal((await end(stage, sid, {})).json["actor"], "operator");
});

test("a token proves nobody when it is over, a client's own, or for another audience [ACT-3]", async () => {
  const stage = await scene();
  const { sid, access: forTheApi } = await stage.open();
  const ended = await stage.open({ subject: "ada", client_id: "operator", issue: ["access"], audience: ISSUER });
  await end(stage, ended.sid, {});
  for (const token of [forTheApi, ended.access, await stage.bearer(), "x", ""]) {
    const answer = await end(stage, sid, { "hallpass-actor-token": token });
    assert.deepEqual([answer.status, answer.json["code"]], [403, "actor_refused"]);
  }
  assert.equal((await operate(stage, { path: `/v1/sessions/${sid}` })).json["state"], "active");
});

test("a name that no log could hold in one reading, and two actors at once, are refused [ACT-3]", async () => {
  const stage = await scene();
  const { sid, access } = await stage.open();
  const names = ["", "a b", "a,b c", "ü", "x".repeat(256)];
  for (const name of names)
    assert.equal((await end(stage, sid, { "hallpass-actor": name })).json["code"], "actor_malformed", name);
  const both = { "hallpass-actor": "ada", "hallpass-actor-token": access };
  assert.equal((await end(stage, sid, both)).json["code"], "actor_malformed");
});

test("a body can't name another actor than the header, and may name the same [ACT-4]", async () => {
  const stage = await scene();
  const { sid } = await stage.open();
  const headers = { "hallpass-actor": "ada" };
  assert.equal((await end(stage, sid, headers, { actor: "bob" })).json["code"], "actor_differs");
  assert.equal((await operate(stage, { path: `/v1/sessions/${sid}` })).json["state"], "active");
  assert.equal((await end(stage, sid, headers, { actor: "ada" })).json["actor"], "ada");
});

test("whom a body names is declared by the client that sent it: nobody ends a session in another's name and leaves no trace of itself [ACT-1] [ACT-6] [NB-58]", async () => {
  const stage = await scene();
  const mandate = { clients: ["web"], audiences: [API], subjects: ["*"], policies: ["consumer"] };
  const app = await boundedClient(stage, "app", { scope: "sessions:write", mandate });
  const { sid } = await stage.open();
  const json = { actor: "operator", reason: "asked" };
  const receipt = await app.call({ path: `/v1/sessions/${sid}/end`, json });
  assert.deepEqual([receipt.status, receipt.json["actor"]], [200, "operator"]);
  const by = { client: "app", actor: "operator", proof: "declared" };
  assert.deepEqual((await timeline(stage, sid)).at(-1)?.body["by"], by);
  const blocking = { path: `/v1/subjects/${await refOf(stage, "u-2")}/block`, json: { actor: "Ada L." } };
  assert.equal((await operate(stage, blocking)).status, 200);
  const log = await operate(stage, { path: "/v1/log?kind=subject_blocked" });
  const [blocked] = log.json["facts"] as readonly { readonly body: Readonly<Record<string, unknown>> }[];
  assert.deepEqual(blocked?.body["by"], { client: "operator", actor: "Ada L.", proof: "declared" });
});

test("every body that may name an actor is one whose actor is found [ACT-6]", () => {
  const rows = ENDPOINTS.flatMap((row) => (row.from.kind === "scope" && row.body instanceof z.ZodType ? [row] : []));
  const naming = rows.filter(
    ({ body }) => body instanceof z.ZodType && bodyMembers(body).some(({ name }) => name === "actor"),
  );
  assert.ok(naming.length >= 10);
  for (const { body, path } of naming) assert.ok(body instanceof z.ZodObject && "actor" in body.shape, path);
});

async function refOf(stage: Scene, subject: string): Promise<string> {
  return String((await operate(stage, { path: "/v1/subjects/search", json: { subject } })).json["ref"]);
}

test("an actor gives a call no scope that the client lacks [ACT-5]", async () => {
  const stage = await scene();
  const admin = await stage.open({ subject: "ada", client_id: "operator", issue: ["access"], audience: ISSUER });
  const headers = {
    authorization: `Bearer ${await stage.bearer("sessions:read")}`,
    "hallpass-actor-token": admin.access,
  };
  assert.equal((await stage.send({ path: "/v1/keys", headers })).json["code"], "scope_missing");
});

test("the request's log line names the actor and whether it was proven [ACT-2]", async (t) => {
  const travelling = await journey();
  t.after(() => travelling.end());
  await travelling.operate({ path: "/v1/keys", headers: { "hallpass-actor": "ada@example.com" } });
  const line = travelling.lines.find((one) => one.includes("ada@example.com")) ?? "{}";
  const { event, actor, actor_proof: proof } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  assert.deepEqual([event, actor, proof], ["request", "ada@example.com", "declared"]);
});
