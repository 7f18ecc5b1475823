// `node --conditions=hallpass-source bench/growth/main.ts [--store sqlite|postgres] [--sessions 1000000] [--small 10000] [--swept 100000]`
// Fills a store by the operation that opens sessions, measures what a request costs when there are few and when there are many, how many bytes
// a session takes, and for how long a request waits while ended sessions are swept. Progress on stderr. 10,000,000 need some 15 GB.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gather, instantOf, type OpenedSession, readSession, refresh, revoke, type Store, sweep } from "@hallpass/core";
import { openPostgresStore } from "@hallpass/store-postgres";
import { startPostgres } from "@hallpass/store-postgres/testing";
import { openSqliteStore } from "@hallpass/store-sqlite";
import { AS_APP, open, type Served, served } from "./issuer.ts";
import { bytesOfTables } from "./tables.ts";

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "sqlite" },
    sessions: { type: "string", default: "1000000" },
    small: { type: "string", default: "10000" },
    swept: { type: "string", default: "100000" },
  },
});
const ROUNDS = 7;
const PER_ROUND = 300;
const AT_ONCE = 256;
/** So that no round asks for what the one before has left in memory. */
let asked = 0;

const pool = new Uint8Array(65_536);
let drawn = pool.length;
const dice = {
  bytes: (length: number): Uint8Array => {
    if (drawn + length > pool.length) {
      crypto.getRandomValues(pool);
      drawn = 0;
    }
    drawn += length;
    return pool.slice(drawn - length, drawn);
  },
};
const clock = { now: () => instantOf(Date.now()), monotonic: () => performance.now() };
const scheduler = {
  after: (ms: number, task: () => void): (() => void) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};

interface Filled {
  readonly store: Store;
  readonly bytes: () => Promise<Readonly<Record<string, number>>>;
  readonly close: () => Promise<void>;
}

const place = values.store === "postgres" ? await onPostgres() : await onSqlite();
try {
  const one = await served(place.store, dice);
  const small = wholeNumber(values.small);
  const many = wholeNumber(values.sessions);
  // A sample of what is there, to ask for: every hundredth.
  const held: OpenedSession[] = [];
  await fill(one, 0, small, held);
  const few = await costs(one, held);
  await fill(one, small, many, held);
  const bytes = await place.bytes();
  const lots = await costs(one, held);
  console.log(
    `${values.store}: ${small} and ${many} sessions, ${ROUNDS} rounds of ${PER_ROUND}, one after the other; median of the rounds' p50 and p99 in ms`,
  );
  console.log("request   | p50 few | p50 many | p99 few | p99 many | p99 ratio");
  for (const [name, before] of Object.entries(few)) {
    const after = lots[name] ?? before;
    const cells = [before.p50, after.p50, before.p99, after.p99].map((ms) => ms.toFixed(2));
    console.log([name.padEnd(9), ...cells, (after.p99 / before.p99).toFixed(2)].join(" | "));
  }
  const per = Object.entries(bytes).map(([name, count]) => `${name} ${Math.round(count / many)}`);
  console.log(`bytes on disk per session: ${per.join(", ")}`);
  await sweeping(one, wholeNumber(values.swept), held);
} finally {
  await place.close();
}

async function onSqlite(): Promise<Filled> {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-growth-"));
  const file = join(directory, "hallpass.sqlite");
  const bare = await openSqliteStore({ file, clock, dice });
  return {
    store: gather(bare, { nextTurn: setImmediate }),
    bytes: async () => ({ file: statSync(file).size }),
    close: async () => {
      await bare.close();
      rmSync(directory, { recursive: true });
    },
  };
}

async function onPostgres(): Promise<Filled> {
  const server = await startPostgres({ shared_buffers: "512MB", max_wal_size: "4GB" });
  const bare = await openPostgresStore({
    url: server.url,
    schema: "hallpass",
    clock,
    dice,
    scheduler,
    nextTurn: setImmediate,
  });
  return {
    store: gather(bare, { nextTurn: setImmediate }),
    bytes: () => bytesOfTables(server.url),
    close: async () => {
      await bare.close();
      await server.stop();
    },
  };
}

