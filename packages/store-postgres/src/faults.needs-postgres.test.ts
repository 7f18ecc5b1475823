// A server that fails, is slow or goes away: an answer in bounded time, never a success that is none, and recovery by itself.

import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { after, test } from "node:test";
import { type Change, parseTenantId, type RowKey } from "@hallpass/core";
import { encodeBase64url } from "@hallpass/protocol";
import pg from "pg";
import { openStore } from "./testing/open-store.ts";
import { startPostgres } from "./testing/postgres-server.ts";

const server = await startPostgres();
after(() => server.stop());
const tenant = parseTenantId("main") ?? assert.fail();
const key: RowKey = { tenant, kind: "session", id: "s" };

function put(expect: number | "absent"): Change {
  const attempt = encodeBase64url(crypto.getRandomValues(new Uint8Array(8)));
  return { attempt, rows: [{ key, expect, next: { value: "v", expires: null } }], notices: [], facts: [] };
}

async function admin(sql: string): Promise<readonly unknown[]> {
  const client = new pg.Client(server.url);
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows as readonly unknown[];
}

test("a row that somebody else holds makes a commit fail in bounded time, and nothing was written", async () => {
  const store = await openStore(server.url, "slow", { statementMs: 300 });
  assert.equal((await store.commit([put("absent")]))[0]?.kind, "committed");
  const other = new pg.Client(server.url);
  await other.connect();
  await other.query("BEGIN");
  await other.query("SELECT 1 FROM slow.rows FOR UPDATE");
  const [outcome] = await store.commit([put(1)]);
  assert.equal(outcome?.kind, "failed");
  await other.query("ROLLBACK");
  await other.end();
  assert.equal((await store.read([key])).get(key)?.version, 1);
  assert.equal((await store.commit([put(1)]))[0]?.kind, "committed");
  await store.close();
});

test("a connection that is cut in the middle of a commit leaves the outcome unknown, and the next one works", async () => {
  const store = await openStore(server.url, "cut");
  await store.commit([put("absent")]);
  const other = new pg.Client(server.url);
  await other.connect();
  await other.query("BEGIN");
  await other.query("SELECT 1 FROM cut.rows FOR UPDATE");
  const committing = store.commit([put(1)]);
  const waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%commit_%'";
  while ((await admin(waiting)).length === 0);
  await admin(`SELECT pg_terminate_backend(pid) FROM (${waiting}) AS stuck`);
  assert.equal((await committing)[0]?.kind, "unknown");
  await other.query("ROLLBACK");
  await other.end();
  assert.equal((await store.commit([put(1)]))[0]?.kind, "committed");
  await store.close();
});

test("a socket that breaks under a commit leaves the outcome unknown, and the process lives", async () => {
  const { hostname, port } = new URL(server.url);
  const through = new Set<Socket>();
  const proxy = createServer((near) => {
    const far = connect(Number(port), hostname);
    through.add(near);
    for (const socket of [near, far]) socket.on("error", () => undefined);
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  assert.ok(typeof address === "object" && address !== null);
  const store = await openStore(server.url.replace(`:${port}/`, `:${address.port}/`), "broken");
  await store.commit([put("absent")]);
  const other = new pg.Client(server.url);
  await other.connect();
  await other.query("BEGIN");
  await other.query("SELECT 1 FROM broken.rows FOR UPDATE");
  const committing = store.commit([put(1)]);
  const waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%commit_%'";
  while ((await admin(waiting)).length === 0);
  for (const socket of through) socket.resetAndDestroy();
  assert.equal((await committing)[0]?.kind, "unknown");
  await other.query("ROLLBACK");
  await other.end();
  assert.notEqual((await store.read([key])).get(key), undefined);
  await store.close();
  proxy.close();
});

test("every connection that is lost is replaced, and wakes are heard again", async () => {
  const store = await openStore(server.url, "lost");
  await admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hallpass'");
  const woken = new Promise<void>((resolve) => store.onHeadMoved(resolve));
  await woken;
  const outcomes = await store.commit([put("absent")]);
  assert.equal(outcomes[0]?.kind, "committed");
  await store.close();
});

test("a store whose connections were just cut closes at once, also while it is about to listen again", async () => {
  for (let round = 0; round < 10; round += 1) {
    const store = await openStore(server.url, "closing");
    await admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hallpass'");
    await store.close();
    await assert.rejects(async () => store.read([key]), { code: "store_unavailable" });
  }
});

test("a server that is not there is a fault for whoever asks, and a failure that wrote nothing for whoever commits", async () => {
  const gone = await startPostgres();
  const store = await openStore(gone.url, "gone");
  await gone.stop();
  await assert.rejects(async () => store.read([key]), { code: "store_unavailable" });
  const [outcome] = await store.commit([put("absent")]);
  assert.ok(outcome?.kind === "failed" || outcome?.kind === "unknown");
  const [again] = await store.commit([put("absent")]);
  assert.equal(again?.kind, "failed");
  await store.close();
  await assert.rejects(openStore(gone.url, "gone"), { code: "store_unavailable" });
});

test("a close answers every read that was accepted, also those that wait for a place, and none that comes later", async () => {
  const store = await openStore(server.url, "waiting");
  await store.commit([put("absent")]);
  const accepted: unknown[] = [];
  for (let turn = 0; turn < 8; turn += 1) {
    accepted.push(store.read([key]));
    await Promise.resolve();
  }
  const closing = store.close();
  await assert.rejects(async () => store.read([key]), { code: "store_unavailable" });
  assert.equal((await Promise.allSettled(accepted)).filter(({ status }) => status === "rejected").length, 0);
  await closing;
});
