// What an operation costs is counted and bounded: a store is far away, a flush is slow and a signature is dear on every machine.

import assert from "node:assert/strict";
import { test } from "node:test";
import { allocatedByAll } from "./costs/allocated.ts";
import { COUNTS } from "./costs/counted.ts";
import { countAll } from "./costs/operations.ts";
import { excess, limits } from "./costs/table.ts";
import { verifierSize } from "./costs/verifier-size.ts";

const allocated = await allocatedByAll();
const found = { operations: await countAll(), allocated, verifierBytes: verifierSize().bytes };

test("no operation asks more of the store, of cryptography and of the heap than docs/performance.md says, and the verifier is no larger", () => {
  assert.deepEqual(excess(found, limits()), []);
});

test("every operation of the table is counted, and asks the store for something", () => {
  assert.deepEqual([...limits().operations.keys()], [...found.operations.keys()]);
  for (const [name, counts] of found.operations) assert.ok(counts.reads + counts.commits > 0, name);
});

test("a refresh reads once, commits once, writes one row and signs once", () => {
  const { reads, commits, rows, signatures } = found.operations.get("refresh, with rotation") ?? assert.fail();
  assert.deepEqual({ reads, commits, rows, signatures }, { reads: 1, commits: 1, rows: 1, signatures: 1 });
});

test("one more of anything is found, and so is an operation without a limit", () => {
  for (const column of COUNTS) {
    const operations = new Map(found.operations);
    const [[name, counts] = assert.fail()] = operations;
    operations.set(name, { ...counts, [column]: counts[column] + 1 });
    assert.deepEqual(excess({ ...found, operations }, found), [
      `${name}: ${counts[column] + 1} ${column}, at most ${counts[column]}`,
    ]);
  }
  for (const [name, bytes] of found.allocated) {
    const doubled = new Map([...found.allocated, [name, 2 * bytes] as const]);
    assert.equal(excess({ ...found, allocated: doubled }, limits()).length, 1, name);
  }
  assert.equal(excess({ ...found, verifierBytes: found.verifierBytes + 1 }, found).length, 1);
  assert.equal(excess(found, { ...found, operations: new Map() }).length, found.operations.size);
});
