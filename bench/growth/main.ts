//   npm run bench -- --only growth [--store sqlite|postgres] [--sessions 1000000] [--small 10000] [--swept 100000] [--quick]
// Fills a store by the operation that opens sessions, measures what a request costs there and beside it in a store that holds few, how many bytes
// a session takes, and for how long a request waits while ended sessions are swept. Progress on stderr. 10,000,000 need some 15 GB.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  gather,
  instantOf,
  type OpenedSession,
  pacedBy,
  readSession,
  refresh,
  revoke,
  type Store,
  sweep,
} from "@hallpass/core";
import { openPostgresStore } from "@hallpass/store-postgres";
import { startPostgres } from "@hallpass/store-postgres/testing";
import { openSqliteStore } from "@hallpass/store-sqlite";
import { systemClock, systemScheduler } from "../../packages/server/src/host/system-ports.ts";
import { seededDice } from "./dice.ts";
import { AS_APP, open, type Served, served } from "./issuer.ts";
import { bytesOfTables } from "./tables.ts";

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "sqlite" },
    sessions: { type: "string" },
    small: { type: "string" },
    swept: { type: "string" },
    seed: { type: "string", default: "growth" },
    quick: { type: "boolean", default: false },
  },
});
const ROUNDS = 7;
const PER_ROUND = 300;
const AT_ONCE = 256;
/** So that no round asks for what the one before has left in memory. */
let asked = 0;

const dice = seededDice(values.seed);

interface Filled {
  readonly store: Store;
  readonly bytes: () => Promise<Readonly<Record<string, number>>>;
  readonly close: () => Promise<void>;
}

/** Of one size: what is there, and a sample of it to ask for, every hundredth. */
interface Sized {
  readonly one: Served;
  readonly held: OpenedSession[];
}

const places = [await placed(), await placed()] as const;
try {
  const [few, many] = [await sized(places[0]), await sized(places[1])];
  const counts = [
    wholeNumber(values.small ?? (values.quick ? "1000" : "10000")),
    wholeNumber(values.sessions ?? (values.quick ? "20000" : "1000000")),
  ] as const;
  await fill(few.one, 0, counts[0], few.held);
  await fill(many.one, 0, counts[1], many.held);
  const bytes = await places[1].bytes();
  const [before, after] = await costs([few, many]);
  console.log(
    `${values.store}: ${counts[0]} and ${counts[1]} sessions, ${ROUNDS} rounds of ${PER_ROUND} in turn, one request after the other; median of the rounds' p50 and p99 in ms`,
  );
  console.log("request   | p50 few | p50 many | p99 few | p99 many | p99 ratio");
  for (const [name, { p50, p99 }] of Object.entries(before ?? {})) {
    const then = after?.[name] ?? { p50, p99 };
    const cells = [p50, then.p50, p99, then.p99].map((ms) => ms.toFixed(2));
    console.log([name.padEnd(9), ...cells, (then.p99 / p99).toFixed(2)].join(" | "));
  }
  const per = Object.entries(bytes).map(([name, count]) => `${name} ${Math.round(count / counts[1])}`);
  console.log(`bytes on disk per session: ${per.join(", ")}`);
  await sweeping(many.one, wholeNumber(values.swept ?? (values.quick ? "2000" : "100000")), many.held);
} finally {
  for (const place of places) await place.close();
}

function placed(): Promise<Filled> {
  return values.store === "postgres" ? onPostgres() : onSqlite();
}

async function sized({ store }: Filled): Promise<Sized> {
  return { one: await served(store, dice), held: [] };
}

async function onSqlite(): Promise<Filled> {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-growth-"));
  const file = join(directory, "hallpass.sqlite");
  const bare = await openSqliteStore({ file, clock: systemClock, dice });
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
    clock: systemClock,
    dice,
    scheduler: systemScheduler,
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

/** Of requests that touch sessions of all ages. The stores take turns: what else the machine does falls on both. */
async function costs(stores: readonly Sized[]): Promise<readonly Readonly<Record<string, Cost>>[]> {
  const all = stores.map((): Map<string, number[][]> => new Map());
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, store] of stores.entries()) {
      for (const [name, spans] of await oneRound(store, round))
        all[index]?.set(name, [...(all[index].get(name) ?? []), spans.toSorted((a, b) => a - b)]);
    }
  }
  return all.map((rounds) =>
    Object.fromEntries(
      [...rounds].map(([name, each]) => {
        const of = (share: number): number => middle(each.map((spans) => spans[Math.floor(spans.length * share)] ?? 0));
        return [name, { p50: of(0.5), p99: of(0.99) }];
      }),
    ),
  );
}

async function oneRound({ one, held }: Sized, round: number): Promise<readonly (readonly [string, number[]])[]> {
  const made: OpenedSession[] = [];
  const opened = await timed(PER_ROUND, async (n) => {
    made.push(await open(one, `new-${round}-${n}`, undefined, true));
  });
  const refreshed = await timed(PER_ROUND, () => rotate(one, held));
  const seen = await timed(PER_ROUND, async () => {
    await readSession(one.store, one.tenant, at(held, (asked += 7919)).session.id);
  });
  const revoked = await timed(PER_ROUND, async (n) => {
    const targets = [{ kind: "session", session: at(made, n).session.id }] as const;
    const done = await revoke(one, { targets, endReason: "revoked", reason: null, ticket: null, actor: null });
    if (!done.ok) throw new Error(done.code);
  });
  return [
    ["open", opened],
    ["refresh", refreshed],
    ["look up", seen],
    ["revoke", revoked],
  ];
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
  const paced = pacedBy({ clock: systemClock, scheduler: systemScheduler });
  const began = performance.now();
  const beside = await probing(one, held, async () => {
    for (let more = true; more; ) {
      const step = await sweep({ ...one, factsKept: 30 * 86_400_000, paced }, instantOf(Date.now()));
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
