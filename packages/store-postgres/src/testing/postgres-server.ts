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

/** `settings` as in postgresql.conf. Rejects when there is no PostgreSQL, or it does not start. */
export async function startPostgres(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const bin = postgresBinaries();
  if (bin === undefined) throw new Error("PostgreSQL is not installed: apt-get install postgresql");
  const directory = mkdtempSync(join(tmpdir(), "hallpass-postgres-"));
  const who = process.getuid?.() === 0 ? userNamed("postgres") : {};
  if (who.uid !== undefined && who.gid !== undefined) chownSync(directory, who.uid, who.gid);
  const data = join(directory, "data");
  execFileSync(
    join(bin, "initdb"),
    ["-D", data, "-U", "hallpass", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"],
    {
      ...who,
      cwd: directory,
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const port = await freePort();
  const all = { port: String(port), listen_addresses: "127.0.0.1", unix_socket_directories: directory, ...settings };
  const child = spawn(
    join(bin, "postgres"),
    ["-D", data, ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    { ...who, cwd: directory, stdio: ["ignore", "ignore", "pipe"] },
  );
  process.once("exit", () => child.kill("SIGQUIT"));
  await ready(child);
  return {
    url: `postgres://hallpass@127.0.0.1:${port}/postgres`,
    pid: child.pid ?? 0,
    stop: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null && child.signalCode === null && child.kill("SIGINT")) await ended;
      rmSync(directory, { recursive: true, force: true });
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
      if (said.includes("database system is ready to accept connections")) resolve();
    });
    child.once("exit", () => reject(new Error(`PostgreSQL did not start: ${said}`)));
  });
}
