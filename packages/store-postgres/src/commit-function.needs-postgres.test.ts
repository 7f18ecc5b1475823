// The function that commits a batch, asked by itself: beside a node of the release before, and what no store would send it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Change, parseTenantId, type RowKey } from "@hallpass/core";
import { encodeBase64url } from "@hallpass/protocol";
import pg from "pg";
import { batchTexts } from "./batch-text.ts";
import { openClient } from "./connections.ts";
import { statements } from "./statements.ts";
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
  const twice = batchTexts([changeOf(put(1, 1, "a")), changeOf(put(1, 1, "b")), changeOf(put(2, 1, "c"))]);
  await assert.rejects(client.query(statements.commit.text, [...twice, "x"]), /a row stands twice in one batch/);
  const gone = { key: key(1), expect: 1, next: "gone" } as const;
  const removed = batchTexts([changeOf(gone), changeOf(gone)]);
  await assert.rejects(client.query(statements.commit.text, [...removed, "x"]), /a row stands twice in one batch/);
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

test("what several changes of a batch compare alike fails all of them, and none that compares it otherwise", async () => {
  const store = await openStore(server.url, "alike");
  await store.commit([changeOf(put(1, "absent"))]);
  const compared = (n: number, expect: number | "absent") => ({ key: key(n), expect, next: "same" }) as const;
  const outcomes = await store.commit([
    changeOf(compared(1, 2), put(2, "absent")),
    changeOf(put(3, "absent"), compared(1, 2)),
    changeOf(compared(1, 1), put(4, "absent")),
    changeOf(compared(1, "absent"), put(5, "absent")),
    changeOf(compared(1, "absent"), put(6, "absent")),
    changeOf(compared(9, "absent"), put(7, "absent")),
    changeOf(compared(9, "absent"), compared(1, 1), put(8, "absent")),
  ]);
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ["conflict", "conflict", "committed", "conflict", "conflict", "committed", "committed"],
  );
  const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
  const snapshot = await store.read(numbers.map(key));
  assert.deepEqual(
    numbers.filter((n) => snapshot.get(key(n)) !== undefined),
    [1, 4, 7, 8],
  );
  await store.close();
});

test("[GRO-8] a batch that was planned on an empty or a small table looks at few rows of the large one", async () => {
  const MANY = 5000;
  const small = [changeOf(put(1, 1)), changeOf({ key: key(2), expect: 1, next: "gone" })];
  const empty = [changeOf(put(MANY, "absent")), changeOf({ key: key(MANY + 1), expect: "absent", next: "same" })];
  for (const { schema, size, batch } of [
    { schema: "empty", size: 0, batch: empty },
    { schema: "small", size: 5, batch: small },
  ]) {
    await (await openStore(server.url, schema)).close();
    const client = openClient(server.url, { schema, statementMs: 5000, connectMs: 3000 });
    await client.connect();
    const fill = (from: number, to: number) =>
      client.query(
        `INSERT INTO rows (tenant, kind, id, version, attempt, value)
          SELECT '${tenant}', 'session', 's-' || n, 1, 'a', 'v' FROM generate_series($1::int4, $2::int4 - 1) AS n`,
        [from, to],
      );
    async function rowsRead(): Promise<number> {
      await client.query("BEGIN");
      const values = [...batchTexts(batch), "x"];
      const { rows: answers } = await client.query({ name: "commit", text: statements.commit.text, values });
      assert.doesNotMatch((answers[0] as { readonly answer: string }).answer, /-/);
      const { rows } = await client.query(
        "SELECT (seq_tup_read + idx_tup_fetch)::int4 AS read FROM pg_stat_xact_user_tables WHERE relid = 'rows'::regclass",
      );
      await client.query("ROLLBACK");
      return (rows[0] as { readonly read: number }).read;
    }
    await fill(0, size);
    await client.query("ANALYZE rows");
    await rowsRead();
    await fill(size, MANY);
    // What the transaction before has read may be counted still.
    assert.ok((await rowsRead()) < 20);
    await client.end();
  }
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
