// A dump and its way back, by PostgreSQL's own tools: pg_dump, pg_restore and psql have to be installed where this runs. A dump is of one
// snapshot, and what is said of it is of the same one. A restore loads into a schema beside the place, in one transaction; taking the place is another.

import { spawn } from "node:child_process";
import type { RowKey } from "@hallpass/core";
import type { Position } from "@hallpass/protocol";
import type { PoolClient } from "pg";
import { openPool } from "./connections.ts";
import { addressesOf } from "./hosts.ts";
import { checkName, isEmpty } from "./schema.ts";
import { toolEnvironment } from "./tool-environment.ts";

/** Milliseconds: a dump holds its snapshot as long as it takes. */
const LONG_MS = 24 * 60 * 60 * 1000;

export interface PostgresPlace {
  readonly url: string;
  readonly schema: string;
}

export interface Peeked {
  readonly head: Position;
  readonly birthMark: string;
}

export interface Dumped extends Peeked {
  /** Of the row that was asked for; null when there is none. */
  readonly value: string | null;
}

/** A tool of PostgreSQL that is not there, or said no. */
export class ToolFailed extends Error {
  override readonly name = "ToolFailed";
}

/** The schema of a tenant while it is being restored. No tenant's schema begins so. */
export function schemaAside(schema: string): string {
  return `new_${schema}`;
}

/** Writes `file` in pg_dump's custom format. Nodes may serve meanwhile. */
export async function dumpPostgres({ url, schema }: PostgresPlace, file: string, key: RowKey): Promise<Dumped> {
  return withClient({ url, schema }, async (client) => {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    const { rows } = await client.query(
      `SELECT h.epoch, h.seq, h.birth_mark, r.value, pg_export_snapshot() AS snapshot
       FROM "${schema}".head h LEFT JOIN "${schema}".rows r ON r.tenant = $1 AND r.kind = $2 AND r.id = $3`,
      [key.tenant, key.kind, key.id],
    );
    const head = rows[0] as { epoch: number; seq: number; birth_mark: string; value: string | null; snapshot: string };
    await run(
      "pg_dump",
      [
        "--format=custom",
        `--schema=${schema}`,
        `--snapshot=${head.snapshot}`,
        // Where it is restored nobody relies on the server that it came from.
        `--exclude-table-data=${schema}.primary_claim`,
        "--no-owner",
        "--no-privileges",
        `--file=${file}`,
      ],
      await primaryOf({ url, schema }),
    ).ended;
    await client.query("COMMIT");
    return { head: { epoch: head.epoch, seq: head.seq }, birthMark: head.birth_mark, value: head.value };
  });
}

/** What the store in the place says of itself, without relying on its server. */
export function peekPostgres(place: PostgresPlace): Promise<Peeked> {
  return withClient(place, async (client) => {
    const { rows } = await client.query(`SELECT epoch, seq, birth_mark FROM "${place.schema}".head`);
    const [head] = rows as { epoch: number; seq: number; birth_mark: string }[];
    if (head === undefined) throw new Error("the store has no head");
    return { head: { epoch: head.epoch, seq: head.seq }, birthMark: head.birth_mark };
  });
}

/** Of all tables and their indexes. */
export function bytesOfPostgres(place: PostgresPlace): Promise<number> {
  return withClient(place, async (client) => {
    const { rows } = await client.query(
      `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 AS bytes FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'`,
      [place.schema],
    );
    return (rows[0] as { readonly bytes: number }).bytes;
  });
}

/** Whether nothing was ever made in the place. */
export function isPlaceEmpty(place: PostgresPlace): Promise<boolean> {
  return withClient(place, (client) => isEmpty(client, place.schema));
}

/** Loads a dump beside its place, whole or not at all. What an earlier restore left there goes first. */
export async function loadAside(place: PostgresPlace, file: string): Promise<void> {
  const { schema } = place;
  await dropAside(place);
  const url = await primaryOf(place);
  const out = run("pg_restore", ["--no-owner", "--no-privileges", "--file=-", file], url);
  const into = run(
    "psql",
    ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"],
    url,
  );
  out.child.stdout.pipe(into.child.stdin, { end: false });
  try {
    await Promise.race([out.ended, into.ended.then(() => Promise.reject(new ToolFailed("psql ended too early")))]);
    into.child.stdin.end(`\nALTER SCHEMA "${schema}" RENAME TO "${schemaAside(schema)}";\n`);
    await into.ended;
  } catch (error) {
    // An end of its input would have it commit.
    into.child.kill("SIGKILL");
    await into.ended.catch(() => {});
    throw error;
  }
}

/** All of them or none. */
export async function moveIn(url: string, schemas: readonly string[]): Promise<void> {
  await withClient({ url, schema: "public" }, async (client) => {
    await client.query("BEGIN");
    for (const schema of schemas) {
      checkName(schema);
      await client.query(`ALTER SCHEMA "${schemaAside(schema)}" RENAME TO "${schema}"`);
    }
    await client.query("COMMIT");
  });
}

export async function dropAside(place: PostgresPlace): Promise<void> {
  await withClient(place, (client) => client.query(`DROP SCHEMA IF EXISTS "${schemaAside(place.schema)}" CASCADE`));
}

/** On the primary, if the address names several hosts. */
async function withClient<T>(place: PostgresPlace, work: (client: PoolClient) => Promise<T>): Promise<T> {
  checkName(place.schema);
  const settings = { schema: place.schema, most: 1, statementMs: LONG_MS, connectMs: 3000 };
  const pool = openPool(await primaryOf(place), settings);
  try {
    const client = await pool.connect();
    try {
      return await work(client);
    } finally {
      client.release(true);
    }
  } finally {
    await pool.end();
  }
}

/** The first host that can be written to; the last one's reason when there is none. */
async function primaryOf({ url, schema }: PostgresPlace): Promise<string> {
  const addresses = addressesOf(url);
  let reason: unknown;
  for (const address of addresses) {
    const pool = openPool(address, { schema, most: 1, statementMs: 3000, connectMs: 3000 });
    try {
      const { rows } = await pool.query("SELECT pg_is_in_recovery() AS standby");
      if (!(rows[0] as { readonly standby: boolean }).standby) return address;
      reason = new Error("the server is a standby: name the primary");
    } catch (error) {
      reason = error;
    } finally {
      await pool.end();
    }
  }
  throw reason;
}

interface Running {
  readonly child: ReturnType<typeof spawnTool>;
  /** Rejects with a ToolFailed that has what the tool said. */
  readonly ended: Promise<void>;
}

function run(tool: string, args: readonly string[], url: string): Running {
  const { env, dispose } = toolEnvironment(url);
  const child = spawnTool(tool, args, env);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2048);
  });
  // A tool that ended no longer reads; what it said is the reason.
  child.stdin.on("error", () => {});
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", (cause) =>
      reject(new ToolFailed(`${tool} could not be started: install PostgreSQL's client programs`, { cause })),
    );
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(new ToolFailed(`${tool}: ${said.trim() || `ended with ${code ?? "a signal"}`}`)),
    );
  });
  ended.catch(() => {}).finally(dispose);
  return { child, ended };
}

/** The address goes by the environment: a command line is everyone's to read. */
function spawnTool(tool: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  return spawn(tool, args, { stdio: ["pipe", "pipe", "pipe"], env });
}
