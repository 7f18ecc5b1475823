// A failover through a real PgBouncer: nothing outlives a transaction there, neither the schema nor a statement's name.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Position } from "@hallpass/protocol";
import pg from "pg";
import { openStore } from "./testing/open-store.ts";
import { startPgBouncer } from "./testing/pgbouncer.ts";
import { startPostgres } from "./testing/postgres-server.ts";

const LEASE = 3000;

test("behind a pooler, a history is ended with what stands in the store's own schema [PRI-5]", async (t) => {
  const server = await startPostgres();
  t.after(() => server.stop());
  const pooler = await startPgBouncer(server.url);
  t.after(() => pooler.stop());
  const schema = "hallpass_shop";
  await (await openStore(pooler.url, schema)).close();
  const client = new pg.Client(server.url);
  await client.connect();
  // As after a promotion.
  await client.query(`UPDATE ${schema}.primary_claim SET server = '1/00000001'`);
  await client.end();
  const heads: Position[] = [];
  const store = await openStore(pooler.url, schema, {
    // The wait for the leases of before is shown elsewhere.
    scheduler: {
      after: (ms, task) => {
        const timer = setTimeout(task, ms === LEASE * 1.001 ? 0 : ms);
        return () => clearTimeout(timer);
      },
    },
    endHistory: async (bare) => {
      heads.push((await bare.read([])).head.pos);
    },
  });
  assert.deepEqual(heads, [(await store.read([])).head.pos]);
  await store.close();
});
