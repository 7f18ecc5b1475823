//   npm run bench -- --only sweep [--store sqlite|postgres] [--sessions 200000] [--swept 20000] [--quick]
// How long a refresh waits while ended sessions are swept, and without it, in one process: the store is filled by the operation that opens sessions.
// Progress on stderr.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gather, instantOf, type OpenedSession, pacedBy, refresh, type Store, sweep } from "@hallpass/core";
import { openPostgresStore } from "@hallpass/store-postgres";
import { startPostgres } from "@hallpass/store-postgres/testing";
import { openSqliteStore } from "@hallpass/store-sqlite";
import { systemClock, systemScheduler } from "../../packages/server/src/host/system-ports.ts";
import { quantile } from "../measured.ts";
import { sayResult } from "../result.ts";
import { seededDice } from "./dice.ts";
import { AS_APP, open, type Served, served } from "./issuer.ts";

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "sqlite" },
    sessions: { type: "string" },
    swept: { type: "string" },
    seed: { type: "string", default: "growth" },
    quick: { type: "boolean", default: false },
  },
});
const AT_ONCE = 256;
/** So that no round asks for what the one before has left in memory. */
let asked = 0;

const dice = seededDice(values.seed);

interface Filled {
  readonly store: Store;
  readonly close: () => Promise<void>;
}

const place = await placed();
try {
  const one = await served(place.store, dice);
  /** Every hundredth, to ask for. */
  const held: OpenedSession[] = [];
  await fill(one, 0, wholeNumber(values.sessions ?? (values.quick ? "20000" : "200000")), held);
  await sweeping(one, wholeNumber(values.swept ?? (values.quick ? "2000" : "20000")), held);
} finally {
  await place.close();
}

function placed(): Promise<Filled> {
  return values.store === "postgres" ? onPostgres() : onSqlite();
}

async function onSqlite(): Promise<Filled> {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-growth-"));
  const file = join(directory, "hallpass.sqlite");
  const bare = await openSqliteStore({ file, clock: systemClock, dice });
  return {
    store: gather(bare, { nextTurn: setImmediate }),
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
  sayResult({
    id: `sweep-${values.store}`,
    title: `a refresh while ended sessions are swept: ${swept.toLocaleString("en")} in ${(span / 1000).toFixed(1)} s (${values.store})`,
    of: "",
    rows: [
      { name: "beside the sweep", figures: waits(beside) },
      { name: "without it", figures: waits(alone) },
    ],
  });
}

function waits(spans: readonly number[]): Readonly<Record<string, readonly number[]>> {
  return {
    "p50 ms": [quantile(spans, 0.5)],
    "p99 ms": [quantile(spans, 0.99)],
    "p99.9 ms": [quantile(spans, 0.999)],
    "longest ms": [Math.max(...spans)],
    "over 100 ms": [spans.filter((ms) => ms > 100).length],
    refreshes: [spans.length],
  };
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
