// The stores that are killed under load: a file of SQLite, whose server is killed; and PostgreSQL, of which the server of Hallpass and
// PostgreSQL itself are killed in turns.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ground, makeCluster, type PostgresServer, serveCluster } from "@hallpass/store-postgres/testing";

export interface KilledStore {
  readonly directory: string;
  /** For the server's environment. */
  readonly url: () => string;
  /** Kills what lies below the server; undefined where the server is all that can be killed. */
  readonly kill: (() => Promise<void>) | undefined;
  /** What is wrong with the store while nobody has it open; undefined if nothing is. */
  readonly check: () => string | undefined;
  readonly end: (keep: boolean) => Promise<void>;
}

export function sqlite(): KilledStore {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-kill-"));
  return {
    directory,
    url: () => "sqlite",
    kill: undefined,
    check: () => {
      const database = new DatabaseSync(join(directory, "hallpass.sqlite"));
      try {
        const row = database.prepare("PRAGMA integrity_check").get();
        const said = String(row?.["integrity_check"]);
        return said === "ok" ? undefined : said;
      } finally {
        database.close();
      }
    },
    end: async (keep) => {
      if (!keep) rmSync(directory, { recursive: true, force: true });
    },
  };
}

export async function postgres(): Promise<KilledStore> {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-kill-"));
  const on = ground();
  makeCluster(on, "data");
  let server: PostgresServer = await serveCluster(on, "data");
  return {
    directory,
    url: () => server.url,
    kill: async () => {
      process.kill(server.pid, "SIGKILL");
      await server.stop();
      server = await again(() => serveCluster(on, "data"));
    },
    check: () => undefined,
    end: async (keep) => {
      await server.stop();
      if (keep) return;
      rmSync(on.directory, { recursive: true, force: true });
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The backends of a postmaster that was killed notice it a moment later; until then they hold the shared memory, and it can't start. */
async function again<T>(start: () => Promise<T>): Promise<T> {
  for (let left = 120; ; left -= 1) {
    try {
      return await start();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
