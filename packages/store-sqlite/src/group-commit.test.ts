// Writing happens elsewhere: the caller's thread reads and turns while a commit waits, and what waits travels together.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test, { type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { type Change, instantOf, type NoticeDraft, type Outcome, parseTenantId, type Store } from "@hallpass/core";
import { openSqliteStore } from "./sqlite-store.ts";

const tenant = parseTenantId("main");
assert.ok(tenant !== undefined);
const notice: NoticeDraft = { tenant, mark: "AAAAAAAAAAA", body: "{}", livesMs: 1000 };
const change: Change = { attempt: "AAAAAAAAAAA", rows: [], notices: [notice], facts: [] };

test("while a commit can't go on, reads are answered, the event loop turns, and the outcome is not given [G-16]", async (t) => {
  const { store, other } = await openTwice(t);
  other.exec("BEGIN IMMEDIATE");
  const outcomes: Outcome[] = [];
  const committing = store.commit([change]).then((given) => outcomes.push(...given));
  for (let n = 0; n < 100; n += 1) {
    assert.equal((await store.read([])).head.pos.seq, 0);
    await turn();
  }
  assert.equal(outcomes.length, 0);
  other.exec("COMMIT");
  await committing;
  assert.equal(outcomes[0]?.kind, "committed");
  assert.equal((await store.read([])).head.pos.seq, 1);
});

test("calls that arrive while a commit is under way share one transaction, the next", async (t) => {
  const { store, other } = await openTwice(t);
  other.exec("BEGIN IMMEDIATE");
  const first = store.commit([change]);
  await turn();
  const later = Array.from({ length: 20 }, () => store.commit([change]));
  await turn();
  other.exec("COMMIT");
  const timeOf = ([outcome]: readonly Outcome[]): number => (outcome?.kind === "committed" ? outcome.at : -1);
  const times = (await Promise.all([first, ...later])).map(timeOf);
  // The clock moves with every look, and a transaction looks once.
  assert.equal(new Set(times).size, 2);
  assert.equal(new Set(times.slice(1)).size, 1);
});

test("another connection that holds the file makes a commit fail in bounded time, and nothing was written [G-08]", async (t) => {
  const { store, other } = await openTwice(t);
  other.exec("BEGIN IMMEDIATE");
  const [outcome] = await store.commit([change]);
  assert.equal(outcome?.kind, "failed");
  other.exec("COMMIT");
  assert.equal((await store.read([])).head.pos.seq, 0);
  assert.equal((await store.commit([change]))[0]?.kind, "committed");
});

test("a queue that is full refuses before any work, and goes on when it has room", async (t) => {
  const { store, other } = await openTwice(t);
  other.exec("BEGIN IMMEDIATE");
  const accepted = store.commit(Array.from({ length: 8192 }, () => change));
  const [refused] = await store.commit([change]);
  assert.ok(refused?.kind === "failed" && refused.cause instanceof Error);
  assert.equal(refused.cause.message, "overloaded");
  other.exec("COMMIT");
  assert.ok((await accepted).every(({ kind }) => kind === "committed"));
  assert.equal((await store.commit([change]))[0]?.kind, "committed");
});

async function openTwice(t: TestContext): Promise<{ readonly store: Store; readonly other: DatabaseSync }> {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-group-"));
  const file = join(directory, "hallpass.db");
  let now = 0;
  const clock = { now: () => instantOf((now += 1)) };
  const store = await openSqliteStore({ file, clock, dice: { bytes: (length) => new Uint8Array(length) } });
  const other = new DatabaseSync(file);
  t.after(async () => {
    other.close();
    await store.close();
    rmSync(directory, { recursive: true });
  });
  return { store, other };
}
