import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseTenantId, type TenantId } from "../kernel/ids.ts";
import { rowKeyText } from "./check-changes.ts";
import { RowMap } from "./row-map.ts";
import type { RowKey } from "./store.ts";

describe("a map of rows", () => {
  it("is one that is keyed by the texts of its keys, whatever is set and deleted", () => {
    const keys = fc.record<RowKey>({
      tenant: fc.constantFrom(tenant("home"), tenant("away")),
      kind: fc.constantFrom("session", "subject", "client"),
      id: fc.constantFrom("a", "b", "c"),
    });
    const steps = fc.record({ action: fc.constantFrom("set", "delete", "clear"), key: keys, value: fc.nat() });
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 40 }), keys, (done, asked) => {
        const map = new RowMap<number>();
        const texts = new Map<string, number>();
        for (const { action, key, value } of done) {
          if (action === "set") {
            map.set(key, value);
            texts.set(rowKeyText(key), value);
          } else if (action === "delete") {
            map.delete(key);
            texts.delete(rowKeyText(key));
          } else if (value % 10 === 0) {
            map.clear();
            texts.clear();
          }
          assert.equal(map.size, texts.size);
          assert.equal(map.get(asked), texts.get(rowKeyText(asked)));
          assert.equal(map.has(asked), texts.has(rowKeyText(asked)));
        }
      }),
    );
  });

  it("keeps rows of the same id apart, whichever of them goes, and none when all go", () => {
    const keys = ["session", "subject", "client"].map(
      (kind) => ({ tenant: tenant("home"), kind: kind as "session", id: "a" }) satisfies RowKey,
    );
    for (const gone of keys) {
      const map = new RowMap<RowKey>();
      for (const key of keys) map.set(key, key);
      map.delete(gone);
      for (const key of keys) assert.equal(map.get(key), key === gone ? undefined : key);
      for (const key of keys) map.delete(key);
      assert.deepEqual([map.size, ...keys.map((key) => map.has(key))], [0, false, false, false]);
      for (const key of keys) map.set(key, key);
      map.clear();
      assert.deepEqual([map.size, ...keys.map((key) => map.has(key))], [0, false, false, false]);
    }
  });
});

function tenant(name: string): TenantId {
  return parseTenantId(name) ?? assert.fail();
}