async function fill(one: Served, from: number, to: number, held: OpenedSession[], policy?: string): Promise<void> {
  const began = performance.now();
  let next = from;
  async function worker(): Promise<void> {
    while (next < to) {
      const n = next;
      next += 1;
      const opened = await open(one, `u-${policy ?? ""}${n}`, policy);
      if (n % 100 === 0 && policy === undefined) held.push(opened);
      if (n % 100_000 === 0 && n > from)
        console.error(`${n} sessions, ${Math.round(((n - from) / (performance.now() - began)) * 1000)} per second`);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  console.error(`${to} sessions, ${Math.round(((to - from) / (performance.now() - began)) * 1000)} per second`);
}

interface Cost {
  readonly p50: number;
  readonly p99: number;
}

/** Of requests that touch sessions of all ages: those that are read and refreshed were opened long before. */
async function costs(one: Served, held: OpenedSession[]): Promise<Readonly<Record<string, Cost>>> {
  const rounds: Record<string, number[][]> = { open: [], refresh: [], "look up": [], revoke: [] };
  const add = (name: string, spans: number[]): void => void rounds[name]?.push(spans.toSorted((a, b) => a - b));
  for (let round = 0; round < ROUNDS; round += 1) {
    const made: OpenedSession[] = [];
    add(
      "open",
      await timed(
        PER_ROUND,
        async (n) => void made.push(await open(one, `new-${round}-${n}-${Date.now()}`, undefined, true)),
      ),
    );
    add("refresh", await timed(PER_ROUND, () => rotate(one, held)));
    add(
      "look up",
      await timed(
        PER_ROUND,
        async () => void (await readSession(one.store, one.tenant, at(held, (asked += 7919)).session.id)),
      ),
    );
    add(
      "revoke",
      await timed(PER_ROUND, async (n) => {
        const targets = [{ kind: "session", session: at(made, n).session.id }] as const;
        const done = await revoke(one, { targets, endReason: "revoked", reason: null, ticket: null, actor: null });
        if (!done.ok) throw new Error(done.code);
      }),
    );
  }
  return Object.fromEntries(
    Object.entries(rounds).map(([name, all]) => {
      const of = (share: number): number => middle(all.map((spans) => spans[Math.floor(spans.length * share)] ?? 0));
      return [name, { p50: of(0.5), p99: of(0.99) }];
    }),
  );
}

async function rotate(one: Served, held: OpenedSession[]): Promise<void> {
  const index = (asked += 7919) % held.length;
  const { tokens, session } = at(held, index);
  if (tokens.refresh === null) throw new Error("there is no refresh token");
  const answer = await refresh(one, {
    token: tokens.refresh,
    credentials: AS_APP,
    scope: undefined,
    audience: undefined,
  });
  if (answer.kind !== "granted") throw new Error("a refresh was refused");
  held[index] = { ...at(held, index), session, tokens: answer.tokens };
}

function at<T>(all: readonly T[], n: number): T {
  const found = all[n % all.length];
  if (found === undefined) throw new Error("there is none");
  return found;
}

async function timed(count: number, work: (n: number) => Promise<void>): Promise<number[]> {
  const spans: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const began = performance.now();
    await work(n);
    spans.push(performance.now() - began);
  }
  return spans;
}

function middle(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
}

/** As a server sweeps: step after step, as long as there is more. Afterwards the same refreshes alone, for as long or a minute. */
async function sweeping(one: Served, ended: number, held: OpenedSession[]): Promise<void> {
  await fill(one, 0, ended, held, "short");
  await wait(2000);
  let swept = 0;
  const began = performance.now();
  const beside = await probing(one, held, async () => {
    for (let more = true; more; ) {
      const step = await sweep({ ...one, factsKept: 30 * 86_400_000 }, instantOf(Date.now()));
      swept += step.ended + step.removed;
      more = step.more;
    }
  });
  const span = performance.now() - began;
  const alone = await probing(one, held, () => wait(Math.min(span, 60_000)));
  console.log(`sweep: ${swept} sessions in ${(span / 1000).toFixed(1)} s`);
  console.log(`a refresh beside it: ${waits(beside)}`);
  console.log(`a refresh without it: ${waits(alone)}`);
}

function waits(spans: readonly number[]): string {
  const sorted = spans.toSorted((a, b) => a - b);
  const of = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  const long = spans.filter((ms) => ms > 100).length;
  return `p50 ${of(0.5)} ms, p99 ${of(0.99)}, p99.9 ${of(0.999)}, longest ${(sorted.at(-1) ?? 0).toFixed(1)}; ${long} of ${spans.length} over 100 ms`;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** How long each of the refreshes took that ran, one after the other, while the work did. */
async function probing(one: Served, held: OpenedSession[], work: () => Promise<void>): Promise<readonly number[]> {
  const stop = new AbortController();
  const spans: number[] = [];
  const done = work().finally(() => stop.abort());
  while (!stop.signal.aborted) {
    const [span = 0] = await timed(1, () => rotate(one, held));
    spans.push(span);
  }
  await done;
  return spans;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new Error(`${text} is no whole number from 1 to 99999999`);
  return Number(text);
}
