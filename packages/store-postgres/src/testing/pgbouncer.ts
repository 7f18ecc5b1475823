// A real PgBouncer of Debian's package in front of a server: in transaction mode, on a free port, gone when the test is over.

import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, ground } from "./postgres-server.ts";

export interface PgBouncer {
  /** As the server's own address, through it. */
  readonly url: string;
  stop(): Promise<void>;
}

const PROGRAM = "/usr/sbin/pgbouncer";

export function hasPgBouncer(): boolean {
  return existsSync(PROGRAM);
}

/** `settings` as in pgbouncer.ini. Rejects when it does not start. */
export async function startPgBouncer(
  server: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<PgBouncer> {
  const { directory, who } = ground();
  const port = await freePort();
  const { port: serverPort } = new URL(server);
  const all = {
    listen_addr: "127.0.0.1",
    listen_port: String(port),
    auth_type: "any",
    pool_mode: "transaction",
    default_pool_size: "8",
    unix_socket_dir: "",
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  const file = join(directory, "pgbouncer.ini");
  const databases = `[databases]\npostgres = host=127.0.0.1 port=${serverPort} dbname=postgres user=hallpass\n`;
  writeFileSync(file, `${databases}[pgbouncer]\n${lines.join("\n")}\n`);
  if (who.uid !== undefined && who.gid !== undefined) chownSync(file, who.uid, who.gid);
  const child = spawn(PROGRAM, [file], { ...who, cwd: directory, stdio: ["ignore", "ignore", "pipe"] });
  const quit = (): void => void child.kill("SIGKILL");
  process.once("exit", quit);
  await ready(child);
  return {
    url: `postgres://hallpass@127.0.0.1:${port}/postgres`,
    stop: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL")) await ended;
      process.off("exit", quit);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4096);
      if (said.includes("process up")) resolve();
    });
    child.once("exit", () => reject(new Error(`PgBouncer did not start: ${said}`)));
  });
}
