// What is told of a store's clock that lies behind what the store knows.

import assert from "node:assert/strict";
import { test } from "node:test";
import { censusReader, readerKey, readFacts } from "@hallpass/core";
import type { Log } from "../observe/log.ts";
import { journey } from "../testing/journey.ts";
import { scene } from "../testing/scene.ts";
import { tellOfLateClock } from "./clock-at-start.ts";

const silent: Log = { debug: () => {}, info: () => {}, error: () => {}, flush: () => {} };

for (const isCounted of [false, true]) {
  const facts = isCounted ? "facts that were counted long ago" : "facts that nobody has counted yet";
  test(`beyond a minute behind ${facts} it is told of, with both times, and at a minute not [NODE-12] [NB-43]`, async () => {
    const { clock, open, services } = await scene();
    const told: unknown[] = [];
    const look = (): Promise<void> =>
      tellOfLateClock(
        services.store,
        services.tenant,
        { ...silent, error: (...one) => told.push(one) },
        assert.ifError,
      );
    await open();
    const newest = clock.now();
    if (isCounted) await readFacts(services, censusReader);
    clock.advance(-60_000);
    await look();
    assert.deepEqual(told, []);
    clock.advance(-1);
    await look();
    const times = { clock_ms: newest - 60_001, newest_ms: newest, behind_s: 60 };
    assert.deepEqual(told, [["clock_behind", times]]);
  });
}

test("where a row that another release wrote keeps it from being known, that is told, and no start fails by it [NODE-12]", async () => {
  const { services } = await scene();
  const { store, tenant } = services;
  const next = { value: '{"layout":99}', expires: null };
  const rows = [{ key: readerKey(tenant, censusReader.name), expect: "absent", next }] as const;
  await store.commit([{ attempt: "another", rows, notices: [], facts: [] }]);
  const thrown: unknown[] = [];
  await tellOfLateClock(store, tenant, silent, (one) => thrown.push(one));
  assert.match(String(thrown[0]), /layout/);
});

test("a server that starts so says it, and serves [NODE-12] [NB-43]", async (t) => {
  const one = await journey();
  t.after(() => one.end());
  await one.signIn();
  one.advance(-3_600_000);
  await one.restart();
  const lines = one.lines.map((line) => JSON.parse(line) as { readonly event: string; readonly level: string });
  assert.deepEqual(
    lines.filter(({ event }) => event === "clock_behind").map(({ level }) => level),
    ["error"],
  );
  assert.equal((await one.send({ path: "/readyz" })).status, 200);
});
