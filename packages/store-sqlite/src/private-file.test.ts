import assert from "node:assert/strict";
import { test } from "node:test";
import { flushDirectory } from "./private-file.ts";

test("a file system that can't flush directories is no reason not to open a store; a directory that is not there is", () => {
  // The kernel's view of processes takes no flush: EINVAL.
  assert.doesNotThrow(() => flushDirectory("/proc"));
  assert.throws(() => flushDirectory("/proc/none"), { code: "ENOENT" });
});
