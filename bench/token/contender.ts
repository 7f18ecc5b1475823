// A contender: a server process on a core of its own, with a way to get what the load needs, and its CPU time read from the kernel.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import type { Database } from "./databases.ts";
import type { Job } from "./job.ts";

export interface Contender {
  readonly name: string;
  readonly process: ChildProcess;
  /** Where it keeps its state, when that is another process. */
  readonly database: Database | undefined;
  readonly tokens: TokenSide | undefined;
  /** What a gateway asks for each request. */
  readonly check: SignedInSide | undefined;
  /** A protected route of a web app. */
  readonly route: SignedInSide | undefined;
  /** How that many people are signed in, each by one request. */
  readonly opens: ((count: number) => Promise<Opening>) | undefined;
}

export type Opening = Pick<Job, "port" | "request" | "expect"> & { readonly bodies: readonly string[] };

/** A server of OAuth, and a client of it. */
export interface TokenSide {
  readonly port: number;
  readonly authorization: string;
  /** Body of the client_credentials request. */
  readonly clientCredentials: string;
  /** That many fresh refresh tokens, each of its own session. */
  readonly refreshTokens: (count: number) => Promise<readonly string[]>;
  /** That many access tokens of sessions that live, which the client may introspect. */
  readonly accessTokens: (count: number) => Promise<readonly string[]>;
}

/** Where a request of somebody who is signed in is answered 200, and any other 401. */
export interface SignedInSide {
  readonly port: number;
  readonly path: string;
  /** The header line that shows it, of that many people. */
  readonly signIn: (count: number) => Promise<readonly string[]>;
  /** False for a floor, which answers everybody. */
  readonly judges: boolean;
}

/** Core of the servers and of the load. */
export const SERVER_CORE = "0";
export const LOAD_CORE = "1";

export function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

/** Starts a pinned node process and waits for a line that begins with `ready`; answers the rest of it. */
export async function start(
  args: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly ready: string }> {
  const child = spawn("taskset", ["-c", SERVER_CORE, process.execPath, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: false,
  });
  // Whatever ends this process ends the server, so that a failed measurement leaves nothing behind.
  process.once("exit", () => child.kill("SIGKILL"));
  const ready = await new Promise<string>((resolve, reject) => {
    let seen = "";
    // The pipe stays open and is drained: a server whose output nobody reads would break on its next line.
    child.stdout?.on("data", (chunk) => {
      seen = (seen + String(chunk)).slice(-4096);
      const line = /^ready (.*)$/m.exec(seen);
      if (line !== null) resolve(line[1] ?? "");
    });
    child.once("exit", () => reject(new Error(`a server ended before it was ready: ${args.join(" ")}\n${seen}`)));
  });
  return { child, ready };
}

/** Seconds of CPU, user and system, of all threads of these processes and of their children that have ended. */
export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(pid), 0) / TICKS_PER_SECOND;
}

const TICKS_PER_SECOND = 100;

/** 0 for a process that has just ended: its parent has what it used. */
function ticksOf(pid: number): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return 0;
  }
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
}

export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
  return Number(line?.[1] ?? 0) * 1024;
}
