import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { entriesOf, groupsOf } from "./groups.ts";

test("every file runs once: with its neighbours where they share a process, and alone everywhere else", () => {
  const files = ["a/1", "a/2", "a/3", "b/1", "b/2", "c/1"];
  assert.deepEqual(groupsOf(files, ["a/", "c/"], 2), [["a/1", "a/2"], ["a/3"], ["c/1"], ["b/1"], ["b/2"]]);
  assert.deepEqual(groupsOf(files, [], 2).flat(), files);
  assert.deepEqual(groupsOf([], ["a/"], 2), []);
});

test("a file that is alone runs as it is, and a group as a file that imports each of its own", () => {
  const [alone, group] = entriesOf("/tree", [["a/1"], ["b/1", "b/2"]]);
  assert.equal(alone, "/tree/a/1");
  assert.equal(readFileSync(group ?? "", "utf8"), 'import "file:///tree/b/1";\nimport "file:///tree/b/2";\n');
});
