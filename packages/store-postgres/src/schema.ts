// The tables, and the steps that lead to them. A step only adds and never rewrites a table, so it runs while nodes serve, and the
// release before goes on with the result. Each runs in a transaction of its own with the line that says it is done: whatever kills
// a migration, running it again goes on where it stopped. One migrates at a time, by an advisory lock.

import type { Dice } from "@hallpass/core";
import { encodeBase64url } from "@hallpass/protocol";
import type { Pool, PoolClient } from "pg";
import { CREATE_COMMIT_4 } from "./commit-function.ts";
import { CREATE_COMMIT_3 } from "./commit-function-3.ts";
import { openPool } from "./connections.ts";
import { CREATE_COMMIT_1, CREATE_COMMIT_2 } from "./earlier-commit-functions.ts";
import { FACTS_AFTER, PARTITION_FACTS } from "./facts.ts";
import { addressesOf } from "./hosts.ts";

/** A number that no other software's advisory lock should have: "Hall" and a one. */
const MIGRATION_LOCK = "5215575805405659137";

/** Milliseconds: a step may build an index over what is there. */
const MIGRATION_MS = 600_000;

const STEPS: readonly string[] = [
  `
  CREATE TABLE head (
    one int2 PRIMARY KEY CHECK (one = 1),
    epoch int8 NOT NULL, seq int8 NOT NULL, mark text NOT NULL, birth_mark text NOT NULL,
    dropped_seq int8 NOT NULL, dropped_horizon int8 NOT NULL
  );
  CREATE TABLE rows (
    tenant text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL,
    version int8 NOT NULL, attempt text NOT NULL, expires int8,
    not_before_epoch int8, not_before_seq int8, raised_at int8,
    refs jsonb, value text NOT NULL,
    PRIMARY KEY (tenant, kind, id)
  ) WITH (fillfactor = 80);
  CREATE INDEX rows_due ON rows (kind, expires) WHERE expires IS NOT NULL;
  -- seq never falls, not even across epochs, so it alone is the key.
  CREATE TABLE notices (
    seq int8 PRIMARY KEY, epoch int8 NOT NULL, tenant text COLLATE "C" NOT NULL,
    mark text NOT NULL, body text NOT NULL, at int8 NOT NULL, until int8 NOT NULL
  );
  CREATE INDEX notices_of_tenant ON notices (tenant, seq);
  CREATE INDEX notices_until ON notices (until);
  -- A lower place may commit later. Facts are read in the order of their transactions, below the oldest that still runs.
  CREATE TABLE facts (
    xid int8 NOT NULL, place int8 GENERATED ALWAYS AS IDENTITY,
    tenant text COLLATE "C" NOT NULL, kind text NOT NULL, session text COLLATE "C", at int8 NOT NULL, body text NOT NULL,
    PRIMARY KEY (xid, place)
  );
  CREATE INDEX facts_of_session ON facts (session, xid, place) WHERE session IS NOT NULL;
  CREATE INDEX facts_at ON facts (at);
  `,
  CREATE_COMMIT_1,
  // Which server nodes rely on: another one has taken its place when this line was copied there.
  "CREATE TABLE primary_claim (one int2 PRIMARY KEY CHECK (one = 1), server text NOT NULL)",
  `${FACTS_AFTER}; ${CREATE_COMMIT_2}`,
  PARTITION_FACTS,
  CREATE_COMMIT_3,
  CREATE_COMMIT_4,
];

/** Beyond it, a later release has changed what this one relies on. Steps that only add stay below the next thousand. */
export const GENERATION = 1000;

export interface Migrated {
  readonly from: number;
  readonly to: number;
}

/**
 * Makes the schema if it is not there, and completes it. May run beside nodes that serve, and beside itself.
 * Rejects with what the database says, and for a schema of a later generation; what was done until then stays, and is right.
 */
export async function migratePostgres(options: {
  readonly url: string;
  readonly schema: string;
  readonly dice: Dice;
}): Promise<Migrated> {
  const { url, schema, dice } = options;
  const refusals: unknown[] = [];
  for (const address of addressesOf(url)) {
    const settings = { schema, most: 1, statementMs: MIGRATION_MS, connectMs: 3000 };
    const pool = openPool(address, { ...settings, pooled: true });
    try {
      return await migrateOn(pool, schema, dice);
    } catch (error) {
      // A standby, or not there: the next host may be the primary.
      refusals.push(error);
    } finally {
      await pool.end();
    }
  }
  // Of several hosts each has its reason, and the whole has none.
  throw refusals.length === 1 ? refusals[0] : new AggregateError(refusals, "");
}

export async function migrateOn(pool: Pool, schema: string, dice: Dice): Promise<Migrated> {
  checkName(schema);
  const client = await pool.connect();
  try {
    return await migrate(client, schema, encodeBase64url(dice.bytes(8)));
  } finally {
    client.release(true);
  }
}

/** Throws a RangeError: the name stands in statements. */
export function checkName(schema: string): void {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new RangeError("a schema's name has at most 63 lower-case letters, digits and underscores");
  }
}

async function migrate(client: PoolClient, schema: string, birthMark: string): Promise<Migrated> {
  let from: number | undefined;
  for (;;) {
    // Whatever holds for a step is said in its transaction: a pooler may give the next one another connection.
    await client.query(`BEGIN; SET LOCAL statement_timeout = ${MIGRATION_MS}; SET LOCAL synchronous_commit = on`);
    await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    // Looked for in the table itself: what another migration made while this one waited is not in the caches yet.
    const { rows: found } = await client.query("SELECT FROM pg_namespace WHERE nspname = $1", [schema]);
    if (found.length === 0) await client.query(`CREATE SCHEMA "${schema}"`);
    await client.query(`SET LOCAL search_path = "${schema}"`);
    await client.query(
      "CREATE TABLE IF NOT EXISTS schema_version (step int4 PRIMARY KEY, done_at timestamptz NOT NULL)",
    );
    const step = await stepsDone(client, schema);
    from ??= step;
    refuseForeign(step);
    const sql = STEPS[step];
    if (sql !== undefined) {
      await client.query(sql);
      if (step === 0) await client.query("INSERT INTO head VALUES (1, 1, 0, $1, $1, 0, 0)", [birthMark]);
      await client.query("INSERT INTO schema_version VALUES ($1, now())", [step]);
    }
    await client.query("COMMIT");
    if (sql === undefined) return { from, to: step };
  }
}

/** Throws unless this release can serve the schema as it is: complete for it, and of its generation. */
export async function checkSchema(client: PoolClient, schema: string): Promise<void> {
  const done = await stepsDone(client, schema);
  refuseForeign(done);
  if (done < STEPS.length) {
    throw new Error(`the schema has ${done} of ${STEPS.length} steps: run "hallpass migrate" first`);
  }
}

/** Whether nothing was ever made here. */
export async function isEmpty(client: PoolClient, schema: string): Promise<boolean> {
  const { rows } = await client.query("SELECT to_regclass($1) IS NULL AS empty", [`"${schema}".schema_version`]);
  return (rows[0] as { readonly empty: boolean }).empty;
}

async function stepsDone(client: PoolClient, schema: string): Promise<number> {
  const { rows } = await client.query(`SELECT coalesce(max(step) + 1, 0) AS done FROM "${schema}".schema_version`);
  return (rows[0] as { readonly done: number }).done;
}

function refuseForeign(done: number): void {
  if (done >= GENERATION) throw new Error("the schema is of a later generation than this release can serve");
}
