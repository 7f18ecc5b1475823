// Taking a key, keeping an answer, and what becomes of a key whose taker never comes back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId, SubjectId } from "../kernel/ids.ts";
import { aRow, FAMILY, SID, START, TENANT } from "../testing/builders.ts";
import { aWorld } from "../testing/world.ts";
import { answerWithoutSubject, settleOnce, takeOnce } from "./answer-once.ts";
import { type Idempotency, idempotencyKey, rememberedFromRow } from "./idempotency.ts";

const ONCE: Idempotency = { caller: "desk" as ClientId, key: "k", fingerprint: "f" };
const ANSWER = { status: 200, body: "{}" };

test("a key that was taken is in use until one millisecond before its minute is over, and free from then on [IDEM-3]", async () => {
  const world = await aWorld(createMemoryStore);
  assert.deepEqual(await takeOnce(world, ONCE), { ok: true, value: null });
  world.wait(59_999);
  assert.deepEqual(await takeOnce(world, ONCE), { ok: false, code: "idempotency_key_in_use" });
  world.wait(1);
  assert.deepEqual(await takeOnce(world, ONCE), { ok: true, value: null });
  assert.deepEqual(await takeOnce(world, ONCE), { ok: false, code: "idempotency_key_in_use" });
});

test("of many that take a key at once one is first [IDEM-3]", async () => {
  const world = await aWorld(createMemoryStore);
  const all = await Promise.all(Array.from({ length: 64 }, () => takeOnce(world, ONCE)));
  assert.equal(all.filter((one) => one.ok).length, 1);
});

test("an answer is kept for a day, and the first one stays [IDEM-1]", async () => {
  const world = await aWorld(createMemoryStore);
  await takeOnce(world, ONCE);
  await settleOnce(world, ONCE, ANSWER);
  await settleOnce(world, ONCE, { status: 500, body: "late" });
  await settleOnce(world, ONCE, null);
  world.wait(24 * 3600_000 - 1);
  assert.deepEqual(await takeOnce(world, ONCE), { ok: true, value: ANSWER });
  world.wait(1);
  assert.deepEqual(await takeOnce(world, ONCE), { ok: true, value: null });
});

test("keys of other callers, and other requests, never meet [IDEM-2]", async () => {
  const world = await aWorld(createMemoryStore);
  await takeOnce(world, ONCE);
  await settleOnce(world, ONCE, ANSWER);
  assert.deepEqual(await takeOnce(world, { ...ONCE, caller: "other" as ClientId }), { ok: true, value: null });
  assert.deepEqual(await takeOnce(world, { ...ONCE, fingerprint: "g" }), { ok: false, code: "idempotency_key_reused" });
});

test("a key that was freed is new [IDEM-4]", async () => {
  const world = await aWorld(createMemoryStore);
  await takeOnce(world, ONCE);
  await settleOnce(world, ONCE, null);
  assert.deepEqual(await world.store.list({ tenant: TENANT, kind: "idempotency", limit: 10 }), []);
  assert.deepEqual(await takeOnce(world, { ...ONCE, fingerprint: "g" }), { ok: true, value: null });
});

test("an answer is kept for whoever took the key, for the request it was taken for, and for none that nobody took [IDEM-2]", async () => {
  const world = await aWorld(createMemoryStore);
  await settleOnce(world, ONCE, ANSWER);
  assert.deepEqual(await takeOnce(world, ONCE), { ok: true, value: null });
  await settleOnce(world, { ...ONCE, fingerprint: "g" }, ANSWER);
  assert.deepEqual(await takeOnce(world, ONCE), { ok: false, code: "idempotency_key_in_use" });
});

test("keys are told apart from their callers, and from those that opened sessions [IDEM-2]", async () => {
  const world = await aWorld(createMemoryStore);
  const [one, other] = [
    { caller: "ab" as ClientId, key: "c", fingerprint: "f" },
    { caller: "a" as ClientId, key: "bc", fingerprint: "f" },
  ];
  for (const each of [one, other]) assert.deepEqual(await takeOnce(world, each), { ok: true, value: null });
  const opening = idempotencyKey(TENANT, one);
  assert.equal(opening.kind, "idempotency");
  assert.notEqual(opening.id, idempotencyKey(TENANT, other).id);
  const rows = await world.store.list({ tenant: TENANT, kind: "idempotency", limit: 10 });
  assert.equal(rows.length, 2);
  assert.ok(!rows.some(({ key }) => key.id === opening.id));
});

test("a row of release 0.1 names no evicted sessions [IDEM-1]", () => {
  const row = aRow(idempotencyKey(TENANT, ONCE), { value: JSON.stringify(["f", SID, FAMILY]), expires: null });
  assert.deepEqual(rememberedFromRow(row), { fingerprint: "f", session: SID, family: FAMILY, evicted: [] });
});

const ADA = "ada" as SubjectId;
const NOBODY = "erased-1" as SubjectId;

/** What is left of the answer that was kept. */
function without(body: unknown): unknown {
  const kept = { fingerprint: "f", taken: START, answer: { status: 201, body: JSON.stringify(body), location: "/x" } };
  const row = aRow(idempotencyKey(TENANT, ONCE), { value: JSON.stringify(kept), expires: START });
  const next = answerWithoutSubject(row, ADA, NOBODY);
  if (next === undefined) return undefined;
  assert.equal(next.expires, START);
  const { answer, ...rest } = JSON.parse(next.value) as typeof kept;
  assert.deepEqual(rest, { fingerprint: "f", taken: START });
  assert.deepEqual([answer.status, answer.location], [201, "/x"]);
  return JSON.parse(answer.body);
}

test("an answer forgets the subject wherever it names it, with what tells as much beside it, and its signature [SUB-5]", () => {
  const device = { name: "phone" };
  const told = {
    subject: ADA,
    ref: "r",
    ip: "192.0.2.1",
    device: "phone",
    user_agent: "Curl/8",
    user_agent_contains: "curl",
    at: 7,
  };
  assert.deepEqual(without({ sessions: [told, { subject: "bob", ref: "r" }, null], more: { device } }), {
    sessions: [
      {
        subject: NOBODY,
        ref: NOBODY,
        ip: NOBODY,
        device: NOBODY,
        user_agent: NOBODY,
        user_agent_contains: NOBODY,
        at: 7,
      },
      { subject: "bob", ref: "r" },
      null,
    ],
    more: { device },
  });
  assert.deepEqual(without({ subject: ADA, device, ip: null }), { subject: NOBODY, device, ip: null });
  assert.deepEqual(without({ jws: "a.b.c", targets: [{ subject: ADA }], receipt: { jws: "d.e.f" } }), {
    jws: NOBODY,
    targets: [{ subject: NOBODY }],
    receipt: { jws: "d.e.f" },
  });
  assert.deepEqual(without({ jws: 7, subject: ADA }), { jws: 7, subject: NOBODY });
});

test("an answer that names somebody else, or none that is kept, stays as it is [SUB-5]", () => {
  assert.equal(without({ subject: "bob", ref: "r", jws: "a.b.c" }), undefined);
  for (const kept of [{ fingerprint: "f", taken: START, answer: null }, ["f", SID, FAMILY]]) {
    const row = aRow(idempotencyKey(TENANT, ONCE), { value: JSON.stringify(kept), expires: START });
    assert.equal(answerWithoutSubject(row, ADA, NOBODY), undefined);
  }
});
