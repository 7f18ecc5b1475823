import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "./config.ts";
import { startServer } from "./main.ts";

test("the line that says where a server listens is written as soon as it does, not with what is written each second", async () => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-test-"));
  const [waiting, written]: [string[], string[]] = [[], []];
  const logTo = {
    write: (line: string) => void waiting.push(line),
    flushSync: () => void written.push(...waiting.splice(0)),
  };
  const loaded = loadConfig({ env: {}, over: { development: "true", listen: "127.0.0.1:0", data } });
  assert.ok(loaded.ok);
  const server = await startServer(loaded.config, { logTo });
  try {
    const [line] = written.filter((text) => text.includes('"event":"listening"'));
    assert.ok(line?.includes(server.url));
  } finally {
    await server.close();
    rmSync(data, { recursive: true });
  }
});
