import assert from "node:assert/strict";
import { test } from "node:test";
import { distinct, distinctOfFew } from "./distinct.ts";
import type { RowKey } from "./store.ts";

const key = (kind: RowKey["kind"], tenant: string, id: string): RowKey => ({ kind, tenant, id }) as RowKey;
const ring = key("keys", "main", "1");
const client = key("client", "main", "web");

test("of each row that tokens share there is one to read", () => {
  assert.deepEqual(distinct([ring, client, { ...ring }, client, ring]), [ring, client]);
  assert.deepEqual(distinct([]), []);
});

test("rows of another kind, tenant or id are others, whoever looks for them", () => {
  const others = [key("client", "main", "1"), key("keys", "other", "1"), key("keys", "main", "2")];
  assert.deepEqual(distinctOfFew([ring], [...others, { ...ring }]), [ring, ...others]);
  assert.deepEqual(distinct([ring, ...others, { ...ring }]), [ring, ...others]);
  assert.deepEqual(distinctOfFew([], others), others);
});
