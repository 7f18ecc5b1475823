import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MENDED } from "./track-record.ts";

test("what shows a bug again is there, and no bug stands twice", () => {
  const root = join(import.meta.dirname, "..");
  for (const { shownBy, commit } of MENDED) {
    for (const path of shownBy.split(", ")) assert.ok(existsSync(join(root, path)), path);
    assert.match(commit, /^[0-9a-f]{7}$/);
  }
  assert.equal(new Set(MENDED.map(({ bug }) => bug)).size, MENDED.length);
});
