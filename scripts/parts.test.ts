import assert from "node:assert/strict";
import { test } from "node:test";
import { type Part, selectFiles } from "./parts.ts";

const part = (tool: string, found: boolean): Part => ({ tool, proves: "", install: "", found: () => found });

test("a file is left out exactly when its tool is missing, and is named", () => {
  const gone = part("gone", false);
  const { files, left } = selectFiles(
    ["a.test.ts", "b.needs-here.test.ts", "c.needs-gone.test.ts"],
    [part("here", true), gone],
  );
  assert.deepEqual(files, ["a.test.ts", "b.needs-here.test.ts"]);
  assert.deepEqual([...left], [[gone, ["c.needs-gone.test.ts"]]]);
});

test("a file that needs a tool without a row is an error, not a file that never runs", () => {
  assert.throws(() => selectFiles(["a.needs-nothing-known.test.ts"], []), /has no row/);
});
