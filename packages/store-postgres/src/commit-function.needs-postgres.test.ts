// The function that commits a batch, asked by itself: beside a node of the release before, and what no store would send it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Change, parseTenantId, type RowKey } from "@hallpass/core";
import { encodeBase64url } from "@hallpass/protocol";
import pg from "pg";
import { batchToText } from "./batch-text.ts";
import { openStore } from "./testing/open-store.ts";
import { startPostgres } from "./testing/postgres-server.ts";

const server = await startPostgres();
after(() => server.stop());
const tenant = parseTenantId("main") ?? assert.fail();
const key = (n: number): RowKey => ({ tenant, kind: "session", id: `s-${n}` });
const attempt = (): string => encodeBase64url(crypto.getRandomValues(new Uint8Array(8)));

function changeOf(...rows: Change["rows"]): Change {
  return { attempt: attempt(), rows, notices: [], facts: [] };
}

function put(n: number, expect: number | "absent", value = "v"): Change["rows"][number] {
  return { key: key(n), expect, next: { value, expires: null } };
}

async function connected(schema: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: server.url, options: `-c search_path=${schema}` });
  await client.connect();
  return client;
}

test("a row that stands twice in one batch is refused, and nothing of the batch is written", async () => {
  const store = await openStore(server.url, "twice");
  await store.commit([changeOf(put(1, "absent"), put(2, "absent"))]);
  const client = await connected("twice");
  const twice = batchToText([changeOf(put(1, 1, "a")), changeOf(put(1, 1, "b")), changeOf(put(2, 1, "c"))]);
  await assert.rejects(client.query("SELECT commit_3($1::jsonb, 'x')", [twice]), /a row stands twice in one batch/);
  const gone = { key: key(1), expect: 1, next: "gone" } as const;
  const removed = batchToText([changeOf(gone), changeOf(gone)]);
  await assert.rejects(client.query("SELECT commit_3($1::jsonb, 'x')", [removed]), /a row stands twice in one batch/);
  await client.end();
  const snapshot = await store.read([key(1), key(2)]);
  assert.deepEqual(
    [1, 2].map((n) => [snapshot.get(key(n))?.value, snapshot.get(key(n))?.version]),
    [
      ["v", 1],
      ["v", 1],
    ],
  );
  await store.close();
});

test("nodes of this release and of the one before write and compare the same rows side by side: each version once, and no deadlock", async () => {
  const ROWS = 6;
  const ROUNDS = 40;
  const store = await openStore(server.url, "beside");
  await store.commit([changeOf(...Array.from({ length: ROWS }, (_, n) => put(n, "absent")))]);
  const client = await connected("beside");
  /** One row is written, the others are compared, so that whoever locked in another order would wait for one that waits for it. */
  async function versions(): Promise<readonly number[]> {
    const snapshot = await store.read(Array.from({ length: ROWS }, (_, n) => key(n)));
    return Array.from({ length: ROWS }, (_, n) => snapshot.get(key(n))?.version ?? 0);
  }
  let committed = 0;
  async function now(): Promise<void> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const seen = await versions();
      const rows = seen.map((version, n) =>
        n === round % ROWS ? put(n, version) : { key: key(n), expect: version, next: "same" as const },
      );
      const [outcome] = await store.commit([changeOf(...rows)]);
      assert.ok(outcome?.kind === "committed" || outcome?.kind === "conflict");
      if (outcome.kind === "committed") committed += 1;
    }
  }
  async function before(): Promise<void> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const seen = await versions();
      const rows = seen.map((e, n) =>
        (n + round) % ROWS === 0
          ? { t: tenant, k: "session", i: key(n).id, e, f: "put", v: "old", x: null, r: [] }
          : { t: tenant, k: "session", i: key(n).id, e, f: "same" },
      );
      const batch = JSON.stringify([{ attempt: attempt(), rows, notices: [], facts: [] }]);
      const { rows: outcomes } = await client.query("SELECT outcome FROM commit_2($1::jsonb, 'x')", [batch]);
      if ((outcomes[0] as { readonly outcome: string }).outcome === "committed") committed += 1;
    }
  }
  await Promise.all([now(), before()]);
  const written = (await versions()).reduce((sum, version) => sum + version - 1, 0);
  assert.equal(written, committed);
  assert.ok(committed > 0);
  const { rows } = await client.query(
    "SELECT deadlocks::int4 FROM pg_stat_database WHERE datname = current_database()",
  );
  assert.deepEqual(rows, [{ deadlocks: 0 }]);
  await client.end();
  await store.close();
});
