import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { journey } from "../testing/journey.ts";
import { addGrowthMetrics, createForecast, type Forecast, type Grown } from "./growth.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

interface Growing {
  readonly forecast: () => Promise<Forecast | null>;
  readonly after: (ms: number, bytes: number, facts?: number) => Promise<Forecast | null>;
  readonly looks: () => number;
}

function growing(changes: Partial<Grown> = {}): Growing {
  let [now, bytes, facts, looks] = [0, 1000, 0, 0];
  const forecast = createForecast({
    bytes: async () => {
      looks += 1;
      return bytes;
    },
    facts: async () => facts,
    planned: 10_000,
    now: () => now,
    ...changes,
  });
  return {
    forecast,
    after: (ms, more, told = 0) => {
      now += ms;
      bytes += more;
      facts += told;
      return forecast();
    },
    looks: () => looks,
  };
}

test("a store's growth is told after an hour, and not before [GRO-3]", async () => {
  const store = growing();
  await store.forecast();
  const early = await store.after(HOUR - 1, 100, 10);
  assert.deepEqual([early?.bytes, early?.bytesPerDay, early?.daysLeft], [1100, null, null]);
  const store2 = growing();
  await store2.forecast();
  const told = await store2.after(HOUR, 100, 10);
  assert.deepEqual([told?.bytesPerDay, told?.factsPerDay, told?.daysLeft], [2400, 240, 8900 / 2400]);
});

test("what was planned is reached in no days when it is reached, and never by a store that shrinks or for which nothing was planned [GRO-3]", async () => {
  const full = growing({ planned: 1000 });
  assert.equal((await full.forecast())?.daysLeft, 0);
  const shrinking = growing();
  await shrinking.forecast();
  assert.equal((await shrinking.after(DAY, -10))?.daysLeft, null);
  const unplanned = growing({ planned: undefined });
  await unplanned.forecast();
  assert.deepEqual([(await unplanned.after(DAY, 10))?.bytesPerDay, (await unplanned.forecast())?.daysLeft], [10, null]);
});

test("only the last week counts [GRO-3]", async () => {
  const store = growing();
  await store.forecast();
  await store.after(HOUR, 5000);
  for (let hour = 0; hour < 7 * 24 - 1; hour += 1) await store.after(HOUR, 1);
  assert.ok(((await store.forecast())?.bytesPerDay ?? 0) > 24, "the jump is seven days ago");
  const later = await store.after(HOUR, 1);
  assert.equal(Math.round(later?.bytesPerDay ?? 0), 24);
});

test("several who ask at once make one look, and those who ask often make none [GRO-3]", async () => {
  const store = growing();
  await Promise.all([store.forecast(), store.forecast(), store.forecast()]);
  await store.after(MINUTE - 1, 10);
  assert.equal(store.looks(), 1);
  await store.after(1, 10);
  assert.equal(store.looks(), 2);
});

test("a store that can't be asked, or has no size, shows none on the page [GRO-3]", async () => {
  for (const bytes of [async () => null, async () => Promise.reject(new Error("gone"))]) {
    const registry = new Registry();
    addGrowthMetrics(registry, growing({ bytes }).forecast);
    assert.ok(!/^hallpass_store_bytes \d/m.test(await registry.metrics()));
  }
});

test("a server shows how large its store is [GRO-3]", async () => {
  const one = await journey();
  const { text } = await one.operate({ path: "/metrics" });
  const [, bytes] = /^hallpass_store_bytes (\d+)/m.exec(text) ?? [];
  assert.ok(Number(bytes) > 50_000, text.slice(0, 200));
  await one.end();
});
