// A real server for tests, of Debian's package: in a temporary directory, on a free port, gone when the test is over.
// PostgreSQL refuses to run as root, so root hands the directory to the user that the package made.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface PostgresServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const DEBIAN = "/usr/lib/postgresql";

/** The newest version that is installed; undefined when there is none. */
export function postgresBinaries(): string | undefined {
  if (!existsSync(DEBIAN)) return undefined;
  const versions = readdirSync(DEBIAN).filter((name) => existsSync(join(DEBIAN, name, "bin", "initdb")));
  const [newest] = versions.toSorted((a, b) => Number(b) - Number(a));
  return newest === undefined ? undefined : join(DEBIAN, newest, "bin");
}

/** A directory for clusters of one test, whose owner may run a server. */
export interface Ground {
  readonly bin: string;
  readonly directory: string;
  readonly who: { readonly uid?: number; readonly gid?: number };
}

/** `bin`: where the programs are, of which the newest that is installed is taken otherwise. Throws when there is no PostgreSQL. */
export function ground(bin: string | undefined = postgresBinaries()): Ground {
  if (bin === undefined) throw new Error("PostgreSQL is not installed: apt-get install postgresql");
  const directory = mkdtempSync(join(tmpdir(), "hallpass-postgres-"));
  const who = process.getuid?.() === 0 ? userNamed("postgres") : {};
  if (who.uid !== undefined && who.gid !== undefined) chownSync(directory, who.uid, who.gid);
  return { bin, directory, who };
}

/** One of PostgreSQL's programs, to its end. */
export function runTool({ bin, directory, who }: Ground, tool: string, ...args: readonly string[]): void {
  execFileSync(join(bin, tool), args, { ...who, cwd: directory, stdio: ["ignore", "ignore", "pipe"] });
}

/** An empty cluster in a folder of the ground, with the superuser `hallpass` and trust for everybody on this machine. */
export function makeCluster(on: Ground, name: string): void {
  runTool(on, "initdb", "-D", name, "-U", "hallpass", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N");
}

/**
 * Where a run of all tests keeps an empty cluster for them to copy: making one takes five times as long. Not named like
 * a key of the configuration, which a server that a test starts would refuse.
 */
export const CLUSTER_TO_COPY = "TESTS_CLUSTER_TO_COPY";
let hasCopied = false;

/** A copy has the identifier of its original, and two of them would pass for one server: a process gets one at most. */
function copyOrMakeCluster(on: Ground, name: string): void {
  const original = process.env[CLUSTER_TO_COPY];
  if (original === undefined || hasCopied) return makeCluster(on, name);
  hasCopied = true;
  execFileSync("cp", ["-a", original, name], { ...on.who, cwd: on.directory, stdio: ["ignore", "ignore", "pipe"] });
}

/** Serves a cluster on a free port. `settings` as in postgresql.conf. Rejects when it does not start. */
export async function serveCluster(
  { bin, directory, who }: Ground,
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const port = await freePort();
  const all = { port: String(port), listen_addresses: "127.0.0.1", unix_socket_directories: directory, ...settings };
  const child = spawn(
    join(bin, "postgres"),
    ["-D", name, ...Object.entries(all).flatMap(([key, value]) => ["-c", `${key}=${value}`])],
    { ...who, cwd: directory, stdio: ["ignore", "ignore", "pipe"] },
  );
  const quit = (): void => void child.kill("SIGQUIT");
  process.once("exit", quit);
  await ready(child);
  return {
    url: `postgres://hallpass@127.0.0.1:${port}/postgres`,
    pid: child.pid ?? 0,
    stop: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null && child.signalCode === null && child.kill("SIGINT")) await ended;
      process.off("exit", quit);
    },
  };
}

/** `settings` as in postgresql.conf; `bin` as `ground` takes it. Rejects when there is no PostgreSQL, or it does not start. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  bin?: string,
): Promise<PostgresServer> {
  const on = ground(bin);
  // Of other programs a cluster is their own.
  if (bin === undefined) copyOrMakeCluster(on, "data");
  else makeCluster(on, "data");
  const server = await serveCluster(on, "data", settings);
  return {
    ...server,
    stop: async () => {
      await server.stop();
      rmSync(on.directory, { recursive: true, force: true });
    },
  };
}

function userNamed(name: string): { readonly uid?: number; readonly gid?: number } {
  const id = (flag: string): number => Number(execFileSync("id", [flag, name], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error()),
      );
    });
  });
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4096);
      if (/database system is ready to accept (?:read-only )?connections/.test(said)) resolve();
    });
    child.once("exit", () => reject(new Error(`PostgreSQL did not start: ${said}`)));
  });
}
