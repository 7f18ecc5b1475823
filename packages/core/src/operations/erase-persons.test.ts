// A person's names beside the audit's chain, over many rows.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { personsFromRow, personsKey, personsValue } from "../audit/audit-row.ts";
import type { Change } from "../store/store.ts";
import { at, TENANT } from "../testing/builders.ts";
import { counting } from "../testing/stores.ts";
import { aWorld, type World } from "../testing/world.ts";
import { erasePersons } from "./erase-persons.ts";

const person = (n: number, value: string) => ({ n, name: "subject", value, salt: "s" });

/** In each row the names of two records: everyone's own, and those of the first and the last row Ada's, too. */
async function aChain(rows: number): Promise<World> {
  const world = await aWorld(createMemoryStore);
  const changes = Array.from({ length: rows }, (_, index): Change => {
    const own = [person(2 * index + 1, `u-${index}`)];
    const persons = index === 0 || index === rows - 1 ? [...own, person(2 * index + 2, "ada")] : own;
    const next = { value: personsValue(persons), expires: at(1e9) };
    const key = personsKey(TENANT, 2 * index + 1);
    return { attempt: `${index}`, rows: [{ key, expect: "absent", next }], notices: [], facts: [] };
  });
  await world.store.commit(changes);
  return world;
}

async function namesIn(world: World): Promise<readonly string[]> {
  const rows = await world.store.list({ tenant: TENANT, kind: "audit_persons", limit: 1000 });
  return rows.flatMap((row) => personsFromRow(row).map(({ value }) => value));
}

for (const rows of [50, 51, 101])
  test(`a person is erased from ${rows} rows, and nobody else is; only what names it is written [AUD-6]`, async () => {
    const world = await aChain(rows);
    const before = await namesIn(world);
    const { store, changes } = counting(world.store);
    const deps = { store, dice: world.dice, tenant: TENANT };
    assert.equal(await erasePersons(deps, "ada"), 2);
    assert.equal(changes().length, 2);
    assert.deepEqual(
      await namesIn(world),
      before.filter((name) => name !== "ada"),
    );
    const [first] = await world.store.list({ tenant: TENANT, kind: "audit_persons", limit: 1 });
    assert.equal(first?.expires, at(1e9));
    assert.equal(await erasePersons(deps, "nobody"), 0);
  });

test("a row that is left without any name goes [AUD-6]", async () => {
  const world = await aChain(3);
  const deps = { store: world.store, dice: world.dice, tenant: TENANT };
  assert.equal(await erasePersons(deps, "u-1"), 1);
  assert.equal((await world.store.list({ tenant: TENANT, kind: "audit_persons", limit: 10 })).length, 2);
  assert.equal(await erasePersons(deps, "u-1"), 0);
});

test("a person that is erased twice at once is counted once, and no row is written again for it [AUD-6]", async () => {
  for (const [value, names] of [
    ["ada", 2],
    ["u-1", 1],
  ] as const) {
    const world = await aChain(3);
    const deps = { store: world.store, dice: world.dice, tenant: TENANT };
    const counts = await Promise.all([erasePersons(deps, value), erasePersons(deps, value)]);
    assert.equal(counts[0] + counts[1], names);
    const rows = await world.store.list({ tenant: TENANT, kind: "audit_persons", limit: 10 });
    const versions = rows.map(({ version }) => version);
    assert.deepEqual(versions, value === "ada" ? [2, 1, 2] : [1, 1]);
    assert.ok(!(await namesIn(world)).includes(value));
  }
});
