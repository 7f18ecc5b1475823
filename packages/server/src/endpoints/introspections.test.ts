// Many tokens at once: in order, on one snapshot, to those who may read sessions.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "@hallpass/core";
import { type Received, type Scene, scene } from "../testing/scene.ts";

async function call(stage: Scene, path: string, json: object, bearer?: string): Promise<Received> {
  return stage.send({ path, headers: { authorization: `Bearer ${bearer ?? (await stage.bearer())}` }, json });
}

async function results(stage: Scene, tokens: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { status, json, text } = await call(stage, "/v1/introspections", { tokens });
  assert.equal(status, 200, text);
  assert.deepEqual(Object.keys(json), ["as_of_ms", "pos", "results"]);
  return json["results"] as readonly Readonly<Record<string, unknown>>[];
}

async function signIn(
  stage: Scene,
): Promise<{ readonly sid: string; readonly token: string; readonly access: string }> {
  const { json } = await call(stage, "/v1/sessions", {
    subject: "u-1",
    client_id: "web",
    issue: ["access", "session_token"],
  });
  const { id } = json["session"] as { readonly id: string };
  return { sid: id, token: String(json["session_token"]), access: String(json["access_token"]) };
}

test("tokens of every kind are told in the order in which they were asked about [INTR-9]", async () => {
  const stage = await scene();
  const one = await signIn(stage);
  const { refresh } = await stage.open();
  const asked = [one.token, "x", one.access, refresh, one.token];
  const told = await results(stage, asked);
  assert.deepEqual(
    told.map(({ active, kind, sid }) => [active, kind, sid]),
    [
      [true, "session_token", one.sid],
      [false, undefined, undefined],
      [true, "access_token", one.sid],
      [false, undefined, undefined],
      [true, "session_token", one.sid],
    ],
  );
  assert.deepEqual(told[1], { active: false });
});

test("what was revoked is inactive, and a token before a rotation says of which session it was [INTR-9] [ST-8]", async () => {
  const stage = await scene();
  const [one, other] = [await signIn(stage), await signIn(stage)];
  await call(stage, `/v1/sessions/${one.sid}/session-token`, {});
  await call(stage, `/v1/sessions/${other.sid}/end`, {});
  assert.deepEqual(await results(stage, [one.token, other.token, other.access]), [
    { active: false, superseded: { sid: one.sid } },
    { active: false },
    { active: false },
  ]);
  await call(stage, `/v1/sessions/${one.sid}/end`, {});
  assert.deepEqual(await results(stage, [one.token]), [{ active: false }]);
});

test("sixty-four are judged on one snapshot [INTR-9]", async () => {
  let reads = 0;
  const counted = (store: Store): Store => ({
    ...store,
    read: (keys) => {
      if (keys.some(({ kind }) => kind === "session")) reads += 1;
      return store.read(keys);
    },
  });
  const stage = await scene({ wrapStore: counted });
  const tokens = [];
  for (let count = 0; count < 32; count += 1) {
    const { token, access } = await signIn(stage);
    tokens.push(token, access);
  }
  reads = 0;
  const told = await results(stage, tokens);
  assert.deepEqual([told.length, told.every(({ active }) => active === true), reads], [64, true, 1]);
});

const wrong: readonly [title: string, body: object][] = [
  ["no tokens", {}],
  ["an empty list", { tokens: [] }],
  ["sixty-five", { tokens: Array.from({ length: 65 }, () => "x") }],
  ["a token that is no text", { tokens: [1] }],
  ["an empty token", { tokens: [""] }],
  ["an endless token", { tokens: ["x".repeat(4097)] }],
  ["a hint", { tokens: ["x"], token_type_hint: "access_token" }],
];
for (const [title, body] of wrong) {
  test(`a batch with ${title} is refused, and says nothing of what was sent [INTR-9]`, async () => {
    const stage = await scene();
    const { status, json } = await call(stage, "/v1/introspections", body);
    assert.deepEqual([status, json["code"]], [400, "request_invalid"]);
  });
}

test("only who may read sessions asks about many [INTR-9] [A-03]", async () => {
  const stage = await scene();
  const bearer = await stage.bearer("sessions:write");
  const { status } = await call(stage, "/v1/introspections", { tokens: ["x"] }, bearer);
  assert.equal(status, 403);
});
