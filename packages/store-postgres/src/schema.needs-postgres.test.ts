// Tables are made and completed by steps; a node serves only what it knows. No plan reads a whole table.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { instantOf } from "@hallpass/core";
import pg from "pg";
import { openClient } from "./connections.ts";
import { GENERATION, migratePostgres } from "./schema.ts";
import { statements } from "./statements.ts";
import { openStore } from "./testing/open-store.ts";
import { startPostgres } from "./testing/postgres-server.ts";

const server = await startPostgres();
after(() => server.stop());
const dice = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) };
const migrated = (schema: string): ReturnType<typeof migratePostgres> =>
  migratePostgres({ url: server.url, schema, dice });

async function sql(text: string): Promise<readonly unknown[]> {
  const client = new pg.Client(server.url);
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows as readonly unknown[];
}

test("eight who migrate at once make one schema, and a store opens on it", async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => migrated("many")));
  const { to } = all[0] ?? assert.fail();
  assert.ok(all.every((one) => one.to === to) && all.some(({ from }) => from === 0));
  assert.deepEqual(await sql("SELECT count(*)::int4 AS steps FROM many.schema_version"), [{ steps: to }]);
  const store = await openStore(server.url, "many");
  assert.equal((await store.read([])).head.pos.epoch, 1);
  await store.close();
});

/** What undoes each step. */
const MADE: readonly ((schema: string) => string)[] = [
  (schema) => `DROP TABLE ${schema}.head, ${schema}.rows, ${schema}.notices, ${schema}.facts`,
  (schema) => `DROP FUNCTION ${schema}.commit_1`,
  (schema) => `DROP TABLE ${schema}.primary_claim`,
  (schema) => `ALTER TABLE IF EXISTS ${schema}.head DROP COLUMN facts_after; DROP FUNCTION ${schema}.commit_2`,
  unpartitioned,
  (schema) => `DROP FUNCTION ${schema}.commit_3`,
  (schema) => `DROP FUNCTION ${schema}.commit_4`,
];

/** Facts in one table again, if there are any. */
function unpartitioned(schema: string): string {
  return `SET search_path = ${schema}; DROP FUNCTION tend_facts;
    ALTER TABLE IF EXISTS head DROP COLUMN facts_from;
    DO $$ BEGIN
      IF to_regclass('facts_before') IS NOT NULL THEN
        ALTER TABLE facts DETACH PARTITION facts_before;
        DROP TABLE facts;
        ALTER TABLE facts_before RENAME TO facts;
        ALTER TABLE facts ALTER place ADD GENERATED ALWAYS AS IDENTITY;
      END IF;
    END $$;
    DROP SEQUENCE facts_place`;
}

test("a migration that was cut off after any step goes on where it stopped", async () => {
  const { to } = await migrated("whole");
  assert.equal(to, MADE.length);
  for (let done = 0; done < to; done += 1) {
    const schema = `cut_${done}`;
    await migrated(schema);
    // As if it had been killed: what the later steps made is gone with their lines.
    await sql(`DELETE FROM ${schema}.schema_version WHERE step >= ${done}`);
    for (const made of MADE.slice(done)) await sql(made(schema));
    await assert.rejects(openStore(server.url, schema), (fault: Error) => /hallpass migrate/.test(String(fault.cause)));
    assert.deepEqual(await migrated(schema), { from: done, to });
    await (await openStore(server.url, schema)).close();
  }
});

test("steps that a later release has added are served, and a later generation is refused", async () => {
  const { to } = await migrated("later");
  await sql(`INSERT INTO later.schema_version VALUES (${to}, now())`);
  await (await openStore(server.url, "later")).close();
  await sql(`INSERT INTO later.schema_version VALUES (${GENERATION}, now())`);
  await assert.rejects(openStore(server.url, "later"), (fault: Error) => /later generation/.test(String(fault.cause)));
  await assert.rejects(migrated("later"), /later generation/);
});

test("a name that could be more than a name is refused", async () => {
  for (const name of ["", "a-b", 'a"b', "A", "1a", "a".repeat(64)]) {
    await assert.rejects(migrated(name), RangeError, name);
  }
});

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Cond"?: string;
  readonly Plans?: readonly Plan[];
}

function nodesOf(plan: Plan): readonly Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

test("[GRO-8] a statement that was planned on empty tables, or on the statistics of small ones, finds everything by an index and in its order", async () => {
  await migrated("plans");
  const settings = { schema: "plans", statementMs: 5000, connectMs: 3000 };
  for (const before of ["SELECT", "ANALYZE"]) {
    await sql(before);
    const client = openClient(server.url, settings);
    await client.connect();
    let byIndex = 0;
    for (const { name, text } of Object.values(statements)) {
      if (text.includes("DELETE")) continue;
      await client.query(`PREPARE ${name} AS ${text}`);
      const most = Math.max(0, ...(text.match(/(?<=\$)[0-9]+/g) ?? []).map(Number));
      const values = most === 0 ? "" : `(${Array(most).fill("NULL").join(", ")})`;
      const { rows } = await client.query(`EXPLAIN (FORMAT JSON) EXECUTE ${name}${values}`);
      const [{ Plan: plan }] = (rows[0] as { readonly "QUERY PLAN": readonly [{ readonly Plan: Plan }] })["QUERY PLAN"];
      for (const node of nodesOf(plan)) {
        const table = node["Relation Name"];
        if (table === undefined || !node["Node Type"].endsWith("Scan") || table === "head") continue;
        assert.match(node["Node Type"], /^Index (Only )?Scan$/, `${name} reads ${table}`);
        assert.ok(node["Index Cond"] !== undefined, `${name} looks through an index of ${table}`);
        byIndex += 1;
      }
    }
    await client.end();
    assert.ok(byIndex > 10);
  }
});

test("[GRO-6] [GRO-8] a statement that drops, planned on emptied tables, takes from full ones the first that end, and no more than it may", async (t) => {
  const MANY = 2000;
  const store = await openStore(server.url, "dropping");
  t.after(() => store.close());
  const fill = `INSERT INTO dropping.notices SELECT n, 1, 'main', 'm', 'b', 0, n FROM generate_series(1, ${MANY}) AS n;
    INSERT INTO dropping.facts (xid, tenant, kind, at, body) SELECT n, 'main', 'old', n, '{}' FROM generate_series(1, ${MANY}) AS n`;
  await sql(`${fill}; DELETE FROM dropping.notices; DELETE FROM dropping.facts`);
  await sql("VACUUM ANALYZE");
  const bound = instantOf(MANY + 1);
  const ofKind = { kind: "old", from: instantOf(0), before: bound };
  const dropped = (factsOf: readonly (typeof ofKind)[]) =>
    store.drop({ horizon: bound, factsBefore: bound, factsOf, limit: 10 });
  assert.deepEqual(await dropped([ofKind]), { more: false });
  await sql(fill);
  const left = async (): Promise<unknown> => {
    const [first] = await sql(
      "SELECT (SELECT min(seq) FROM dropping.notices)::int4 AS notice, (SELECT min(xid) FROM dropping.facts)::int4 AS fact",
    );
    return first;
  };
  assert.deepEqual(await dropped([]), { more: true });
  assert.deepEqual(await left(), { notice: 11, fact: 11 });
  assert.deepEqual(await dropped([ofKind]), { more: true });
  assert.deepEqual(await left(), { notice: 21, fact: 31 });
});
