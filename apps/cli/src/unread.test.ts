import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";

test("a command whose reader has gone does not end as one that is done [NB-57]", async () => {
  const words = ["--conditions=hallpass-source", join(import.meta.dirname, "main.ts"), "--help"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "ignore"], env: {} });
  child.stdout.destroy();
  assert.deepEqual(await once(child, "exit"), [141, null]);
});
