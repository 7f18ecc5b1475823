// What a caller learns about a body that is refused: every wrong member, and nothing of what it sent.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Received, type Scene, scene } from "../testing/scene.ts";

async function post(stage: Scene, path: string, json: unknown): Promise<Received> {
  const headers = { authorization: `Bearer ${await stage.bearer()}` };
  return stage.send({ path, headers, json });
}

const good = { subject: "u-1", client_id: "web" };
const session = { type: "session", sid: "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6" };

const rows: readonly [title: string, path: string, json: unknown, errors: readonly string[]][] = [
  ["members that are needed", "/v1/sessions", {}, ["missing /client_id", "missing /subject"]],
  ["a member that nobody knows", "/v1/sessions", { ...good, colour: "red" }, ["unknown /colour"]],
  ["a text that is none", "/v1/sessions", { ...good, subject: 7 }, ["malformed /subject"]],
  ["null for a text", "/v1/sessions", { ...good, subject: null }, ["malformed /subject"]],
  ["an id that can be none", "/v1/sessions", { ...good, client_id: "a b" }, ["malformed /client_id"]],
  [
    "an element of a list",
    "/v1/sessions",
    { ...good, audience: ["https://a.example", "x"] },
    ["malformed /audience/1"],
  ],
  ["a text that stands for a list", "/v1/sessions", { ...good, audience: "x" }, ["malformed /audience"]],
  [
    "a member of a member",
    "/v1/sessions",
    { ...good, device: { ip: "x", os: 1 } },
    ["malformed /device/ip", "unknown /device/os"],
  ],
  ["a list without elements", "/v1/revocations", { targets: [] }, ["too_small /targets"]],
  [
    "a list with one too many",
    "/v1/revocations",
    { targets: Array.from({ length: 9 }, () => session) },
    ["too_large /targets"],
  ],
  ["a number below its least", "/v1/revocations", { targets: [session], wait_ms: -1 }, ["too_small /wait_ms"]],
  ["a number above its most", "/v1/revocations", { targets: [session], wait_ms: 30_001 }, ["too_large /wait_ms"]],
  ["a number that is not whole", "/v1/revocations", { targets: [session], wait_ms: 0.5 }, ["malformed /wait_ms"]],
  ["a kind that is none", "/v1/revocations", { targets: [{ type: "all" }] }, ["not_one_of /targets/0/type"]],
  ["a kind that is missing", "/v1/revocations", { targets: [{}] }, ["missing /targets/0/type"]],
  ["the same twice", "/v1/revocations", { targets: [session, session] }, ["repeated /targets/1"]],
  ["a whole that is no object", "/v1/revocations", [], ["malformed "]],
];

for (const [title, path, json, expected] of rows) {
  test(`a body is refused with a pointer to ${title} [PD-1]`, async () => {
    const answer = await post(await scene(), path, json);
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
    assert.equal(answer.json["code"], "request_invalid");
    const errors = answer.json["errors"] as readonly { readonly pointer: string; readonly code: string }[];
    assert.deepEqual(errors.map(({ pointer, code }) => `${code} ${pointer}`).toSorted(), expected);
  });
}

test("neither a value nor a name that could be a secret is in the answer [PD-2]", async () => {
  const stage = await scene();
  const { access, refresh } = await stage.open();
  const secret = stage.basic.service.slice("service:".length);
  for (const word of [access, refresh, secret, "Ada Lovelace", "x".repeat(33), "~0/~1"]) {
    for (const json of [
      { ...good, [word]: 1 },
      { ...good, scope: [word] },
      { ...good, client_id: `${word} ` },
      { ...good, device: { [word]: word } },
      { targets: [{ type: word, [word]: word }] },
    ]) {
      const answer = await post(stage, "targets" in json ? "/v1/revocations" : "/v1/sessions", json);
      assert.equal(answer.status, 400);
      assert.ok(!answer.text.includes(word), answer.text);
    }
  }
});

test("a body that is wrong in a thousand places gets an answer of at most 32 [PD-1]", async () => {
  const wide = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`m${index}`, 1]));
  const { json, text } = await post(await scene(), "/v1/sessions", { ...good, ...wide });
  assert.equal((json["errors"] as readonly unknown[]).length, 32);
  assert.ok(text.length < 4096);
});

test("what is refused for another reason has no list of members [PD-1]", async () => {
  const { json } = await post(await scene(), "/v1/sessions", { ...good, client_id: "nobody" });
  assert.equal(json["code"], "client_not_found");
  assert.ok(!("errors" in json));
});
