// What a rotation and a read cost on the embedded store, and how many bytes a session takes on disk.
//   npm run bench -- --only store [--sessions 100000] [--directory DIRECTORY] [--quick]
// Five passes. Process CPU covers both threads. Other work on the machine only makes it look worse.

import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Change, gather, instantOf, parseTenantId, type RowKey } from "@hallpass/core";
import { openSqliteStore } from "@hallpass/store-sqlite";
import { median, quantile, say } from "../measured.ts";
import { type Said, sayResult } from "../result.ts";

const { values } = parseArgs({
  options: {
    sessions: { type: "string" },
    directory: { type: "string", default: tmpdir() },
    quick: { type: "boolean", default: false },
  },
});
const sessions = Number(values.sessions ?? (values.quick ? 10_000 : 100_000));
const parent = values.directory;
const PASSES = values.quick ? 3 : 5;
const PER_PASS = 6000;
const DAY = 86_400_000;

interface Held {
  readonly key: RowKey;
  readonly subject: RowKey;
  version: number;
}

const VALUE_BYTES = 300;

const tenant = parseTenantId("main") ?? fail("tenant");
// From a pool, so that the dice cost next to nothing beside what is measured.
const pool = crypto.getRandomValues(new Uint8Array(65_536));
let drawn = 0;
const random = (length: number): Uint8Array => {
  if (drawn + length > pool.length) {
    crypto.getRandomValues(pool);
    drawn = 0;
  }
  drawn += length;
  return pool.slice(drawn - length, drawn);
};
const mark = (): string => Buffer.from(random(8)).toString("base64url");
const clock = { now: () => instantOf(Date.now()) };

mkdirSync(parent, { recursive: true });
const directory = mkdtempSync(join(parent, "hallpass-bench-"));
const file = join(directory, "hallpass.db");
const store = gather(await openSqliteStore({ file, clock, dice: { bytes: random } }));
const held: Held[] = [];
const rows: Said["rows"][number][] = [];

try {
  const empty = await bytesOnDisk();
  await fill();
  const filled = await bytesOnDisk();
  await readCosts();
  for (const withFact of [false, true]) {
    for (const concurrency of [1, 16, 64, 256]) await rotations(concurrency, withFact);
  }
  const before = await bytesOnDisk();
  await appendFacts(50_000);
  const title = "rotations on the SQLite store alone";
  sayResult({ id: "store", title, of: "at once", rows });
  sayResult({
    id: "store-bytes",
    title: `bytes on disk of ${sessions.toLocaleString("en")} sessions, written alone`,
    of: "",
    rows: [
      { name: "a session, with its subject", figures: { bytes: [(filled - empty) / sessions] } },
      { name: "a fact with a body of 60 bytes", figures: { bytes: [((await bytesOnDisk()) - before) / 50_000] } },
    ],
  });
} finally {
  await store.close();
  rmSync(directory, { recursive: true });
}

async function fill(): Promise<void> {
  const started = performance.now();
  for (let from = 0; from < sessions; from += 256) {
    const count = Math.min(256, sessions - from);
    const changes = Array.from({ length: count }, () => newSession());
    const outcomes = await store.commit(changes);
    if (outcomes.some(({ kind }) => kind !== "committed")) fail("fill");
  }
  say(`filled at ${Math.round((sessions / (performance.now() - started)) * 1000)} sessions per second`);
}

function newSession(): Change {
  const key: RowKey = { tenant, kind: "session", id: uuid() };
  const subject: RowKey = { tenant, kind: "subject", id: uuid(4) };
  held.push({ key, subject, version: 1 });
  const live = JSON.stringify({ status: "active", sessions: [key.id] });
  return {
    attempt: mark(),
    rows: [
      { key, expect: "absent", next: sessionValue(subject) },
      { key: subject, expect: "absent", next: { value: live, expires: null } },
    ],
    notices: [],
    facts: [],
  };
}

