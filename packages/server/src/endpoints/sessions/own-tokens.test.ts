// What a session may say of itself is what its own tokens are accepted with: at the last that is let in, and at the first that is not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeAccessToken, judgeSessionToken } from "@hallpass/core";
import type { JsonValue } from "@hallpass/protocol";
import { type Received, type Scene, scene } from "../../testing/scene.ts";

/** As claims stand in a payload: `deep(1)` is an object that holds no other. */
function deep(depth: number): Record<string, JsonValue> {
  return { in: depth === 1 ? 1 : depth % 2 === 0 ? deep(depth - 1) : [deep(depth - 2)] };
}

const members = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [index.toString(36), 1]));
const everything = { acr: "c", amr: ["pwd"], auth_time: 1_799_999_000, scope: "read" };

const bounds: readonly [what: string, right: object, wrong: object, pointer: string][] = [
  ["an assurance class of 255 characters", { acr: "c".repeat(255) }, { acr: "c".repeat(256) }, "/acr"],
  ["each method once", { amr: ["pwd", "otp"] }, { amr: ["pwd", "otp", "pwd"] }, "/amr"],
  ["claims twelve deep", { claims: deep(12) }, { claims: deep(13) }, "/claims"],
  [
    "113 members in claims",
    { ...everything, claims: members(113) },
    { ...everything, claims: members(114) },
    "/claims",
  ],
];

async function call(stage: Scene, method: string, path: string, json: object): Promise<Received> {
  return stage.send({ method, path, headers: { authorization: `Bearer ${await stage.bearer()}` }, json });
}

async function opened(stage: Scene, body: object): Promise<Received> {
  const issue = ["access", "session_token"];
  return call(stage, "POST", "/v1/sessions", { subject: "u-1", client_id: "web", issue, ...body });
}

for (const [what, right, wrong, pointer] of bounds) {
  test(`${what} are what a session's own tokens are accepted with, and no more is let in [NB-41]`, async () => {
    const stage = await scene({ config: { issuer: "http://localhost:8026" } });
    const made = await opened(stage, right);
    assert.equal(made.status, 201, made.text);
    const { access_token: access, session_token: token, session } = made.json;
    assert.notEqual(await judgeAccessToken(stage.services, String(access)), undefined);
    assert.equal((await judgeSessionToken(stage.services, String(token))).kind, "live");
    const path = `/v1/sessions/${(session as { readonly id: string }).id}`;
    const answers = [await opened(stage, wrong), await call(stage, "PATCH", path, { ...wrong })];
    for (const answer of answers) {
      assert.deepEqual([answer.status, answer.json["errors"]], [400, [{ pointer, code: "malformed" }]], answer.text);
    }
  });
}
