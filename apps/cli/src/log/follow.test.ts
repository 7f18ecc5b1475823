import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig, startServer } from "@hallpass/server";
import { run } from "../run.ts";

test("who follows the log sees a session when it is opened, and is told when the server is gone", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-log-"));
  t.after(() => rmSync(data, { recursive: true }));
  const loaded = loadConfig({
    env: {},
    over: { development: "true", data, listen: "127.0.0.1:0", log_level: "silent" },
  });
  assert.ok(loaded.ok);
  const server = await startServer(loaded.config);
  const { promise: seen, resolve: see } = Promise.withResolvers<string>();
  const say = (): void => {};
  const terminal = { say, readInput: async () => "", env: { HALLPASS_DATA: data }, now: () => Date.now() };
  const following = run(["log", "--follow", "--kind", "session_opened"], { ...terminal, out: see });
  const words = ["sessions", "open", "--subject", "ada", "--client", "demo", "--json"];
  let opened = "";
  assert.equal(await run(words, { ...terminal, out: (text) => void (opened += text) }), 0);
  const { session } = JSON.parse(opened) as { readonly session: { readonly id: string } };
  assert.ok((await seen).includes(session.id));
  await server.close();
  assert.equal(await following, 4);
});
