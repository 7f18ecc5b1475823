// Whether the simulation would notice: bugs planted on purpose, and the sources as they are on the same seeds. All of them
// with HALLPASS_CI=1, otherwise those that are found within a few seeds.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BUGS } from "./bugs.ts";
import { hunt, tableOf } from "./hunt.ts";
import { MutatedTree } from "./mutated-tree.ts";

const all = process.env["HALLPASS_CI"] === "1";
const QUICK = new Set([
  "commit without comparing",
  "unknown outcome taken for success",
  "retry window extended by use",
  "heartbeat without a position",
  "receipt says enforced on sending",
  "signatures remembered by jti",
  "cut-off of a subject noticed, and not written on its row",
  "superseded whatever its age",
  "older epoch accepted",
  "compromised key kept",
]);

test("every planted bug still stands where it would be planted", () => {
  const tree = new MutatedTree();
  try {
    for (const { edits } of BUGS) tree.apply(edits)();
  } finally {
    tree.remove();
  }
  assert.equal(new Set(BUGS.map(({ id }) => id)).size, BUGS.length);
});

test("planted bugs are found within their seeds, and nothing without them", async () => {
  const result = await hunt(all ? BUGS : BUGS.filter(({ id }) => QUICK.has(id)));
  const table = tableOf(result);
  console.log(table);
  assert.equal(result.control.seed, null, table);
  assert.deepEqual(
    result.hunted.filter(({ found }) => !found).map(({ bug }) => bug.id),
    [],
    table,
  );
});
