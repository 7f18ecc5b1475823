// Every kind of row has a number of its own on disk. Two had the same one: files of that release are mended when they are opened.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test, { type TestContext } from "node:test";
import { instantOf, parseTenantId, ROW_KINDS, type RowKey, type RowKind, type Store } from "@hallpass/core";
import { openSqliteStore } from "./sqlite-store.ts";

const tenant = parseTenantId("main") ?? assert.fail();
let attempts = 0;

test("rows of one id and every kind are told apart, alone and in lists", async (t) => {
  const store = await open(t, fileFor(t));
  for (const kind of ROW_KINDS) await put(store, { tenant, kind, id: "same" }, JSON.stringify(kind));
  for (const kind of ROW_KINDS) {
    const found = await store.read([{ tenant, kind, id: "same" }]);
    assert.equal(found.get({ tenant, kind, id: "same" })?.value, JSON.stringify(kind));
    assert.deepEqual(await valuesOf(store, kind), [JSON.stringify(kind)], kind);
  }
});

test("lists that rest under the number of policies are found as what they are, and policies stay", async (t) => {
  const file = fileFor(t);
  const before = await open(t, file);
  const id = "0198a1b2-0000-7000-8000-000000000001/0198a1b2-0000-7000-8000-000000000002";
  await put(before, { tenant, kind: "affected", id }, '["0198a1b2-0000-7000-8000-000000000002"]');
  await put(before, { tenant, kind: "policy", id: "consumer" }, '{"version":3}');
  await before.close();
  const db = new DatabaseSync(file);
  assert.equal(db.prepare("UPDATE rows SET kind = 11 WHERE kind = 13").run().changes, 1);
  db.exec("PRAGMA user_version = 1001");
  db.close();

  const store = await open(t, file);
  assert.deepEqual(await valuesOf(store, "policy"), ['{"version":3}']);
  assert.deepEqual(await valuesOf(store, "affected"), ['["0198a1b2-0000-7000-8000-000000000002"]']);
});

async function put(store: Store, key: RowKey, value: string): Promise<void> {
  attempts += 1;
  const attempt = Buffer.from(String(attempts).padStart(8)).toString("base64url");
  const next = { value, expires: instantOf(4e12), refs: [] };
  await store.commit([{ attempt, rows: [{ key, expect: "absent", next }], notices: [], facts: [] }]);
}

async function valuesOf(store: Store, kind: RowKind): Promise<readonly string[]> {
  return (await store.list({ tenant, kind, limit: 10 })).map(({ value }) => value);
}

async function open(t: TestContext, file: string): Promise<Store> {
  const clock = { now: () => instantOf(Date.now()) };
  const store = await openSqliteStore({ file, clock, dice: { bytes: (length) => new Uint8Array(length) } });
  t.after(() => store.close());
  return store;
}

function fileFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-kinds-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "hallpass.db");
}
