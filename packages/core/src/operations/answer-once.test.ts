// Taking a key, keeping an answer, and what becomes of a key whose taker never comes back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import type { ClientId } from "../kernel/ids.ts";
import { aWorld } from "../testing/world.ts";
import { settleOnce, takeOnce } from "./answer-once.ts";
import type { Idempotency } from "./idempotency.ts";

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
  assert.deepEqual(await takeOnce(world, { ...ONCE, fingerprint: "g" }), { ok: true, value: null });
});
