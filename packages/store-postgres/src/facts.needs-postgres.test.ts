// Facts on a real server: in a partition for each day, and in one order though transactions began anew.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type FactDraft, instantOf, type SessionId, type Store, type StoredFact, type TenantId } from "@hallpass/core";
import pg from "pg";
import { batchTexts } from "./batch-text.ts";
import { statements } from "./statements.ts";
import { openStore } from "./testing/open-store.ts";
import { startPostgres } from "./testing/postgres-server.ts";

const server = await startPostgres();
after(() => server.stop());

const DAY = 86_400_000;
const today = Math.floor(Date.now() / DAY);
const tenant = "main" as TenantId;
const session = "0198c2f0-0000-7000-8000-000000000001" as SessionId;

async function sql(text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(server.url);
  await client.connect();
  const result = await client.query(text);
  await client.end();
  return result.rows as Record<string, unknown>[];
}

const fact = (name: string, at: number = Date.now()): FactDraft => ({
  tenant,
  kind: "one",
  session,
  at: instantOf(at),
  body: JSON.stringify(name),
});

let attempts = 0;
async function record(store: Store, ...facts: readonly FactDraft[]): Promise<void> {
  attempts += 1;
  const [outcome] = await store.commit([{ attempt: `try ${attempts}`, rows: [], notices: [], facts }]);
  assert.equal(outcome?.kind, "committed");
}

async function all(store: Store, after_?: string): Promise<readonly StoredFact[]> {
  const query = { tenant, limit: 100, ...(after_ === undefined ? {} : { after: after_ }) };
  const { facts } = await store.facts(query);
  assert.deepEqual((await store.facts({ ...query, session })).facts, facts, "all of them are of that session");
  return facts;
}

const names = (facts: readonly StoredFact[]): readonly unknown[] =>
  facts.map(({ body }) => JSON.parse(body) as unknown);
const drop = (store: Store, before: number): ReturnType<Store["drop"]> =>
  store.drop({ horizon: instantOf(0), factsBefore: instantOf(before), limit: 10 });

async function partitions(schema: string): Promise<readonly unknown[]> {
  const found = await sql(
    `SELECT substr(relname, 7)::int8 AS day FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = '${schema}' AND relkind = 'r' AND relname ~ '^facts_[0-9]+$' ORDER BY 1`,
  );
  return found.map(({ day }) => Number(day) - today);
}

test("facts of a database whose transactions began anew are all shown, what comes later comes after them, and cursors go on [BAK-10]", async () => {
  const first = await openStore(server.url, "anew");
  await record(first, fact("a"));
  await record(first, fact("b"));
  await first.close();
  // As a dump of a cluster that had come much further has them.
  await sql("UPDATE anew.facts SET xid = xid + 5000000");
  const store = await openStore(server.url, "anew");
  const old = await all(store);
  assert.deepEqual(names(old), ["a", "b"]);
  await record(store, fact("c"));
  assert.deepEqual(names(await all(store)), ["a", "b", "c"]);
  assert.deepEqual(names(await all(store, old[1]?.cursor)), ["c"]);
  await store.close();
  const again = await openStore(server.url, "anew");
  await record(again, fact("d"));
  assert.deepEqual(names(await all(again)), ["a", "b", "c", "d"]);
  const [head] = await sql("SELECT facts_after FROM anew.head");
  assert.ok(Number(head?.["facts_after"]) > 4_000_000, "opened again, it stays as it is");
  await again.close();
});

test("no fact is shown before one that a transaction of before is still writing: a reader that goes on by its cursor misses none", async () => {
  const store = await openStore(server.url, "overlap");
  const client = new pg.Client({ connectionString: server.url, options: "-c search_path=overlap" });
  await client.connect();
  await client.query("BEGIN");
  const slow = { attempt: "slow", rows: [], notices: [], facts: [fact("slow")] };
  await client.query(statements.commit.text, [...batchTexts([slow]), "x"]);
  await record(store, fact("quick"));
  assert.deepEqual(names(await all(store)), []);
  await client.query("COMMIT");
  await client.end();
  assert.deepEqual(names(await all(store)), ["slow", "quick"]);
  await store.close();
});

test("each day's facts rest in a partition of their own, and go with it when the last of them is old enough [GRO-1]", async () => {
  const store = await openStore(server.url, "days");
  await drop(store, 0);
  assert.deepEqual(await partitions("days"), [2]);
  await record(store, fact("now"), fact("later", (today + 2) * DAY), fact("end", (today + 3) * DAY - 1));
  assert.deepEqual(names(await all(store)), ["now", "later", "end"]);
  await drop(store, (today + 3) * DAY - 1);
  assert.deepEqual(await partitions("days"), [2], "one fact of that day is not old enough");
  assert.deepEqual(names(await all(store)), ["later", "end"]);
  await drop(store, (today + 3) * DAY);
  assert.deepEqual(names(await all(store)), []);
  await record(store, fact("again", (today + 2) * DAY));
  assert.deepEqual(names(await all(store)), ["again"]);
  await store.close();
});

test("a fact of a day that nobody has prepared is kept, and dropped in its time [GRO-1]", async () => {
  const store = await openStore(server.url, "far");
  await record(store, fact("far", (today + 400) * DAY));
  assert.deepEqual(names(await all(store)), ["far"]);
  assert.deepEqual(await drop(store, (today + 400) * DAY), { more: false });
  assert.equal((await all(store)).length, 1);
  const fence = { key: { tenant, kind: "lease" as const, id: "nobody" }, version: 1 };
  const bounds = { horizon: instantOf(0), factsBefore: instantOf((today + 400) * DAY + 1), limit: 10 };
  assert.deepEqual(await store.drop({ ...bounds, fence }), { more: false, fenced: true });
  assert.equal((await all(store)).length, 1);
  await drop(store, (today + 400) * DAY + 1);
  assert.equal((await all(store)).length, 0);
  await store.close();
});

test("who reads facts keeps no drop, and no drop keeps a commit [GRO-2]", async () => {
  const store = await openStore(server.url, "busy");
  const client = new pg.Client(server.url);
  await client.connect();
  await client.query("BEGIN");
  await client.query("LOCK TABLE busy.facts IN SHARE UPDATE EXCLUSIVE MODE");
  const began = performance.now();
  const dropped = drop(store, 0);
  await record(store, fact("a"));
  await dropped;
  assert.ok(performance.now() - began < 3000, "it gave up, and nobody waited for it");
  assert.deepEqual(await partitions("busy"), []);
  await client.query("COMMIT");
  await client.end();
  await drop(store, 0);
  assert.deepEqual(await partitions("busy"), [2]);
  await store.close();
});

test("what a node of the release before commits is read, and its facts stand in the same order [GRO-1]", async () => {
  const store = await openStore(server.url, "before");
  await drop(store, 0);
  await record(store, fact("a"));
  const { tenant: t, kind: k, session: s, at: a, body: b } = fact("b");
  const batch = JSON.stringify([{ attempt: "old", rows: [], notices: [], facts: [{ t, k, s, a, b }] }]);
  await sql(`SET search_path = before; SELECT * FROM commit_1('${batch}'::jsonb, 'x')`);
  await record(store, fact("c"));
  assert.deepEqual(names(await all(store)), ["a", "b", "c"]);
  await store.close();
});
