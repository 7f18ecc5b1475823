// A durable change of one row, by the SQLite store and by the least that could be done: a line appended and flushed, and SQLite's own
// compare-and-set. One after another, and with many that wait at the same time: what waits together is flushed together.
//   npm run bench -- --only write [--at-once 1,16,64] [--rounds 7] [--quick] [--directory DIRECTORY]

import { randomUUID } from "node:crypto";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { gather, instantOf, parseTenantId, type RowKey } from "@hallpass/core";
import { openSqliteStore } from "@hallpass/store-sqlite";
import { systemClock, systemDice, systemNextTurn } from "../../packages/server/src/host/system-ports.ts";
import { quantile, say } from "../measured.ts";
import { sayResult } from "../result.ts";

const { values } = parseArgs({
  options: {
    "at-once": { type: "string", default: "1,16,64" },
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
    directory: { type: "string", default: process.env["BENCH_DATA"] ?? tmpdir() },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 3 : 7));
const PER_ROUND = values.quick ? 400 : 3000;
const ROWS = 1000;
const VALUE = JSON.stringify({ v: 1, subject: "u-1", seed: "x".repeat(22), rest: "y".repeat(220) });

const directory = mkdtempSync(join(values.directory, "hallpass-bench-"));
const log = openSync(join(directory, "log"), "a");
const dice = systemDice();
const store = gather(await openSqliteStore({ file: join(directory, "store.sqlite"), clock: systemClock, dice }), {
  nextTurn: systemNextTurn,
});
const db = new DatabaseSync(join(directory, "bare.sqlite"));
db.exec(
  "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (id TEXT PRIMARY KEY, version INTEGER, value TEXT) WITHOUT ROWID",
);
const set = db.prepare("UPDATE rows SET version = version + 1, value = ? WHERE id = ? AND version = ?");

const tenant = parseTenantId("main");
if (tenant === undefined) throw new Error("there is no such tenant");
const held = Array.from({ length: ROWS }, () => {
  const id = randomUUID();
  return { id, key: { tenant, kind: "session", id } satisfies RowKey, bare: 1, ours: 0 };
});

interface Way {
  readonly name: string;
  /** All of them in one flush, as far as it can. Settles when all are durable. */
  readonly write: (rows: readonly (typeof held)[number][]) => void | Promise<void>;
}

const WAYS: readonly Way[] = [
  {
    name: "floor: append + fdatasync",
    write: (rows) => {
      writeSync(log, rows.map(({ id }) => `${id} ${VALUE}\n`).join(""));
      fdatasyncSync(log);
    },
  },
  {
    name: "floor: SQLite, compare-and-set",
    write: (rows) => {
      db.exec("BEGIN IMMEDIATE");
      for (const row of rows) {
        if (set.run(VALUE, row.id, row.bare).changes !== 1) throw new Error("another has won");
        row.bare += 1;
      }
      db.exec("COMMIT");
    },
  },
  {
    name: "Hallpass, SQLite store",
    write: async (rows) => {
      await Promise.all(rows.map(change));
    },
  },
];

async function change(row: (typeof held)[number]): Promise<void> {
  const attempt = Buffer.from(dice.bytes(8)).toString("base64url");
  const expires = instantOf(Date.now() + 86_400_000);
  const expect = row.ours === 0 ? "absent" : row.ours;
  const rows = [{ key: row.key, expect, next: { value: VALUE, expires } }] as const;
  const [outcome] = await store.commit([{ attempt, rows, notices: [], facts: [] }]);
  if (outcome?.kind !== "committed") throw new Error(`a change is ${outcome?.kind}`);
  row.ours += 1;
}

interface Pass {
  readonly perSecond: number;
  readonly micros: number;
  readonly waits: readonly number[];
}

async function pass({ write }: Way, atOnce: number): Promise<Pass> {
  const waits: number[] = [];
  const used = process.cpuUsage();
  const began = performance.now();
  for (let done = 0; done < PER_ROUND; done += atOnce) {
    const from = performance.now();
    await write(Array.from({ length: atOnce }, (_, n) => held[(done + n) % ROWS] ?? fail()));
    waits.push(performance.now() - from);
  }
  const { user, system } = process.cpuUsage(used);
  return {
    perSecond: (PER_ROUND / (performance.now() - began)) * 1000,
    micros: (user + system) / PER_ROUND,
    waits,
  };
}

function fail(): never {
  throw new Error("there is no such row");
}

try {
  const insert = db.prepare("INSERT INTO rows VALUES (?, 1, ?)");
  db.exec("BEGIN");
  for (const { id } of held) insert.run(id, VALUE);
  db.exec("COMMIT");
  await Promise.all(held.map(change));
  for (const atOnce of values["at-once"].split(",").map(Number)) await measure(atOnce);
} finally {
  await store.close();
  db.close();
  closeSync(log);
  rmSync(directory, { recursive: true });
}

async function measure(atOnce: number): Promise<void> {
  const passes = new Map(WAYS.map(({ name }): [string, Pass[]] => [name, []]));
  for (const way of WAYS) await pass(way, atOnce);
  for (let round = 0; round < rounds; round += 1) {
    for (const way of round % 2 === 0 ? WAYS : WAYS.toReversed()) passes.get(way.name)?.push(await pass(way, atOnce));
    say(`write, ${atOnce} at once: round ${round + 1} of ${rounds}`);
  }
  sayResult({
    id: `write-${atOnce}`,
    title: `a durable change of one row, ${atOnce === 1 ? "one after another" : `${atOnce} at once`}`,
    of: "contender",
    rows: [...passes].map(([name, mine]) => ({
      name,
      figures: {
        "per second": mine.map(({ perSecond }) => perSecond),
        "CPU µs each": mine.map(({ micros }) => micros),
        "p50 ms": mine.map(({ waits }) => quantile(waits, 0.5)),
        "p99 ms": mine.map(({ waits }) => quantile(waits, 0.99)),
        "p99.9 ms": mine.map(({ waits }) => quantile(waits, 0.999)),
      },
    })),
    compared: { figure: "per second", with: WAYS.map(({ name }) => name).filter((name) => name.startsWith("floor")) },
    picture: { bars: "per second" },
  });
}
