// The store: one statement for every question, one call of one function for every batch, and one answer for whatever goes wrong.

import {
  type Change,
  checkChanges,
  type Dice,
  Fault,
  type Instant,
  type NextTurn,
  type Outcome,
  type RowKey,
  type Scheduler,
  type Store,
  type StoreTraits,
} from "@hallpass/core";
import type { Pool, PoolClient } from "pg";
import { batchToText } from "./batch-text.ts";
import { COMMIT_FUNCTION } from "./commit-function.ts";
import { durabilityOf, openPool } from "./connections.ts";
import { isWorthAnother, outcomesOf } from "./outcomes.ts";
import { ReadQueue } from "./read-queue.ts";
import { Remembered } from "./remembered.ts";
import { factFromRow, keyFromRow, noticeFromRow, parseFactCursor, rowFromRow, type SqlRow } from "./rows.ts";
import { checkName, checkSchema, isEmpty, migrateOn } from "./schema.ts";
import { type Statement, statements } from "./statements.ts";
import { Wakes } from "./wakes.ts";

export interface PostgresStoreOptions {
  /** postgres://user:password@host:port/database */
  readonly url: string;
  /** Where the tables are: letters, digits and underscores. One store for each. */
  readonly schema?: string;
  readonly dice: Dice;
  readonly scheduler: Scheduler;
  /** Connections of this node. */
  readonly mostConnections?: number;
  /** Milliseconds after which the server gives a statement up, and the caller gets a Fault. */
  readonly statementMs?: number;
  /** When reads that were asked for together go; at the end of the microtask turn unless a host knows better. */
  readonly nextTurn?: NextTurn;
}

const MOST_TRIES = 3;

/**
 * Opens the store. An empty schema is made; one that lacks steps of this release is refused, and so is one of a later generation.
 * Rejects with a Fault `store_unavailable` whose cause says what is wrong: no connection, a standby, a schema it can't serve.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { url, schema = "hallpass", dice, scheduler, nextTurn = queueMicrotask } = options;
  const { mostConnections = 10, statementMs = 5000 } = options;
  checkName(schema);
  const pool = openPool({ url, schema, most: mostConnections, statementMs, connectMs: 3000 });
  try {
    const durability = await prepare(pool, schema, dice);
    const wakes = new Wakes(pool, `hallpass_${schema}`, scheduler);
    await wakes.listen();
    const traits: StoreTraits = { name: "postgres", durability, head: "linearizable", nodes: "many" };
    return storeOn({ pool, wakes, channel: `hallpass_${schema}`, nextTurn }, traits);
  } catch (cause) {
    await pool.end();
    throw new Fault("store_unavailable", { cause });
  }
}

async function prepare(pool: Pool, schema: string, dice: Dice): Promise<StoreTraits["durability"]> {
  const client = await pool.connect();
  try {
    const durability = await durabilityOf(client);
    if (await isEmpty(client, schema)) await migrateOn(pool, schema, dice);
    await checkSchema(client);
    return durability;
  } finally {
    client.release();
  }
}

interface Means {
  readonly pool: Pool;
  readonly wakes: Wakes;
  readonly channel: string;
  readonly nextTurn: NextTurn;
}

function storeOn({ pool, wakes, channel, nextTurn }: Means, traits: StoreTraits): Store {
  const underWay = new Set<Promise<unknown>>();
  let closed: Promise<void> | undefined;

  /** So that closing waits for what was accepted. */
  async function tracked<T>(work: Promise<T>): Promise<T> {
    underWay.add(work);
    try {
      return await work;
    } finally {
      underWay.delete(work);
    }
  }

  /** Rejects with a Fault: whoever asks can't know. */
  async function asked({ name, text }: Statement, values: readonly unknown[]): Promise<readonly SqlRow[]> {
    try {
      return (await pool.query({ name, text, values: [...values] })).rows as SqlRow[];
    } catch (cause) {
      throw new Fault("store_unavailable", { cause });
    }
  }

  async function ask(statement: Statement, values: readonly unknown[]): Promise<readonly SqlRow[]> {
    if (closed !== undefined) throw new Fault("store_unavailable");
    return tracked(asked(statement, values));
  }

  const remembered = new Remembered();
  const reads = new ReadQueue(
    (rows) =>
      asked(statements.read, [
        rows.map(({ key }) => key.tenant),
        rows.map(({ key }) => key.kind),
        rows.map(({ key }) => key.id),
        rows.map((row) => row.remembered?.row.attempt ?? ""),
      ]),
    remembered,
    nextTurn,
  );

  async function close(): Promise<void> {
    await Promise.all([reads.settled(), Promise.allSettled(underWay)]);
    wakes.close();
    await pool.end();
  }

  return {
    traits,
    read: (keys: readonly RowKey[]) =>
      closed === undefined ? reads.read(keys) : Promise.reject(new Fault("store_unavailable")),
    commit: async (changes) => {
      if (closed !== undefined) throw new Fault("store_unavailable");
      checkChanges(changes);
      if (changes.length === 0) return [];
      const outcomes = await tracked(commit(pool, channel, changes));
      outcomes.forEach((outcome, index) => {
        const change = changes[index];
        if (change !== undefined) remembered.wrote(change, outcome);
      });
      return outcomes;
    },
    notices: async ({ tenant, after, upTo, limit }) => {
      const lines = await ask(statements.notices, [tenant, after.seq, upTo.seq, limit + 1]);
      const found = lines.filter((line) => line["seq"] !== null);
      return {
        notices: found.slice(0, limit).map((line) => noticeFromRow(tenant, line)),
        more: found.length > limit,
        dropped: {
          seq: Number(lines[0]?.["dropped_seq"]),
          horizon: Number(lines[0]?.["dropped_horizon"]) as Instant,
        },
      };
    },
    markAt: async ({ epoch, seq }) => {
      const isBirth = epoch === 1 && seq === 0;
      const [line] = isBirth ? await ask(statements.birthMark, []) : await ask(statements.markAt, [seq, epoch]);
      return line === undefined ? undefined : String(line["mark"]);
    },
    facts: async ({ tenant, session, after, limit }) => {
      const values = [tenant, ...(after === undefined ? [0, 0] : parseFactCursor(after)), limit + 1];
      const lines =
        session === undefined
          ? await ask(statements.facts, values)
          : await ask(statements.factsOfSession, [...values, session]);
      return { facts: lines.slice(0, limit).map(factFromRow), more: lines.length > limit };
    },
    list: async ({ tenant, kind, after, limit }) => {
      const lines = await ask(statements.list, [tenant, kind, after ?? "", limit]);
      return lines.map(rowFromRow);
    },
    due: async ({ kind, by, limit }) => (await ask(statements.due, [kind, by, limit])).map(keyFromRow),
    drop: async ({ horizon, factsBefore, factsOf = [], limit }) => {
      await ask(statements.drop, [horizon, factsBefore, limit]);
      let full = false;
      for (const { kind, from, before } of factsOf) {
        const [gone] = await ask(statements.dropFactsOf, [kind, from, before, limit]);
        if (gone?.["count"] === limit) full = true;
      }
      const [line] = await ask(statements.more, [horizon, factsBefore]);
      return { more: full || line?.["more"] === true };
    },
    onHeadMoved: (wake) => wakes.add(wake),
    close: () => (closed ??= close()),
  };
}

