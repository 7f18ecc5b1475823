import assert from "node:assert/strict";
import { it } from "node:test";
import { createMemoryStore } from "@hallpass/store-memory";
import { TENANT } from "../testing/builders.ts";
import { aWorld } from "../testing/world.ts";
import { readBefore } from "./read-before.ts";
import type { RowKey, Store } from "./store.ts";

function keyOf(id: string): RowKey {
  return { tenant: TENANT, kind: "lease", id };
}

async function written(store: Store, key: RowKey, expect: number | "absent"): Promise<void> {
  const rows = [{ key, expect, next: { value: "1", expires: null } }];
  await store.commit([{ attempt: "AAAAAAAAAAA", rows, notices: [], facts: [] }]);
}

it("what was read before a request is read from there until it commits, and nothing else is", async () => {
  const { store } = await aWorld(createMemoryStore);
  const [held, also, other] = [keyOf("held"), keyOf("also"), keyOf("other")];
  const before = await store.read([held, also]);
  const request = readBefore(store, before);
  assert.equal(await request.read([held, also]), before);
  assert.notEqual(await request.read([held, other]), before);
  await written(store, held, "absent");
  assert.equal((await request.read([held])).get(held), undefined);
  assert.equal((await request.read([held, other])).get(held)?.version, 1);
  await written(request, also, "absent");
  assert.equal((await request.read([held])).get(held)?.version, 1);
});
