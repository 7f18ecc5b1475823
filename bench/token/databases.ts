// The databases that contenders keep their state in: Debian's packages, each in a temporary directory on a free port, on the core of the
// load, gone with this process. Their CPU is read apart from the server's.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresBinaries, startPostgres } from "@hallpass/store-postgres/testing";
import { cpuSecondsOf, freePort, LOAD_CORE } from "./contender.ts";

export interface Database {
  /** What its settings promise of a write that was answered. */
  readonly durability: string;
  readonly port: number;
  readonly url: string;
  /** Seconds of CPU of all its processes since they started. */
  readonly cpuSeconds: () => number;
  readonly stop: () => Promise<void>;
}

/** Undefined when redis-server is not installed. Appends are flushed each second: its documented default with the log on. */
export async function startRedis(): Promise<Database | undefined> {
  if (spawnSync("redis-server", ["--version"]).status !== 0) return undefined;
  const directory = mkdtempSync(join(tmpdir(), "hallpass-bench-redis-"));
  const port = await freePort();
  const settings = { port, bind: "127.0.0.1", dir: directory, appendonly: "yes", appendfsync: "everysec", save: "" };
  const child = spawn(
    "taskset",
    [
      "-c",
      LOAD_CORE,
      "redis-server",
      ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  process.once("exit", () => child.kill("SIGKILL"));
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (chunk) => {
      said = (said + String(chunk)).slice(-4096);
      if (said.includes("Ready to accept connections")) resolve();
    });
    child.once("exit", () => reject(new Error(`redis-server ended before it was ready: ${said}`)));
  });
  const pid = child.pid ?? 0;
  return {
    durability: "everysec",
    port,
    url: `redis://127.0.0.1:${port}`,
    cpuSeconds: () => cpuSecondsOf([pid]),
    stop: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null && child.kill("SIGKILL")) await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Undefined when PostgreSQL is not installed. Everything at its default: `fsync` and `synchronous_commit` on. */
export async function startBenchPostgres(): Promise<Database | undefined> {
  if (postgresBinaries() === undefined) return undefined;
  const server = await startPostgres();
  // Those that run already are moved; those that follow inherit it.
  for (const pid of [server.pid, ...childrenOf(server.pid)]) execFileSync("taskset", ["-cp", LOAD_CORE, String(pid)]);
  return {
    durability: "fsync",
    port: Number(new URL(server.url).port),
    url: server.url,
    cpuSeconds: () => cpuSecondsOf([server.pid, ...childrenOf(server.pid)]),
    stop: () => server.stop(),
  };
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ").filter(Boolean).map(Number);
}
