import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { flushDirectory, flushDirectoryAside, makePrivateDirectory, makePrivateFile } from "./private-files.ts";

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

test("a private file that could not be written is not there, so that the next start makes it; nor is one written over [NB-49]", () => {
  const root = mkdtempSync(join(tmpdir(), "hallpass-test-"));
  const file = join(root, "key");
  try {
    const program = `import { makePrivateFile } from ${JSON.stringify(`${import.meta.dirname}/private-files.ts`)};
      try { makePrivateFile(${JSON.stringify(file)}, "secret"); } catch (error) { process.exitCode = error.code === "EFBIG" ? 7 : 1; }`;
    const { status, stderr } = spawnSync(
      "sh",
      ["-c", `ulimit -f 0; exec "$0" --input-type=module -e "$1"`, process.execPath, program],
      { encoding: "utf8", env: { ...process.env, NODE_COMPILE_CACHE: "" } },
    );
    assert.equal(status, 7, stderr);
    assert.deepEqual(readdirSync(root), []);
    makePrivateFile(file, "secret");
    assert.throws(() => makePrivateFile(file, "another"), { code: "EEXIST" });
    assert.deepEqual([readdirSync(root), readFileSync(file, "utf8")], [["key"], "secret"]);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  } finally {
    rmSync(root, { recursive: true });
  }
});
