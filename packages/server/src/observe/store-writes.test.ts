import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault, instantOf, type Outcome } from "@hallpass/core";
import { type StoreWrites, storeWrites } from "./store-writes.ts";

const COMMITTED: Outcome = { kind: "committed", pos: { epoch: 1, seq: 0 }, at: instantOf(1) };
const FULL: Outcome = { kind: "failed", cause: new Error("no space"), full: true };

function at(now: { ms: number }): StoreWrites {
  return storeWrites({ monotonic: () => now.ms });
}

for (const [title, outcome, code] of [
  ["a full disk", FULL, "store_full"],
  ["a store that is away", { kind: "failed", cause: new Error("gone"), full: false }, "store_unavailable"],
  ["an unknown outcome", { kind: "unknown", cause: new Error("gone") }, "outcome_unknown"],
  ["a fault of its own", { kind: "failed", cause: new Fault("store_unavailable"), full: false }, "store_unavailable"],
  ["too many changes at once", { kind: "failed", cause: new Fault("overloaded"), full: false }, undefined],
  ["a conflict", { kind: "conflict" }, undefined],
] as const satisfies readonly (readonly [string, Outcome, string | undefined])[]) {
  test(`${title} is known as ${code ?? "no fault of the store"} until a change is written [DISK-3]`, () => {
    const writes = at({ ms: 5 });
    assert.equal(writes.fault(), undefined);
    writes.noted(outcome);
    assert.equal(writes.fault(), code);
    writes.noted(COMMITTED);
    assert.equal(writes.fault(), undefined);
  });
}

for (const [passed, code] of [
  [9999, "store_full"],
  [10_000, undefined],
  [10_001, undefined],
] as const) {
  test(`${passed} ms after the last try ${code === undefined ? "nobody knows any more" : "it is still known"} [DISK-3]`, () => {
    const now = { ms: 0 };
    const writes = at(now);
    writes.noted(FULL);
    now.ms = passed;
    assert.equal(writes.fault(), code);
  });
}
