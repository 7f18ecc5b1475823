// The store: one statement for every question, one call of one function for every batch, and one answer for whatever goes wrong.

import {
  type Change,
  type Clock,
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
import type { Position } from "@hallpass/protocol";
import type { Pool, PoolClient } from "pg";
import { batchTexts, outcomesFromText } from "./batch-text.ts";
import { durabilityOf } from "./connections.ts";
import { continueTransactions } from "./facts.ts";
import { addressesOf } from "./hosts.ts";
import { Looks } from "./looks.ts";
import { isWorthAnother, outcomesOf } from "./outcomes.ts";
import { Prepared } from "./prepared.ts";
import { type Hold, Primary, type PrimaryEvent } from "./primary.ts";
import { ReadQueue } from "./read-queue.ts";
import { Remembered } from "./remembered.ts";
import { factFromRow, keyFromRow, noticeFromRow, parseFactCursor, rowFromRow, type SqlRow } from "./rows.ts";
import { checkName, checkSchema, isEmpty, migrateOn } from "./schema.ts";
import { answerFromText, askedTexts, isAllRemembered } from "./snapshots.ts";
import { DIFFERS, type Statement, statements } from "./statements.ts";
import { Wakes } from "./wakes.ts";
import { type Asked, askText, onConnection } from "./way.ts";

export interface PostgresStoreOptions {
  /** postgres://user:password@host:port/database; with several hosts, separated by commas, the primary among them is found. */
  readonly url: string;
  /** Where the tables are: letters, digits and underscores. One store for each. */
  readonly schema?: string;
  readonly clock: Pick<Clock, "monotonic">;
  readonly dice: Dice;
  readonly scheduler: Scheduler;
  /** Connections of this node. */
  readonly mostConnections?: number;
  /** Milliseconds after which the server gives a statement up, and the caller gets a Fault. */
  readonly statementMs?: number;
  /** When reads that were asked for together go; at the end of the microtask turn unless a host knows better. */
  readonly nextTurn?: NextTurn;
  /**
   * Called before anything is answered when another server has taken the primary's place and need not have everything: starts a new
   * epoch above the position in the store that it gets. Without it, nothing is done.
   */
  readonly endHistory?: (store: Store, above: Position) => Promise<void>;
  readonly told?: (event: PrimaryEvent) => void;
}

const MOST_TRIES = 3;

function askOn(hold: Hold, asked: Asked): Promise<readonly SqlRow[]> {
  return onConnection(hold, (client) => hold.way(client, asked));
}

async function headOf(hold: Hold): Promise<string> {
  const [line] = await askOn(hold, { text: "SELECT epoch || '.' || seq AS pos FROM head" });
  return String(line?.["pos"]);
}

/**
 * Opens the store. An empty schema is made; one that lacks steps of this release is refused, and so is one of a later generation.
 * Rejects with a Fault `store_unavailable` whose cause says what is wrong: no connection, a standby, a schema it can't serve.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { url, schema = "hallpass", dice, nextTurn = queueMicrotask, told = () => {} } = options;
  const { mostConnections: most = 10, statementMs = 5000 } = options;
  checkName(schema);
  const channel = `hallpass_${schema}`;
  let traits: StoreTraits = { name: "postgres", durability: "power", head: "linearizable", nodes: "many" };
  const hooks = {
    prepare: async (pool: Pool) => {
      traits = { ...traits, durability: await prepare(pool, schema, dice) };
    },
    endHistory: async (on: Pick<Hold, "connect" | "way" | "pooled">, above: Position) => {
      const hold: Hold = {
        ...on,
        holds: () => true,
        doubt: () => {},
        isInDoubt: false,
        settle: async () => true,
      };
      const unguarded = { current: hold, saw: () => {} };
      await options.endHistory?.(storeOn({ access: unguarded, wakes: NO_WAKES, channel, nextTurn }, traits), above);
    },
  };
  try {
    const addresses = addressesOf(url);
    const primary = new Primary({ ...options, addresses, schema, most, statementMs, connectMs: 3000, told }, hooks);
    await primary.open();
    const { scheduler } = options;
    const wakes = primary.current.pooled
      ? new Looks(() => headOf(primary.current), scheduler)
      : new Wakes(() => primary.current.connect(), channel, scheduler);
    await wakes.listen();
    return storeOn({ access: primary, wakes, channel, nextTurn }, traits);
  } catch (cause) {
    throw new Fault("store_unavailable", { cause });
  }
}

/** Throws unless the server can be served. */
async function prepare(pool: Pool, schema: string, dice: Dice): Promise<StoreTraits["durability"]> {
  const client = await pool.connect();
  try {
    const durability = await durabilityOf(client);
    if (await isEmpty(client, schema)) await migrateOn(pool, schema, dice);
    await checkSchema(client, schema);
    await continueTransactions(client, schema);
    return durability;
  } finally {
    client.release();
  }
}

/** The server that counts now, and who closes the way to it. */
interface Access extends Pick<Primary, "current" | "saw"> {
  close?(): Promise<void>;
}

interface Means {
  readonly access: Access;
  readonly wakes: Pick<Wakes, "add" | "close">;
  readonly channel: string;
  readonly nextTurn: NextTurn;
}

const NO_WAKES: Means["wakes"] = { add: () => () => {}, close: () => {} };

function storeOn({ access, wakes, channel, nextTurn }: Means, traits: StoreTraits): Store {
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
  async function asked<T>(work: (hold: Hold) => Promise<T>): Promise<T> {
    const hold = access.current;
    let answer: T;
    try {
      answer = await work(hold);
    } catch (cause) {
      throw new Fault("store_unavailable", { cause });
    }
    const isSettled = !hold.isInDoubt || (await hold.settle());
    // By now another server may be the one that counts.
    if (!isSettled || !hold.holds()) throw new Fault("store_unavailable");
    return answer;
  }

  async function ask({ name, text }: Statement, values: readonly unknown[]): Promise<readonly SqlRow[]> {
    if (closed !== undefined) throw new Fault("store_unavailable");
    return tracked(asked((hold) => askOn(hold, { name, text, values })));
  }

  const remembered = new Remembered();
  const read = new Prepared(statements.read);
  const readSame = new Prepared(statements.readSame);
  const written = new Prepared(statements.commit);
  const reads = new ReadQueue(
    async (rows) => {
      const values = askedTexts(rows);
      const answerBy = (by: Prepared): Promise<string> =>
        asked((hold) => onConnection(hold, (client) => askText(hold, client, by, values)));
      const same = isAllRemembered(rows) ? await answerBy(readSame) : DIFFERS;
      // Where one differs all are read anew: an answer is one snapshot.
      const answer = answerFromText(same.includes(DIFFERS) ? await answerBy(read) : same);
      const { pos, mark } = answer.head;
      access.saw(pos.epoch, pos.seq, mark);
      return answer;
    },
    remembered,
    nextTurn,
  );

  async function close(): Promise<void> {
    await Promise.all([reads.settled(), Promise.allSettled(underWay)]);
    wakes.close();
    await access.close?.();
  }

  return {
    traits,
    read: (keys: readonly RowKey[]) =>
      closed === undefined ? reads.read(keys) : Promise.reject(new Fault("store_unavailable")),
    commit: async (changes) => {
      if (closed !== undefined) throw new Fault("store_unavailable");
      checkChanges(changes);
      if (changes.length === 0) return [];
      const outcomes = await tracked(commit(access, written, channel, changes));
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
    drop: async ({ horizon, factsBefore, factsOf = [], limit, fence }) => {
      const { tenant, kind: of, id } = fence?.key ?? { tenant: null, kind: null, id: null };
      const only = [tenant, of, id, fence?.version ?? null];
      await ask(statements.tendFacts, [factsBefore, ...only]);
      await ask(statements.drop, [horizon, factsBefore, limit, ...only]);
      let full = false;
      for (const { kind, from, before } of factsOf) {
        const [gone] = await ask(statements.dropFactsOf, [kind, from, before, limit, ...only]);
        if (gone?.["count"] === limit) full = true;
      }
      const [line] = await ask(statements.more, [horizon, factsBefore, ...only]);
      if (line?.["held"] !== true) return { more: false, fenced: true };
      return { more: full || line?.["more"] === true };
    },
    onHeadMoved: (wake) => wakes.add(wake),
    close: () => (closed ??= close()),
  };
}

async function commit(
  access: Access,
  written: Prepared,
  channel: string,
  changes: readonly Change[],
): Promise<readonly Outcome[]> {
  const values = [...batchTexts(changes), channel];
  for (let tries = 1; ; tries += 1) {
    let hold: Hold;
    let client: PoolClient;
    try {
      hold = access.current;
      client = await hold.connect();
    } catch (error) {
      return outcomesOf(error, changes, false);
    }
    try {
      const outcomes = await commitOn(client, () => askText(hold, client, written, values));
      if (outcomes.some(({ kind }) => kind === "unknown")) hold.doubt();
      // Another server may count by now, and not have it.
      if (!hold.holds()) return outcomes.map((outcome) => (outcome.kind === "committed" ? LATE : outcome));
      noteHead(access, changes, outcomes);
      return outcomes;
    } catch (error) {
      if (tries < MOST_TRIES && isWorthAnother(error)) continue;
      const outcomes = outcomesOf(error, changes, true);
      if (outcomes.some(({ kind }) => kind === "unknown")) hold.doubt();
      return outcomes;
    }
  }
}

const LATE: Outcome = { kind: "unknown", cause: new Error("the server proves no more that it is the primary") };

/** The notice of a change that was answered has to be there after a promotion. */
function noteHead(access: Access, changes: readonly Change[], outcomes: readonly Outcome[]): void {
  for (const [index, { notices }] of changes.entries()) {
    const [outcome, last] = [outcomes[index], notices.at(-1)];
    if (outcome?.kind === "committed" && last !== undefined) access.saw(outcome.pos.epoch, outcome.pos.seq, last.mark);
  }
}

/**
 * A warning can come with a commit that is there here and may not be on the standby it was to wait for ("canceling wait for
 * synchronous replication"): then nobody knows.
 */
async function commitOn(client: PoolClient, ask: () => Promise<string>): Promise<readonly Outcome[]> {
  let warning: unknown;
  const note = (notice: { readonly severity?: string | undefined }): void => {
    if (notice.severity === "WARNING") warning = notice;
  };
  client.on("notice", note);
  let broken = true;
  try {
    const outcomes = outcomesFromText(await ask());
    broken = false;
    return warning === undefined ? outcomes : outcomes.map(() => ({ kind: "unknown", cause: warning }));
  } finally {
    client.off("notice", note);
    client.release(broken);
  }
}
