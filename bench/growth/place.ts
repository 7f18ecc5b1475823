// Where a crowd lives: a file, or a server of PostgreSQL of its own; how it is filled, and how a node is told of it.

import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, instantOf, type Scheduler, type Store } from "@hallpass/core";
import { openPostgresStore } from "@hallpass/store-postgres";
import { ground, makeCluster, type PostgresServer, serveCluster } from "@hallpass/store-postgres/testing";
import { openSqliteStore } from "@hallpass/store-sqlite";
import type { Crowd } from "./crowd.ts";
import { seededDice } from "./dice.ts";
import { fillPostgres } from "./fill-postgres.ts";
import { fillSqlite } from "./fill-sqlite.ts";
import { bytesOfTables } from "./tables.ts";

export interface Place {
  /** The node's data directory. */
  readonly data: string;
  readonly env: Readonly<Record<string, string>>;
  /** The store itself, while no node serves it. */
  open(): Promise<Store>;
  /** Writes openings, while nobody has the store open. Answers the cursor of the last fact. */
  fill(crowd: Crowd, count: number, said: (n: number) => void): Promise<string>;
  bytes(): Promise<Readonly<Record<string, number>>>;
  remove(): Promise<void>;
}

const dice = seededDice("a place");
const clock: Clock = { now: () => instantOf(Date.now()), monotonic: () => performance.now() };
const scheduler: Scheduler = {
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};
function dataDirectory(): string {
  const data = mkdtempSync(join(tmpdir(), "hallpass-growth-"));
  mkdirSync(join(data, "node"), { mode: 0o700 });
  return join(data, "node");
}

export async function sqlitePlace(): Promise<Place> {
  const data = dataDirectory();
  const file = join(data, "hallpass.sqlite");
  const open = (): Promise<Store> => openSqliteStore({ file, clock, dice });
  return {
    data,
    env: {},
    open,
    fill: async (crowd, count, said) => fillSqlite(file, crowd, count, said),
    bytes: async () => ({ file: statSync(file).size }),
    remove: async () => rmSync(join(data, ".."), { recursive: true }),
  };
}

/** What is measured runs with the settings that a server has by itself, but for its memory. */
const SERVED = { shared_buffers: "1GB", max_wal_size: "4GB" };

export async function postgresPlace(): Promise<Place> {
  const data = dataDirectory();
  const on = ground();
  makeCluster(on, "data");
  let server: PostgresServer = await serveCluster(on, "data", SERVED);
  const env: Record<string, string> = { HALLPASS_STORE: server.url };
  async function servedWith(settings: Readonly<Record<string, string>>): Promise<void> {
    await server.stop();
    server = await serveCluster(on, "data", settings);
    env["HALLPASS_STORE"] = server.url;
  }
  return {
    data,
    env,
    open: () => openPostgresStore({ url: server.url, schema: "hallpass", clock, dice, scheduler }),
    fill: async (crowd, count, said) => {
      await servedWith({ ...SERVED, fsync: "off", full_page_writes: "off", max_wal_size: "8GB" });
      const cursor = await fillPostgres(server.url, crowd, count, said);
      await servedWith(SERVED);
      return cursor;
    },
    bytes: () => bytesOfTables(server.url),
    remove: async () => {
      await server.stop();
      rmSync(on.directory, { recursive: true });
      rmSync(join(data, ".."), { recursive: true });
    },
  };
}
