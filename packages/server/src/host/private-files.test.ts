import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { flushDirectory, flushDirectoryAside, makePrivateDirectory } from "./private-files.ts";

test("a directory is made where its path leads, however that is written", () => {
  const root = mkdtempSync(join(tmpdir(), "hallpass-test-"));
  try {
    mkdirSync(join(root, "there"));
    makePrivateDirectory(`${root}/there/new/../../other/data`);
    assert.equal(statSync(join(root, "other/data")).mode & 0o777, 0o700);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("a file system that can't flush directories keeps nobody from starting; a directory that is not there does", async () => {
  // The kernel's view of processes takes no flush: EINVAL.
  assert.doesNotThrow(() => flushDirectory("/proc"));
  assert.throws(() => flushDirectory("/proc/none"), { code: "ENOENT" });
  await flushDirectoryAside("/proc");
  await assert.rejects(flushDirectoryAside("/proc/none"), { code: "ENOENT" });
});
