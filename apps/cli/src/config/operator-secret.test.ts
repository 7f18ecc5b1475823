import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../run.ts";

test("the operator's secret is made into a file of its owner's, its hash alone is shown, and no file is written over", async () => {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-operator-"));
  const path = join(directory, "operator-credentials");
  const made = async (): Promise<{ readonly code: number; readonly out: string; readonly said: string }> => {
    const written = { out: "", said: "" };
    const code = await run(["config", "operator-secret", "--secret-file", path], {
      env: {},
      out: (text) => void (written.out += text),
      say: (text) => void (written.said += text),
      readInput: async () => "",
      now: () => 0,
    });
    return { code, ...written };
  };
  const first = await made();
  const credentials = readFileSync(path, "utf8");
  const secret = /^operator:(hpc_[\w-]+)\n$/.exec(credentials)?.[1] ?? assert.fail(first.said);
  assert.equal(first.out, `${createHash("sha256").update(secret).digest("hex")}\n`);
  assert.ok(!`${first.out}${first.said}`.includes(secret));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const second = await made();
  assert.deepEqual([second.code, second.out], [2, ""]);
  assert.equal(readFileSync(path, "utf8"), credentials);
  rmSync(directory, { recursive: true });
});
