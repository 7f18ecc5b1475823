// How often each operation has something flushed to a disk: calls that make a file durable, seen by strace in every process and thread that
// has to do with it, a database's own, too. What a server does beside requests (its sweep, its audit) is not among them.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { postgresBinaries } from "@hallpass/store-postgres/testing";
import { type Counted, OPERATIONS } from "./operations.ts";

export const TOGETHER = 16;
/** What is known beforehand: it shows in each run that calls are seen, and which operation they are counted for. */
export const BARE = "one line, and fdatasync";
/** A verdict has no store. */
export const FLUSHING: readonly Counted[] = OPERATIONS.filter(({ name }) => !name.startsWith("a verdict"));
const MOST_BARE = 1.25;
export const MARK = "/hallpass-costs:";

/** Flushes for each operation, on average, asked for alone and by sixteen at once. */
export interface Flushes {
  readonly alone: number;
  readonly together: number;
}

export const KEEPING = ["SQLite", "PostgreSQL"] as const;
export type Keeping = (typeof KEEPING)[number];
export type FlushesByName = ReadonlyMap<string, Flushes>;

/** By operation, of each store; one for which something is not installed is left out, which is said. */
export async function flushesOfAll(say: (line: string) => void): Promise<ReadonlyMap<Keeping, FlushesByName>> {
  const all = new Map<Keeping, FlushesByName>();
  if (spawnSync("strace", ["--version"], { stdio: "ignore" }).status !== 0)
    say("left out: flushes, because strace is not here (apt-get install strace)");
  else {
    all.set("SQLite", await flushesOf("SQLite"));
    if (postgresBinaries() !== undefined) all.set("PostgreSQL", await flushesOf("PostgreSQL"));
    else say("left out: flushes of PostgreSQL, because it is not here (apt-get install postgresql)");
  }
  return all;
}

/** Rejects when an operation is not answered as it should be. */
async function flushesOf(keeping: Keeping): Promise<FlushesByName> {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-flushes-"));
  try {
    const seen = join(directory, "calls");
    const calls = "trace=fsync,fdatasync,sync,syncfs,msync,sync_file_range,?rmdir,?unlinkat";
    const strace = ["--seccomp-bpf", "-f", "-q", "-e", calls, "-e", "signal=none", "-o", seen];
    const program = ["--conditions=hallpass-source", join(import.meta.dirname, "flushing.ts"), keeping, directory];
    const child = spawn("strace", [...strace, process.execPath, ...program], { stdio: ["ignore", "ignore", "pipe"] });
    const said = text(child.stderr);
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new Error(`flushes were not counted: ${await said}`);
    const found = countIn(readFileSync(seen, "utf8"));
    const bare = found.get(BARE) ?? { alone: 0, together: 0 };
    // A database may flush by itself now and then.
    if (![bare.alone, bare.together].every((each) => each >= 1 && each <= MOST_BARE))
      throw new Error(`a bare flush was counted ${bare.alone} and ${bare.together} times`);
    return found;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What strace wrote: a call is one line, or two when another thread's came between; it counts where it begins. */
export function countIn(lines: string): FlushesByName {
  const found = new Map<string, Flushes>();
  let current: { readonly name: string; readonly size: number; readonly operations: number } | undefined;
  let flushes = 0;
  for (const line of lines.split("\n")) {
    const [, marked] = line.includes(MARK) ? (new RegExp(`${MARK}([^"]*)"`).exec(line) ?? []) : [];
    if (marked === "end") {
      if (current === undefined) throw new Error("a stretch ended that had not begun");
      const each = flushes / current.operations;
      const before = found.get(current.name) ?? { alone: Number.NaN, together: Number.NaN };
      found.set(current.name, { ...before, [current.size === 1 ? "alone" : "together"]: each });
      current = undefined;
    } else if (marked !== undefined) {
      const [, operations, size, name = ""] = /^(\d+),(\d+),(.*)$/.exec(marked) ?? [];
      current = { name, size: Number(size), operations: Number(operations) };
      flushes = 0;
    } else if (/^\d+ +(fsync|fdatasync|sync|syncfs|msync|sync_file_range)\(/.test(line)) flushes += 1;
  }
  return found;
}
