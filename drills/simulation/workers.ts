// The same seeds in several processes: each takes a part of the range. What they print of themselves becomes one sum.

import { spawn } from "node:child_process";
import { join } from "node:path";

export interface Part {
  readonly seeds: number;
  readonly turns: number;
  readonly failed: boolean;
  readonly output: string;
}

const DONE = /^(\d+) seeds, (\d+) turns/;

/** `args`: as main.ts was given them, without the seeds and the workers. */
export async function inWorkers(
  [from, to]: readonly [number, number],
  workers: number,
  args: readonly string[],
): Promise<readonly Part[]> {
  const share = Math.ceil((to - from + 1) / workers);
  const parts = Array.from({ length: workers }, (_, part) => {
    const first = from + part * share;
    return [first, Math.min(to, first + share - 1)] as const;
  });
  return Promise.all(parts.filter(([first, last]) => first <= last).map((range) => worker(range, args)));
}

async function worker([first, last]: readonly [number, number], args: readonly string[]): Promise<Part> {
  const main = join(import.meta.dirname, "main.ts");
  const child = spawn(
    process.execPath,
    ["--conditions=hallpass-source", main, ...args, "--seeds", `${first}..${last}`],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed);
  let output = "";
  for await (const chunk of child.stdout) output += String(chunk);
  const code = child.exitCode ?? (await new Promise<number | null>((resolve) => child.once("exit", resolve)));
  process.off("exit", killed);
  const [, seeds = "0", turns = "0"] = DONE.exec(output) ?? [];
  return { seeds: Number(seeds), turns: Number(turns), failed: code !== 0, output };
}
