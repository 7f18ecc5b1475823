import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
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

test("who follows the log goes on with another token when one is over, and misses nothing", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-log-"));
  t.after(() => rmSync(data, { recursive: true }));
  const loaded = loadConfig({
    env: {},
    over: { development: "true", data, listen: "127.0.0.1:0", log_level: "silent" },
  });
  assert.ok(loaded.ok);
  let ahead = 0;
  type Clock = NonNullable<NonNullable<Parameters<typeof startServer>[1]>["clock"]>;
  const now = (): ReturnType<Clock["now"]> => (Date.now() + ahead) as ReturnType<Clock["now"]>;
  const server = await startServer(loaded.config, { clock: { now, monotonic: () => performance.now() + ahead } });
  const heard: string[] = [];
  let wake = (): void => {};
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const terminal = { say, readInput: async () => "", env: { HALLPASS_DATA: data }, now: () => Date.now() };
  const following = run(["log", "--follow", "--kind", "session_opened"], {
    ...terminal,
    out: (text) => {
      heard.push(text);
      wake();
    },
  });
  const words = ["sessions", "open", "--subject", "ada", "--client", "demo", "--json"];
  for (let count = 1; count <= 3; count += 1) {
    const isHeard = new Promise<void>((resolve) => {
      wake = resolve;
    });
    assert.equal(await run(words, { ...terminal, out: () => {} }), 0);
    await isHeard;
    // The token that it follows with is over, and the next look finds that.
    ahead += 700_000;
  }
  await server.close();
  assert.equal(await following, 4);
  assert.equal(heard.length, 3);
  assert.ok(said.some((text) => text.includes("--after ")));
});

test("what no Hallpass server would answer steers no terminal, though it is quoted [NB-53]", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "hallpass-log-"));
  t.after(() => rmSync(data, { recursive: true }));
  writeFileSync(join(data, "operator-credentials"), "operator:secret", { mode: 0o600 });
  const other = createServer((request, response) => {
    const isToken = request.url === "/oauth2/token";
    response.setHeader("content-type", isToken ? "application/json" : "application/x-ndjson");
    response.end(isToken ? '{"access_token":"x"}' : "\u001b]0;another title\u0007\n");
  });
  t.after(() => other.close());
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  let said = "";
  const terminal = {
    out: () => {},
    say: (text: string) => void (said += text),
    readInput: async () => "",
    env: { HALLPASS_DATA: data },
    now: () => Date.now(),
  };
  const { port } = other.address() as AddressInfo;
  assert.notEqual(await run(["log", "--follow", "--url", `http://127.0.0.1:${port}`], terminal), 0);
  assert.match(said, /another title/);
  assert.doesNotMatch(said, /[^\P{C}\n]/u);
});
