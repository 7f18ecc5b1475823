// `node --conditions=hallpass-source conformance/postgres-versions/contract.ts 18`
// The contract of a store, whole, on one release of PostgreSQL, and what the schema relies on besides. The same file is the program that the
// rule about killing kills.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Store } from "@hallpass/core";
import { commitUntilKilled, storeContract } from "@hallpass/store-contract";
import { migratePostgres, openPostgresStore } from "@hallpass/store-postgres";
import { startPostgres } from "@hallpass/store-postgres/testing";
import pg from "pg";
import { systemClock, systemDice, systemScheduler } from "../../packages/server/src/host/system-ports.ts";
import { binariesOf } from "./binaries.ts";

const dice = systemDice();
const openStore = (url: string, schema: string): Promise<Store> =>
  openPostgresStore({ url, schema, dice, clock: systemClock, scheduler: systemScheduler });

const [role = "", url, schema] = process.argv.slice(2);
if (role === "commit until killed" && url !== undefined && schema !== undefined) {
  await commitUntilKilled(await openStore(url, schema));
} else {
  const server = await startPostgres({}, binariesOf(role));
  after(() => server.stop());
  let schemas = 0;
  storeContract(`postgres ${role}`, async () => {
    schemas += 1;
    const fresh = `store_${schemas}`;
    return {
      store: await openStore(server.url, fresh),
      reopen: () => openStore(server.url, fresh),
      committer: ["--conditions=hallpass-source", import.meta.filename, "commit until killed", server.url, fresh],
    };
  });

  test("the server is of the release that was asked for", async () => {
    const client = new pg.Client(server.url);
    await client.connect();
    const { rows } = await client.query("SHOW server_version_num");
    await client.end();
    const [{ server_version_num: found }] = rows as [{ server_version_num: string }];
    assert.equal(Math.floor(Number(found) / 10_000), Number(role));
  });

  test("eight who migrate at once make one schema", async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, () => migratePostgres({ url: server.url, schema: "migrated", dice })),
    );
    assert.equal(new Set(all.map(({ to }) => to)).size, 1);
    assert.ok(all.some(({ from }) => from === 0));
  });
}
