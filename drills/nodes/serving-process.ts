// A node as a process of its own, for drills that stop it, kill it and wake it.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

export interface ServingProcess {
  readonly pid: number;
  readonly url: string;
  /** What it has written so far: the end of it, when it is more than is kept. */
  readonly output: () => string;
  /** Its stderr alone. */
  readonly said: () => string;
  stop(): void;
  goOn(): void;
  /** Settles when the process has left; with `SIGKILL` unless told otherwise. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface ServingOptions {
  readonly cwd?: string;
  /** Characters of each of its outputs: 200 000, which a loaded node writes in seconds. */
  readonly kept?: number;
}

/** Settles when it listens; rejects when it leaves before. `program` gets `args`, and says where it listens in a log line. */
export async function servingProcess(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: ServingOptions = {},
): Promise<ServingProcess> {
  const { kept = 200_000, ...spawning } = options;
  const child = spawn(process.execPath, ["--conditions=hallpass-source", program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", ...env },
    ...spawning,
  });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] = (texts[name] + text).slice(-kept);
    });
  const output = (): string => texts.stdout + texts.stderr;
  const left = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed);
  void left.then(() => process.off("exit", killed));
  const url = await listening(child, output);
  const { pid = 0 } = child;
  return {
    pid,
    url,
    output,
    said: () => texts.stderr,
    stop: () => void process.kill(pid, "SIGSTOP"),
    goOn: () => void process.kill(pid, "SIGCONT"),
    end: async (signal = "SIGKILL") => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return left;
    },
  };
}

async function listening(child: ChildProcess, output: () => string): Promise<string> {
  for (let tries = 0; tries < 3000; tries += 1) {
    const url = /"event":"listening"[^\n]*"url":"([^"]+)"|"url":"([^"]+)"[^\n]*"event":"listening"/.exec(output());
    if (url !== null) return url[1] ?? url[2] ?? "";
    if (child.exitCode !== null) break;
    await wait(10);
  }
  child.kill("SIGKILL");
  throw new Error(`a node does not listen: ${output()}`);
}

/** The processes that it has started. */
export function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

/** Whether the kernel says that the process is stopped. */
export function isStopped(pid: number): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** Settles when it holds. Rejects with `what` after that many seconds. */
export async function until(what: string, seconds: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await wait(20);
  }
}
