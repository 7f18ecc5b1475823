// What a process tells in its last moment.

import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { test } from "node:test";

const TALKS = join(import.meta.dirname, "../testing/talking-process.ts");
const LINES = 8000;

function talking(): ChildProcessByStdio<null, Readable, Readable> {
  const args = ["--conditions=hallpass-source", TALKS, String(LINES)];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
}

test("a process that ends has told all of it, also to a reader that begins when the last line was written", async () => {
  const child = talking();
  await once(child.stderr, "data");
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => (bytes += chunk.length));
  const [code] = (await once(child, "close")) as readonly unknown[];
  assert.equal(code, 0);
  assert.equal(bytes, LINES * 100);
});

test("a reader that takes nothing keeps no process from its end", async () => {
  const child = talking();
  const [code] = (await once(child, "exit")) as readonly unknown[];
  assert.equal(code, 0);
  child.stdout.destroy();
  child.stderr.destroy();
});
