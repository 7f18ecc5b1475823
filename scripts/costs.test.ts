// What an operation costs is counted and bounded: a store is far away, a flush is slow and a signature is dear on every machine.

import assert from "node:assert/strict";
import { test } from "node:test";
import { allocatedBy, allocatedByAll } from "./costs/allocated.ts";
import { COUNTS } from "./costs/counted.ts";
import { countIn, MARK } from "./costs/flushes.ts";
import { FURTHER, furtherExcess } from "./costs/further.ts";
import { countAll, OPERATIONS } from "./costs/operations.ts";
import { excess, limits } from "./costs/table.ts";
import { verifierSize } from "./costs/verifier-size.ts";

const allocated = await allocatedByAll();
const found = { operations: await countAll(), allocated, verifierBytes: verifierSize().bytes, further: new Map() };

test("no operation asks more of the store, of cryptography and of the heap than docs/costs.md says, and the verifier is no larger", () => {
  assert.deepEqual(excess(found, limits()), []);
});

test("every operation of the table is counted, and asks the store for something if it is the server's", () => {
  assert.deepEqual([...limits().operations.keys()], [...found.operations.keys()]);
  for (const [name, { reads, commits }] of found.operations)
    assert.equal(reads + commits > 0, !name.startsWith("a verdict"), name);
});

test("a verdict asks for one signature of a token that was never seen, and for nothing of one that is remembered", () => {
  const nothing = { reads: 0, commits: 0, rows: 0, facts: 0, signatures: 0, verifications: 0, hashes: 0 };
  assert.deepEqual(found.operations.get("a verdict, of a token that the verifier remembers"), nothing);
  assert.equal(found.operations.get("a verdict, of a token that it has never seen")?.verifications, 1);
});

test("a read that is asked for twice and texts that nobody needs are found in every operation that has them", async () => {
  const operations = await countAll((store) => ({
    ...store,
    read: async (keys) => {
      await store.read(keys);
      return store.read(keys);
    },
  }));
  const reading = [...found.operations].filter(([, { reads }]) => reads > 0).map(([name]) => name);
  const grown = excess({ ...found, operations }, limits());
  assert.deepEqual(
    grown.map((line) => line.slice(0, line.lastIndexOf(":"))),
    reading,
  );
  const [first] = OPERATIONS;
  assert.ok(first !== undefined);
  const wasteful = await allocatedBy({
    ...first,
    ready: async (stage) => {
      const ask = await first.ready(stage);
      const kept: string[] = [];
      return async () => {
        for (let n = 0; n < 2000; n += 1) kept.push(`${n} of nothing`);
        return ask();
      };
    },
  });
  const more = new Map([...found.allocated, [first.name, wasteful] as const]);
  assert.equal(excess({ ...found, allocated: more }, limits()).length, 1);
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

test("flushes are counted between two marks for each operation, whichever thread makes them and whatever comes between", () => {
  const lines = [
    "7 fsync(3) = 0",
    `7 rmdir("${MARK}2,1,refresh, with rotation") = -1 ENOENT`,
    "8 fdatasync(4 <unfinished ...>",
    "7 fsync(5) = 0",
    "8 <... fdatasync resumed>) = 0",
    `7 rmdir("${MARK}end") = -1 ENOENT`,
    "8 fdatasync(4) = 0",
    `7 unlinkat(AT_FDCWD, "${MARK}32,16,refresh, with rotation", AT_REMOVEDIR) = -1 ENOENT`,
    "9 fdatasync(4) = 0",
    "9 fsync(6) = -1 EIO (Input/output error)",
    `7 unlinkat(AT_FDCWD, "${MARK}end", AT_REMOVEDIR) = -1 ENOENT`,
  ];
  assert.deepEqual([...countIn(lines.join("\n"))], [["refresh, with rotation", { alone: 1, together: 2 / 32 }]]);
  assert.throws(() => countIn(`7 rmdir("${MARK}end") = -1 ENOENT`));
});

test("what is written of flushes, push and starts allows what it names, and no flush, write, request or quarter more than its room", () => {
  const { further } = limits();
  // Of modules, and of what Node itself allocates at a start.
  const ROOM = 2000;
  assert.deepEqual(furtherExcess(further, further), []);
  assert.deepEqual(
    [...further.keys()],
    FURTHER.map(({ of }) => of),
  );
  for (const [nth, { of, columns }] of FURTHER.entries())
    for (const [name, cells] of further.get(of) ?? assert.fail(of)) {
      assert.equal(cells.length, columns.length, name);
      for (const [column, cell] of cells.entries()) {
        const together = columns[column]?.name === "16 together";
        const more = together ? cell + 1 / 16 : 1.3 * cell + (nth === 3 ? 0 : ROOM);
        const grown = new Map([[of, new Map([[name, cells.with(column, more)]])]]);
        const lines = furtherExcess(grown, further).length;
        // One flush for sixteen who only read is not told from one that the database makes by itself; alone it is.
        assert.equal(lines, together && cell === 0 ? 0 : 1, `${name}: ${columns[column]?.name}`);
      }
    }
  assert.equal(furtherExcess(new Map([["push", new Map([["unheard of", [1]]])]]), further).length, 1);
});
