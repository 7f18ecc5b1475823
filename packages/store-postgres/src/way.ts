// How a statement is asked. On connections of our own the settings are the connection's, and statements are prepared by name. Through a pooler
// that gives every transaction another connection (PgBouncer in transaction mode) nothing outlives a transaction: each statement gets one,
// which brings its settings along and makes sure that the same server answers, for three round trips instead of one.

import type { ClientBase, PoolClient } from "pg";
import { type ConnectionSettings, PLANS } from "./connections.ts";
import type { Prepared } from "./prepared.ts";
import type { SqlRow } from "./rows.ts";

export interface Asked {
  /** Under which it is prepared, where that is possible. */
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Rejects with what the driver says, and where another server answers than the one that is relied on. */
export type Way = (client: ClientBase, asked: Asked) => Promise<readonly SqlRow[]>;

export const ON_OWN_CONNECTION: Way = async (client, { name, text, values = [] }) => {
  const named = name === undefined ? {} : { name };
  const { rows } = await client.query<SqlRow>({ ...named, text, values: [...values] });
  return rows;
};

/** The cluster and its timeline; a standby has none of its own to write on. */
export const SERVER = `(SELECT system_identifier FROM pg_control_system()) || '/' ||
  CASE WHEN pg_is_in_recovery() THEN '0' ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END`;

export const ANOTHER_SERVER = "another server answers at this address";

/** What begins a transaction that is like one on a connection of our own, and says which server it is on. */
export function beginning({ schema, statementMs }: Pick<ConnectionSettings, "schema" | "statementMs">): string {
  return `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL search_path = "${schema}"; SET LOCAL synchronous_commit = on;
    SET LOCAL statement_timeout = ${statementMs}; ${PLANS.map((one) => `SET LOCAL ${one};`).join(" ")} SELECT ${SERVER} AS server`;
}

/** `server` is the one that has to answer; whichever it is, unless given. */
export function inOneTransaction(settings: ConnectionSettings, server?: string): Way {
  const begin = beginning(settings);
  return async (client, { text, values = [] }) => {
    const begun = (await client.query(begin)) as unknown as readonly { readonly rows: readonly SqlRow[] }[];
    const answering = begun.at(-1)?.rows[0]?.["server"];
    try {
      if (server !== undefined && answering !== server) throw new Undone(ANOTHER_SERVER);
      const { rows } = await client.query<SqlRow>({ text, values: [...values] });
      const { command } = await client.query("COMMIT");
      if (command !== "COMMIT") throw new Undone("the transaction was rolled back");
      return rows;
    } catch (error) {
      // What it was is known already; a connection that broke rolls back by itself.
      await client.query("ROLLBACK").catch(() => undefined);
      throw error;
    }
  };
}

/** Nothing was done, and it is certain. */
export class Undone extends Error {
  /** SQLSTATE: a state of the transaction that forbids it. */
  readonly code = "25000";
}

/** The text that a prepared statement answers; through a pooler it is asked as any other. */
export async function askText(
  { way, pooled }: { readonly way: Way; readonly pooled: boolean },
  client: ClientBase,
  prepared: Prepared,
  values: readonly string[],
): Promise<string> {
  if (!pooled) return prepared.ask(client, values);
  const [line] = await way(client, { text: prepared.text, values });
  return String(line?.["answer"]);
}

/** On whichever connection is free. One on which something failed is not used again. */
export async function onConnection<T>(
  { connect }: { readonly connect: () => Promise<PoolClient> },
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await connect();
  let broken = true;
  try {
    const done = await work(client);
    broken = false;
    return done;
  } finally {
    client.release(broken);
  }
}
