// One answer for one Idempotency-Key, on every row of the table that says so.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault, type Store } from "@hallpass/core";
import { type Received, type Scene, scene } from "../testing/scene.ts";
import { ENDPOINTS } from "./index.ts";

async function call(stage: Scene, path: string, json: unknown, key: string, basic?: string): Promise<Received> {
  const authorization = `Bearer ${basic ?? (await stage.bearer())}`;
  return stage.send({ method: "POST", path, headers: { authorization, "idempotency-key": key }, json });
}

const REVOKE = { targets: [{ type: "subject", subject: "u-1" }] };

test("a retry of a write gets the first answer word for word, and nothing happens again [A-13] [IDEM-1]", async () => {
  const stage = await scene();
  const first = await call(stage, "/v1/revocations", REVOKE, "k-1");
  assert.equal(first.headers.get("idempotency-replayed"), null);
  assert.deepEqual(stage.facts(), ["subject_cut_off"]);
  stage.clock.advance(60_000);
  const again = await call(stage, "/v1/revocations", REVOKE, "k-1");
  assert.deepEqual([again.status, again.text], [first.status, first.text]);
  assert.equal(again.headers.get("idempotency-replayed"), "true");
  assert.deepEqual(stage.facts(), []);
  const other = await call(stage, "/v1/revocations", REVOKE, "k-2");
  assert.notEqual(other.json["id"], first.json["id"]);
});

test("a retry is told where the first made something, as the first was [IDEM-1]", async () => {
  const stage = await scene();
  const first = await call(stage, "/v1/revocations", REVOKE, "k");
  const again = await call(stage, "/v1/revocations", REVOKE, "k");
  assert.equal(first.headers.get("location"), `/v1/revocations/${String(first.json["id"])}`);
  assert.equal(again.headers.get("location"), first.headers.get("location"));
});

test("a rotation that is retried rotates once", async () => {
  const stage = await scene();
  const first = await call(stage, "/v1/keys/rotate", { force: true }, "k");
  assert.equal(first.status, 200, first.text);
  const again = await call(stage, "/v1/keys/rotate", { force: true }, "k");
  assert.equal(again.text, first.text);
});

test("the same key for another body or another path is refused, and shows nothing of the first answer [A-13] [IDEM-2]", async () => {
  const stage = await scene();
  const { sid } = await stage.open();
  const first = await call(stage, "/v1/revocations", REVOKE, "k");
  stage.facts();
  const body = await call(stage, "/v1/revocations", { targets: [{ type: "subject", subject: "u-2" }] }, "k");
  const path = await call(stage, `/v1/sessions/${sid}/end`, REVOKE, "k");
  for (const answer of [body, path]) {
    assert.deepEqual([answer.status, answer.json["code"]], [409, "idempotency_key_reused"]);
    assert.equal(answer.text.includes(String(first.json["id"])), false);
  }
  assert.deepEqual(stage.facts(), []);
});

test("of requests at once with one key one is done; the others wait or get its answer [A-13] [IDEM-3]", async () => {
  const stage = await scene();
  const bearer = await stage.bearer();
  const all = await Promise.all(Array.from({ length: 32 }, () => call(stage, "/v1/revocations", REVOKE, "k", bearer)));
  const done = all.filter(({ status }) => status === 200 || status === 201);
  const early = all.filter(({ json }) => json["code"] === "idempotency_key_in_use");
  assert.equal(done.length + early.length, 32);
  assert.equal(new Set(done.map(({ text }) => text)).size, 1);
  assert.ok(early.every(({ status, headers }) => status === 409 && headers.get("retry-after") === "1"));
  assert.deepEqual(stage.facts(), ["subject_cut_off"]);
});

test("a refusal frees the key: what was not done may be asked for again [IDEM-4]", async () => {
  const stage = await scene();
  const early = await call(stage, "/v1/policies/consumer/versions", { idle_s: 1 }, "k");
  assert.equal(early.status, 400);
  const right = await call(stage, "/v1/policies/consumer/versions", { idle_s: 86_400 }, "k");
  assert.equal(right.status, 201, right.text);
});

test("a fault frees the key, where the store can still be told [IDEM-4]", async () => {
  let failing = false;
  const wrapStore = (store: Store): Store => ({
    ...store,
    commit: (changes) => {
      const ofKeys = changes.every(({ rows }) => rows.every(({ key }) => key.kind === "idempotency"));
      if (failing && !ofKeys) throw new Fault("store_unavailable");
      return store.commit(changes);
    },
  });
  const stage = await scene({ wrapStore });
  failing = true;
  assert.equal((await call(stage, "/v1/revocations", REVOKE, "k")).status, 503);
  failing = false;
  assert.ok((await call(stage, "/v1/revocations", REVOKE, "k")).status < 300);
});

test("a key is kept for a day and belongs to its caller [A-13] [IDEM-1]", async () => {
  const stage = await scene();
  const first = await call(stage, "/v1/revocations", REVOKE, "k");
  stage.clock.advance(24 * 3600_000 - 1);
  assert.equal((await call(stage, "/v1/revocations", REVOKE, "k")).text, first.text);
  stage.clock.advance(1);
  assert.notEqual((await call(stage, "/v1/revocations", REVOKE, "k")).json["id"], first.json["id"]);
});

for (const key of ["a b", "x".repeat(256)]) {
  test(`the key "${key.slice(0, 5)}" of ${key.length} characters is malformed, and nothing is done`, async () => {
    const stage = await scene();
    const answer = await call(stage, "/v1/revocations", REVOKE, key);
    assert.deepEqual([answer.status, answer.json["code"]], [400, "idempotency_key_malformed"]);
    assert.deepEqual(stage.facts(), []);
  });
}

test("no answer that is kept can hold a secret: rows that hand one out are not among them [IDEM-5]", () => {
  const kept = ENDPOINTS.filter((row) => "retry" in row && row.retry === "answer").map(
    ({ method, path }) => `${method} ${path}`,
  );
  assert.ok(kept.length > 10);
  for (const secret of [
    "POST /v1/sessions",
    "PATCH /v1/sessions/:id",
    "POST /v1/sessions/:id/session-token",
    "POST /v1/clients",
    "POST /v1/clients/:id/secrets",
    "POST /oauth2/token",
  ])
    assert.equal(kept.includes(secret), false, secret);
});
