// What a drain does not wait for: a store that never ends, for which the test waits as long as a drain may, and all that a sweep has before it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Config, loadConfig } from "../config.ts";
import { systemScheduler } from "../host/system-ports.ts";
import { startServer } from "../main.ts";

function config(t: TestContext): Config {
  const data = mkdtempSync(join(tmpdir(), "hallpass-left-"));
  t.after(() => rmSync(data, { recursive: true }));
  const over = { development: "true", data, store: "memory", listen: "127.0.0.1:0", shutdown_limit: "1s" };
  const loaded = loadConfig({ env: {}, over });
  assert.ok(loaded.ok);
  return loaded.config;
}

test("a drain ends when its time is over although the store never does, and says that not everything had ended", async (t) => {
  let lines = "";
  const server = await startServer(config(t), {
    wrapStore: (store) => ({ ...store, close: () => new Promise<void>(() => {}) }),
    logTo: { write: (line) => void (lines += line) },
  });
  await assert.rejects(server.close(), /not everything had ended/);
  await assert.rejects(server.close(), /not everything had ended/);
  assert.match(lines, /"event":"not_drained"/);
  assert.doesNotMatch(lines, /"event":"closed"/);
});

test("a drain that begins in the middle of a sweep waits for its step, and not for those that were to follow", async (t) => {
  const asked: string[] = [];
  const sweeping = Promise.withResolvers<void>();
  const draining = Promise.withResolvers<void>();
  const server = await startServer(config(t), {
    wrapStore: (store) => ({
      ...store,
      due: async (query) => {
        asked.push(query.kind);
        sweeping.resolve();
        await draining.promise;
        return store.due(query);
      },
    }),
    // The sweep is the one that waits for five seconds.
    scheduler: { after: (ms, task) => systemScheduler.after(ms === 5000 ? 0 : ms, task) },
    logTo: { write: () => {} },
  });
  await sweeping.promise;
  const closed = server.close();
  draining.resolve();
  await closed;
  assert.deepEqual(asked, ["session"]);
});
