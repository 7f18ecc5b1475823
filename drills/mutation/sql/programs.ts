// The programs that judge: the contract, which says a line for each rule, and test files, which say yes or no by how they end.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { kept, root } from "../mutants.ts";
import { MUTANT, type Switched } from "./switched.ts";
import type { SqlMutant, StoreName } from "./table.ts";
import type { Told } from "./told.ts";

export type Place = Pick<SqlMutant, "file" | "from" | "to" | "text">;

/** Where it is kept, the slowest rule takes a second and a half with the start of the program; whoever takes ten times as long never ends. */
const SILENT_MS = 15_000;
/** Where writing waits for no disk, if there is such a place: what is judged here is what is written, not whether it lasts. */
const MEMORY = "/dev/shm";

/** `url`: of a server, for PostgreSQL. */
export function environment(mutant: Place | undefined, url: string): NodeJS.ProcessEnv {
  const hook = pathToFileURL(join(import.meta.dirname, "hook.ts")).href;
  return {
    ...process.env,
    DATABASE: url,
    ...(mutant === undefined ? {} : { [MUTANT]: JSON.stringify(switchedOf(mutant)) }),
    NODE_OPTIONS: `--conditions=hallpass-source --disable-warning=ExperimentalWarning --import=${hook}`,
    NODE_COMPILE_CACHE: join(kept, "sql-compiled"),
    ...(existsSync(MEMORY) ? { TMPDIR: MEMORY } : {}),
  };
}

function switchedOf({ file, from, to, text }: Place): Switched {
  return { url: pathToFileURL(join(root, file)).href, from, to, text };
}

export interface Broken {
  readonly rule: string;
  /** The error, and what caused it. */
  readonly causes: readonly string[];
}

/** The first of the rules that is broken, or of all; "silent" where it never ends. */
export async function contractOf(
  store: StoreName,
  rules: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Broken | "silent" | undefined> {
  const child = start([join(import.meta.dirname, "contract.ts"), store, ...rules], env, "pipe");
  let broken: Broken | undefined;
  let timer = setTimeout(() => child.kill("SIGKILL"), SILENT_MS);
  if (child.stdout === null) throw new Error("a process without output");
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer);
    timer = setTimeout(() => child.kill("SIGKILL"), SILENT_MS);
    const told = JSON.parse(line) as Told;
    if (told.broken !== undefined) broken = { rule: told.rule, causes: told.broken };
  }
  const code = await endOf(child, SILENT_MS);
  clearTimeout(timer);
  if (broken !== undefined || code === 0) return broken;
  // Killed for its silence, or gone before it could say anything.
  return code === "silent" || code === null ? "silent" : { rule: "nothing can be opened", causes: [`exit ${code}`] };
}

export function runOf(
  program: readonly string[],
  env: NodeJS.ProcessEnv,
  limitMs: number,
): Promise<number | null | "silent"> {
  return endOf(start(program, env, "ignore"), limitMs);
}

function start(program: readonly string[], env: NodeJS.ProcessEnv, output: "pipe" | "ignore"): ChildProcess {
  const child = spawn(process.execPath, program, { cwd: root, env, stdio: ["ignore", output, "ignore"] });
  const end = (): void => void child.kill("SIGKILL");
  process.once("exit", end);
  child.once("close", () => process.removeListener("exit", end));
  return child;
}

function endOf(child: ChildProcess, limitMs: number): Promise<number | null | "silent"> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      resolve("silent");
    }, limitMs);
    child.once("exit", (code) => {
      clearTimeout(timer);
      resolve(code);
    });
  });
}
