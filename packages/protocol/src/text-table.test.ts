import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TextTable } from "./text-table.ts";

describe("a table of texts", () => {
  it("answers as a Map does, whatever is put in, taken out and cleared, in any order", () => {
    // Few texts of few characters, so that ends, and with them slots, are often the same.
    const text = fc.stringMatching(/^[ab]{0,3}(endofall)?$/);
    const step = fc.oneof(
      fc.record({ kind: fc.constant("set" as const), text, item: fc.nat() }),
      fc.record({ kind: fc.constant("delete" as const), text }),
      fc.record({ kind: fc.constant("clear" as const), text }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const [table, map] = [new TextTable<number>(), new Map<string, number>()];
        for (const given of steps) {
          if (given.kind === "set") for (const one of [table, map]) one.set(given.text, given.item);
          else if (given.kind === "delete") for (const one of [table, map]) one.delete(given.text);
          else for (const one of [table, map]) one.clear();
          assert.equal(table.get(given.text), map.get(given.text));
          assert.equal(table.size, map.size);
        }
        for (const { text: one } of steps) assert.equal(table.get(one), map.get(one));
      }),
    );
  });

  it("finds nothing under a text that differs in its first character alone", () => {
    const table = new TextTable<number>();
    const end = "x".repeat(600);
    table.set(`a${end}`, 1);
    assert.equal(table.get(`b${end}`), undefined);
    assert.equal(table.get(`a${end}`), 1);
    assert.equal(table.get(`aa${end}`), undefined);
  });

  it("holds what was taken out again when it comes again, as one", () => {
    const table = new TextTable<number>();
    table.set("a", 1);
    table.delete("a");
    table.delete("a");
    table.delete("b");
    assert.deepEqual([table.size, table.get("a")], [0, undefined]);
    table.set("a", 2);
    table.set("a", 3);
    assert.deepEqual([table.size, table.get("a")], [1, 3]);
    table.clear();
    assert.deepEqual([table.size, table.get("a")], [0, undefined]);
    table.set("b", 4);
    assert.deepEqual([table.size, table.get("a"), table.get("b")], [1, undefined, 4]);
  });

  it("has as much room after each of many clearings as at first", () => {
    const table = new TextTable<number>();
    for (let round = 0; round < 200; round += 1) {
      table.set(`round-${round}`, round);
      assert.deepEqual([table.size, table.get(`round-${round}`)], [1, round]);
      table.clear();
      assert.equal(table.get(`round-${round}`), undefined);
    }
  });

  it("holds many thousands, and those whose ends are all the same", () => {
    const table = new TextTable<number>();
    for (let n = 0; n < 20_000; n += 1) table.set(`token-${n}`, n);
    for (let n = 0; n < 200; n += 1) table.set(`${n}-with-one-end`, n);
    assert.equal(table.size, 20_200);
    for (let n = 0; n < 20_000; n += 1) assert.equal(table.get(`token-${n}`), n);
    for (let n = 0; n < 200; n += 1) assert.equal(table.get(`${n}-with-one-end`), n);
    assert.equal(table.get("token-20000"), undefined);
  });
});
