import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { fact } from "../facts.ts";
import { afterMs, type Instant } from "../kernel/time.ts";
import { censusReader } from "../readers/census-reader.ts";
import { record } from "../store/change.ts";
import { fixedDice, START, TENANT } from "../testing/builders.ts";
import { newestFactAt } from "./newest-fact.ts";
import { readFacts } from "./read-facts.ts";

test("the newest fact is the latest by its time behind those that were counted, or the last that was [NODE-12]", async () => {
  const store = createMemoryStore({ clock: { now: () => START }, dice: fixedDice("store") });
  const deps = { store, dice: fixedDice("reader"), tenant: TENANT };
  const at = (ms: number): Instant => afterMs(START, ms);
  const happen = (...times: readonly number[]): Promise<void> =>
    record(
      store,
      deps.dice,
      times.map((ms) => fact(TENANT, at(ms), "key_created", { kid: String(ms) })),
    );
  const newest = (): Promise<Instant | null> => newestFactAt(store, TENANT);
  assert.equal(await newest(), null);
  await happen(1000, 5000, 2000);
  assert.equal(await newest(), at(5000));
  await readFacts(deps, censusReader);
  assert.equal(await newest(), at(2000));
  await happen(1500);
  assert.equal(await newest(), at(2000));
  await happen(9000, 3000);
  assert.equal(await newest(), at(9000));
});
