import assert from "node:assert/strict";
import test from "node:test";
import { instantOf, type Store } from "@hallpass/core";
import { createMemoryStore } from "@hallpass/store-memory";
import { rules } from "../rules/index.ts";
import { runContract } from "../run-rules.ts";
import { brokenStores } from "./index.ts";

function memory(): Store {
  let now = 1_750_000_000_000;
  let byte = 0;
  const clock = { now: () => instantOf((now += 1)) };
  const dice = { bytes: (length: number) => new Uint8Array(length).fill((byte += 1)) };
  return createMemoryStore({ clock, dice });
}

test("every rule has an id and a title of its own, and stands under a group", () => {
  assert.equal(new Set(rules.map((rule) => rule.id)).size, rules.length);
  assert.equal(new Set(rules.map((rule) => rule.title)).size, rules.length);
  assert.ok(rules.every((rule) => rule.group.length > 0));
});

for (const { name, breaks, also = {}, spoil } of brokenStores) {
  test(`a store that ${name} fails ${breaks}`, async () => {
    const results = await runContract(async () => ({ store: spoil(memory()) }));
    const broken = results.filter(({ kind }) => kind === "broken").map(({ id }) => id);
    assert.deepEqual(broken.toSorted(), [breaks, ...Object.keys(also)].toSorted());
  });
}

test("the store that they spoil keeps every rule", async () => {
  const results = await runContract(async () => ({ store: memory() }));
  assert.deepEqual(
    results.filter(({ kind }) => kind === "broken"),
    [],
  );
});