async function commit(pool: Pool, channel: string, changes: readonly Change[]): Promise<readonly Outcome[]> {
  const batch = batchToText(changes);
  for (let tries = 1; ; tries += 1) {
    let client: PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      return outcomesOf(error, changes, false);
    }
    try {
      return await commitOn(client, batch, channel);
    } catch (error) {
      if (tries < MOST_TRIES && isWorthAnother(error)) continue;
      return outcomesOf(error, changes, true);
    }
  }
}

/**
 * A warning can come with a commit that is there here and may not be on the standby it was to wait for ("canceling wait for
 * synchronous replication"): then nobody knows.
 */
async function commitOn(client: PoolClient, batch: string, channel: string): Promise<readonly Outcome[]> {
  let warning: unknown;
  const note = (notice: { readonly severity?: string | undefined }): void => {
    if (notice.severity === "WARNING") warning = notice;
  };
  client.on("notice", note);
  let broken = true;
  try {
    const { rows } = await client.query({
      name: "hallpass_commit",
      text: `SELECT json_agg(c) AS outcomes FROM ${COMMIT_FUNCTION}($1::jsonb, $2) AS c`,
      values: [batch, channel],
    });
    broken = false;
    const [{ outcomes }] = rows as [{ readonly outcomes: readonly SqlRow[] }];
    return outcomes.map((line) => (warning === undefined ? outcomeFromRow(line) : { kind: "unknown", cause: warning }));
  } finally {
    client.off("notice", note);
    client.release(broken);
  }
}

function outcomeFromRow(line: SqlRow): Outcome {
  if (line["outcome"] === "conflict") return { kind: "conflict" };
  const pos = { epoch: Number(line["at_epoch"]), seq: Number(line["at_seq"]) };
  return { kind: "committed", pos, at: Number(line["at_ms"]) as Instant };
}
