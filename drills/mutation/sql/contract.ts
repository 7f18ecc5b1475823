// Rules of a store's contract, one after the other until one is broken: `node contract.ts sqlite|postgres [rules, in this order]`, or all.
// Says a line for each rule. Of PostgreSQL the server's address is in DATABASE.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { instantOf, type Store } from "@hallpass/core";
import { type OpenStore, rules, runRule } from "@hallpass/store-contract";
import { openSqliteStore } from "@hallpass/store-sqlite";
import { openStore } from "../../../packages/store-postgres/src/testing/open-store.ts";
import { RECORD } from "./switched.ts";
import type { Told } from "./told.ts";

const [name = "", ...asked] = process.argv.slice(2);
const url = process.env["DATABASE"] ?? "";
const packages = join(import.meta.dirname, "../../../packages");
let opened = 0;

async function emptySqlite(): Promise<OpenStore> {
  const directory = await mkdtemp(join(tmpdir(), "hallpass-sql-"));
  const file = join(directory, "hallpass.db");
  const clock = { now: () => instantOf(Date.now()) };
  const dice = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) };
  const open = (): Promise<Store> => openSqliteStore({ file, clock, dice });
  const program = join(packages, "store-sqlite/src/sqlite-store.test.ts");
  return {
    store: await open(),
    reopen: open,
    committer: ["--conditions=hallpass-source", program, "commit until killed", file],
    dispose: () => rm(directory, { recursive: true }),
  };
}

async function emptyPostgres(): Promise<OpenStore> {
  opened += 1;
  const schema = `store_${process.pid}_${opened}`;
  const program = join(packages, "store-postgres/src/postgres-store.needs-postgres.test.ts");
  return {
    store: await openStore(url, schema),
    reopen: () => openStore(url, schema),
    committer: ["--conditions=hallpass-source", program, "commit until killed", url, schema],
  };
}

const open = name === "sqlite" ? emptySqlite : emptyPostgres;
const chosen = asked.length === 0 ? rules : asked.flatMap((id) => rules.filter((rule) => rule.id === id));
for (const rule of chosen) {
  const began = performance.now();
  // Threads and processes that it starts say of whom they are, too.
  process.env[`${RECORD}_WHO`] = rule.id;
  try {
    await runRule(rule, open);
    say({ rule: rule.id, ms: Math.round(performance.now() - began) });
  } catch (error) {
    say({ rule: rule.id, broken: causesOf(error) });
    process.exit(1);
  }
}
// Whatever is left open is left behind.
process.exit(0);

function say(told: Told): void {
  process.stdout.write(`${JSON.stringify(told)}\n`);
}

function causesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [String(error)];
  const code = "code" in error ? ` ${String(error.code)}` : "";
  const inner = error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined);
  return [`${error.message.slice(0, 200)}${code}`, ...(inner === undefined ? [] : causesOf(inner))];
}
