// What a load process is told, and what it tells.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { here, LOAD_CORE } from "./contender.ts";

export interface Job {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly request: {
    readonly method: "GET" | "POST";
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  /** A header line of its own for each connection; none at all for requests without. */
  readonly lines: readonly string[];
  /** What every answer has: its status, and a text in its body. */
  readonly expect: { readonly status: number; readonly text: string };
  readonly bodies: Bodies;
}

export type Bodies =
  /** One for each connection, again and again. */
  | { readonly kind: "same"; readonly bodies: readonly string[] }
  /** A refresh token is added, that of the answer before; one for each connection to begin with. */
  | { readonly kind: "chained"; readonly body: string; readonly first: readonly string[] }
  /** Each once: the load ends when they are used up. */
  | { readonly kind: "each"; readonly bodies: readonly string[] };

export interface Load {
  readonly requests: number;
  readonly bad: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** The last good answer. */
  readonly sample: string;
}

/** Gone with this process. */
export function startLoad(job: Job): ChildProcessByStdio<Writable, Readable, null> {
  const load = [process.execPath, "--conditions=hallpass-source", here("./load.ts")];
  const child = spawn("taskset", ["-c", LOAD_CORE, ...load], { stdio: ["pipe", "pipe", "inherit"] });
  const end = (): boolean => child.kill("SIGKILL");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  child.stdin.end(JSON.stringify(job));
  return child;
}

export async function runLoad(job: Job): Promise<Load> {
  return JSON.parse(await text(startLoad(job).stdout)) as Load;
}