function sessionValue(subject: RowKey): { value: string; expires: ReturnType<typeof instantOf>; refs: RowKey[] } {
  const bare = JSON.stringify({
    v: 1,
    subject: subject.id,
    seed: mark() + mark(),
    families: [{ id: "AAAAAA", generation: 1 }],
  });
  const value = `${bare.slice(0, -1)},"rest":"${Buffer.from(random(200))
    .toString("base64")
    .slice(0, VALUE_BYTES - bare.length - 10)}"}`;
  const client: RowKey = { tenant, kind: "client", id: "web-app" };
  return { value, expires: instantOf(Date.now() + 14 * DAY), refs: [subject, client] };
}

async function rotations(concurrency: number, withFact: boolean): Promise<void> {
  const perSecond: number[] = [];
  const cpu: number[] = [];
  const p50: number[] = [];
  const p99: number[] = [];
  for (let pass = 0; pass < PASSES; pass += 1) {
    const latencies: number[] = [];
    let left = concurrency === 1 ? PER_PASS / 4 : PER_PASS;
    const total = left;
    const usage = process.cpuUsage();
    const started = performance.now();
    const client = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const from = performance.now();
        await rotate(anyHeld(), withFact);
        latencies.push(performance.now() - from);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, client));
    const elapsed = performance.now() - started;
    const { user, system } = process.cpuUsage(usage);
    perSecond.push((total / elapsed) * 1000);
    cpu.push((user + system) / total);
    p50.push(quantile(latencies, 0.5));
    p99.push(quantile(latencies, 0.99));
  }
  rows.push({
    name: `${concurrency}${withFact ? ", with a fact each" : ""}`,
    figures: { "per second": perSecond, "CPU µs each": cpu, "p50 ms": p50, "p99 ms": p99 },
  });
}

async function rotate(session: Held, withFact: boolean): Promise<void> {
  const { key, subject, version } = session;
  session.version += 1;
  const change: Change = {
    attempt: mark(),
    rows: [{ key, expect: version, next: sessionValue(subject) }],
    notices: [],
    facts: withFact ? [fact(key)] : [],
  };
  const [outcome] = await store.commit([change]);
  // Two clients may meet on one session; the loser counts as served, as it would be by a re-read.
  if (outcome?.kind === "conflict") session.version = (await store.read([key])).get(key)?.version ?? 0;
  else if (outcome?.kind !== "committed") fail(`rotate: ${outcome?.kind}`);
}

function anyHeld(): Held {
  return held[Math.floor(Math.random() * held.length)] ?? fail("no session");
}

function fact(key: RowKey): Change["facts"][number] {
  const body = '{"family":"AAAAAA","generation":12,"verdict":"rotated","x":1}';
  return { tenant, kind: "token_refreshed", session: key.id as never, at: clock.now(), body };
}

async function appendFacts(count: number): Promise<void> {
  for (let from = 0; from < count; from += 250) {
    const facts = Array.from({ length: 10 }, () => fact(anyHeld().key));
    await store.commit(Array.from({ length: 25 }, () => ({ attempt: mark(), rows: [], notices: [], facts })));
  }
}

async function readCosts(): Promise<void> {
  const cases: readonly (readonly [string, () => readonly RowKey[]])[] = [
    ["the head alone", () => []],
    ["one row without refs", () => [anyHeld().subject]],
    ["a session with its subject and client", () => [anyHeld().key]],
  ];
  for (const [name, asked] of cases) {
    const costs: number[] = [];
    for (let pass = 0; pass < PASSES; pass += 1) {
      const usage = process.cpuUsage();
      for (let n = 0; n < 20_000; n += 1) await store.read(asked());
      const { user, system } = process.cpuUsage(usage);
      costs.push((user + system) / 20_000);
    }
    say(`read ${name}: ${median(costs).toFixed(1)} us CPU`);
  }
}

/** Everything that was committed, wherever it stands: the log counts only by what a checkpoint moved. */
async function bytesOnDisk(): Promise<number> {
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(file);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  return statSync(file).size;
}

function uuid(version = 7): string {
  const bytes = Buffer.from(random(16));
  if (version === 7) bytes.writeUIntBE(Date.now(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 15) | (version << 4), 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 63) | 128, 8);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function fail(what: string): never {
  throw new Error(what);
}
