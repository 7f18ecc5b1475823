// Tokens that processes share, in real files and real processes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { fileTokenStoreOn } from "./file-store.ts";
import { platformTiming } from "./runtime.ts";
import { type Stage, stage } from "./testing/stage.test.ts";
import type { TokenStore } from "./token-store.ts";

const KEY = '["https://auth.example","orders",null,null]';

function directory(t: TestContext): string {
  const path = join(mkdtempSync(join(tmpdir(), "hallpass-tokens-")), "tokens");
  t.after(() => rmSync(join(path, ".."), { recursive: true }));
  return path;
}

async function played(t: TestContext): Promise<{ scene: Stage; path: string; store: TokenStore }> {
  const scene = await stage();
  t.after(scene.end);
  const path = directory(t);
  return { scene, path, store: fileTokenStoreOn(scene.timing, path) };
}

function onlyEntry(path: string): string {
  const names = readdirSync(path);
  assert.equal(names.length, 1, names.join());
  return join(path, names[0] ?? "");
}

test("an entry is a file that nobody else may read, in such a directory, and nothing of the secret stands in it", async (t) => {
  const { scene, path, store } = await played(t);
  const token = await scene.another({ store }).token();
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.equal(statSync(onlyEntry(path)).mode & 0o777, 0o600);
  const text = readFileSync(onlyEntry(path), "utf8");
  assert.deepEqual([text.includes(token), text.includes(scene.secret), text.includes("refresh")], [true, false, false]);
});

test("a token that one client got is used by the next, for the same scope and resource only", async (t) => {
  const { scene, path, store } = await played(t);
  const token = await scene.another({ store }).token({ scope: ["keys:read"] });
  assert.equal(await scene.another({ store }).token({ scope: ["keys:read"] }), token);
  assert.equal(scene.asked(), 1);
  await scene.another({ store }).token();
  await scene.another({ store }).token({ scope: ["keys:read"], resource: "http://localhost:8026" });
  assert.deepEqual([scene.asked(), readdirSync(path).length], [3, 3]);
});

test("one client renews for all, and one whose token was refused does not take it from the store again", async (t) => {
  const { scene, store } = await played(t);
  const [one, two] = [scene.another({ store }), scene.another({ store })];
  const token = await one.token();
  assert.equal(await two.token(), token);
  scene.clock.advance(5000);
  assert.equal(await scene.post("/oauth2/revoke", token, {}), 200);
  for (const client of [one, two]) assert.equal((await client.fetchFor()(`${scene.url}/v1/clients`)).status, 200);
  assert.equal(scene.asked(), 2);
  assert.equal(await one.token(), await two.token());
});

test("an entry that others may read, is not whole, is another's or comes from the future counts as not there", async (t) => {
  const { scene, path, store } = await played(t);
  await scene.another({ store }).token();
  const file = onlyEntry(path);
  const good = readFileSync(file, "utf8");
  const entry: Record<string, unknown> = JSON.parse(good);
  const spoilt = [
    good.slice(0, -1),
    "",
    JSON.stringify({ ...entry, key: KEY }),
    JSON.stringify({ ...entry, token: 1 }),
    JSON.stringify({ ...entry, issued_at: scene.clock.now() + 1 }),
    JSON.stringify({ ...entry, expires_at: scene.clock.now() }),
  ];
  let asked = scene.asked();
  for (const text of spoilt) {
    writeFileSync(file, text, { mode: 0o600 });
    await scene.another({ store }).token();
    assert.equal(scene.asked(), (asked += 1), text);
  }
  chmodSync(file, 0o640);
  await scene.another({ store }).token();
  assert.deepEqual([scene.asked(), statSync(file).mode & 0o777], [asked + 1, 0o600]);
});

test("a store that can't be written costs requests and no token, and its fault is told", async (t) => {
  const { scene, path } = await played(t);
  writeFileSync(path, "a file stands where the directory should be");
  const faults: unknown[] = [];
  const store = fileTokenStoreOn(scene.timing, path);
  const client = scene.another({ store, onStoreFault: (fault) => faults.push(fault) });
  assert.equal(await client.token(), await client.token());
  assert.equal(scene.asked(), 1);
  assert.equal(faults.length > 0, true);
});

test("a lock is waited for until it is over, or older than fifteen seconds", async (t) => {
  const { path } = { path: directory(t) };
  const store = fileTokenStoreOn(platformTiming(), path);
  const order: string[] = [];
  const release = Promise.withResolvers<void>();
  const first = store.exclusively(KEY, async () => {
    order.push("first in");
    await release.promise;
    order.push("first out");
  });
  while (order.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const second = store.exclusively(KEY, async () => order.push("second"));
  release.resolve();
  await Promise.all([first, second]);
  assert.deepEqual([order, readdirSync(path)], [["first in", "first out", "second"], []]);
  const dead = store.exclusively(KEY, async () => {
    const lock = onlyEntry(path);
    const long = Date.now() / 1000 - 16;
    utimesSync(lock, long, long);
    assert.equal(await store.exclusively(KEY, async () => "went on"), "went on");
  });
  await dead;
  assert.deepEqual(readdirSync(path), []);
});

test("eight processes that start together ask once, and use one token", async (t) => {
  const { scene, path } = await played(t);
  const before = scene.clock.now();
  const program = `
    import { createServiceClient } from ${JSON.stringify(import.meta.resolve("./index.ts"))};
    import { fileTokenStore } from ${JSON.stringify(import.meta.resolve("./file-store.ts"))};
    const [issuer, directory, clientSecret] = process.env.GIVEN.split(" ");
    const store = fileTokenStore(directory);
    console.log(await createServiceClient({ issuer, clientId: "operator", clientSecret, store }).token());
  `;
  const args = ["--conditions=hallpass-source", "--input-type=module", "-e", program];
  const env = { ...process.env, GIVEN: [scene.url, path, scene.secret].join(" ") };
  const run = promisify(execFile);
  const printed = await Promise.all(Array.from({ length: 8 }, () => run(process.execPath, args, { env })));
  const tokens = new Set(printed.map(({ stdout }) => stdout.trim()));
  assert.deepEqual([tokens.size, scene.clock.now()], [1, before]);
  const { token } = JSON.parse(readFileSync(onlyEntry(path), "utf8")) as { readonly token: string };
  assert.deepEqual(tokens, new Set([token]));
});
