// A primary and its standby, with streaming replication, in a directory of their own; and what happens to them.

import { readFileSync, rmSync } from "node:fs";
import { ground, makeCluster, type PostgresServer, runTool, serveCluster } from "@hallpass/store-postgres/testing";
import pg from "pg";
import { until } from "../nodes/serving-process.ts";

export interface Pair {
  readonly primary: PostgresServer;
  readonly standby: PostgresServer;
  /** The address of both, the standby first. */
  readonly both: string;
  /** From now on nothing reaches the standby. */
  holdBack(): Promise<void>;
  /** `kill -9` of everything that the primary is. */
  killPrimary(): void;
  /** Settles when the standby takes writes. */
  promote(): Promise<void>;
  end(): Promise<void>;
}

export async function startPair(synchronous: boolean): Promise<Pair> {
  const on = ground();
  makeCluster(on, "a");
  const primary = await serveCluster(on, "a");
  const { port } = new URL(primary.url);
  runTool(
    on,
    "pg_basebackup",
    "-h",
    "127.0.0.1",
    "-p",
    port,
    "-U",
    "hallpass",
    "-D",
    "b",
    "-R",
    "-X",
    "stream",
    "-c",
    "fast",
  );
  const standby = await serveCluster(on, "b", { cluster_name: "b" });
  await until("the standby streams", 10, async () => {
    const [line] = await ask(
      primary.url,
      "SELECT count(*)::int4 AS n FROM pg_stat_replication WHERE state = 'streaming'",
    );
    return line?.["n"] === 1;
  });
  if (synchronous) {
    await ask(primary.url, "ALTER SYSTEM SET synchronous_standby_names = 'b'");
    await ask(primary.url, "SELECT pg_reload_conf()");
    await until("the standby is waited for", 10, async () => {
      const [line] = await ask(primary.url, "SELECT sync_state FROM pg_stat_replication");
      return line?.["sync_state"] === "sync";
    });
  }
  const hosts = [standby, primary].map(({ url }) => new URL(url).host).join(",");
  return {
    primary,
    standby,
    both: `postgres://hallpass@${hosts}/postgres?target_session_attrs=read-write`,
    holdBack: async () => {
      await ask(standby.url, "ALTER SYSTEM SET primary_conninfo = ''");
      await ask(standby.url, "SELECT pg_reload_conf()");
      await until("nothing reaches the standby", 10, async () => {
        const [line] = await ask(primary.url, "SELECT count(*)::int4 AS n FROM pg_stat_replication");
        return line?.["n"] === 0;
      });
    },
    killPrimary: () => {
      for (const pid of [primary.pid, ...childrenOf(primary.pid)]) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has gone with its parent.
        }
      }
    },
    promote: async () => void (await ask(standby.url, "SELECT pg_promote(true, 30)")),
    end: async () => {
      await Promise.all([primary.stop(), standby.stop()]);
      rmSync(on.directory, { recursive: true, force: true });
    },
  };
}

export async function ask(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query(text);
    return rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}
