// Connections: every one looks into the schema, commits durably whatever the server's default is, finds rows by their keys, and gives up
// in bounded time.

import pg, { type Client, type ClientBase, type ClientConfig, type Pool, type PoolClient } from "pg";

const INT8 = 20;

export interface ConnectionSettings {
  readonly schema: string;
  /** Milliseconds after which the server gives a statement up. */
  readonly statementMs: number;
  /** Milliseconds to wait for a connection. */
  readonly connectMs: number;
  /** Whether a pooler stands between that gives each transaction another connection (`isPooled`). */
  readonly pooled?: boolean;
}

export interface PoolSettings extends ConnectionSettings {
  readonly most: number;
  /** Rejects for a connection that is not to be used. */
  readonly check?: (client: Client) => Promise<void>;
}

/**
 * A plan is made once and goes by an index: one that was made while a table was small would read all of it for every question, for as long
 * as it grows faster than it is looked at. A plan without an index costs so much by the planner's books that it would be compiled.
 */
export const PLANS: readonly string[] = [
  "plan_cache_mode=force_generic_plan",
  ...["seqscan", "bitmapscan", "hashjoin", "mergejoin", "sort"].map((way) => `enable_${way}=off`),
  "jit=off",
];

function configOf(address: string, { schema, statementMs, connectMs, pooled }: ConnectionSettings): ClientConfig {
  const options = `-c search_path=${schema} -c synchronous_commit=on -c statement_timeout=${statementMs} -c default_transaction_isolation=read\\ committed ${PLANS.map((one) => `-c ${one}`).join(" ")}`;
  return {
    connectionString: address,
    application_name: "hallpass",
    connectionTimeoutMillis: connectMs,
    // The server's own limit comes first; this one is for a server that does not answer at all.
    query_timeout: statementMs * 2,
    keepAlive: true,
    ...(pooled === true ? {} : { options }),
    types: { getTypeParser: (oid: number, format?: "text" | "binary") => parserOf(oid, format) },
  };
}

/** Errors of idle connections are not the pool's end: whoever asks next gets another one. */
export function openPool(address: string, settings: PoolSettings): Pool {
  const { check, most } = settings;
  const pool = new pg.Pool({
    ...configOf(address, settings),
    max: most,
    // Awaited by the pool, which its types do not say.
    ...(check === undefined
      ? {}
      : { onConnect: (client: ClientBase): void => check(client as Client) as unknown as undefined }),
  });
  pool.on("error", () => undefined);
  // The pool hears of idle ones only. Whoever holds one learns it from the statement; without a listener it would end the process.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/** Not connected yet. */
export function openClient(address: string, settings: ConnectionSettings): Client {
  return new pg.Client(configOf(address, settings));
}

/** PgBouncer refuses what it does not know at the beginning of a connection by this code, or leaves it out where it is told to. */
const PROTOCOL_VIOLATION = "08P01";

/** Whether the settings of a connection do not reach the server, because a pooler is between. Rejects when nobody answers. */
export async function isPooled(address: string, settings: ConnectionSettings): Promise<boolean> {
  const client = openClient(address, { ...settings, pooled: false });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query(
      `SELECT current_setting('search_path') = $1 AND current_setting('synchronous_commit') = 'on'
        AND current_setting('statement_timeout')::interval = $2 * interval '1 millisecond' AS set`,
      [settings.schema, settings.statementMs],
    );
    return !(rows[0] as { readonly set: boolean }).set;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === PROTOCOL_VIOLATION) return true;
    throw error;
  } finally {
    client.end().catch(() => undefined);
  }
}

/** Positions, versions and times are below 2^53. */
function parserOf(oid: number, format: "text" | "binary" = "text"): (value: string) => unknown {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format);
}

/** Throws unless the server may be written to and keeps what it has confirmed. */
export async function durabilityOf(client: PoolClient): Promise<"power" | "process"> {
  const { rows } = await client.query(
    "SELECT pg_is_in_recovery() AS standby, current_setting('fsync') AS fsync, current_setting('server_version_num')::int4 AS version",
  );
  const server = rows[0] as { readonly standby: boolean; readonly fsync: string; readonly version: number };
  if (server.standby) throw new Error("the server is a standby: name the primary");
  if (server.version < 140_000) throw new Error("the server is older than PostgreSQL 14");
  return server.fsync === "on" ? "power" : "process";
}
