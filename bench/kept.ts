// What is kept of a measurement: its figures, and how, where and when they were measured. One file for each in bench/results/.

import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "./result.ts";
import type { Ran } from "./run.ts";

type How = Omit<Ran, "results" | "passed" | "machine" | "load">;

export interface Kept extends Result, How {
  /** Undefined, like the load, for figures that are older than these files. */
  readonly machine?: Ran["machine"];
  readonly load?: Ran["load"];
  readonly command: string;
  /** Of which the sources were, without a change. */
  readonly commit: string;
  /** By --quick: a few short rounds, to look at and not to cite. */
  readonly quick: boolean;
  /** Where figures come from that the command did not write. */
  readonly note?: string;
}

const root = join(import.meta.dirname, "..");
export const RESULTS: string = join(import.meta.dirname, "results");

/** Throws where the sources are not those of a commit: nobody could measure the same again. */
export function commitOf(): string {
  const git = (...args: readonly string[]): string => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain", "--", ":!bench/results", ":!docs");
  if (changed !== "") throw new Error(`what is kept is of a commit, and this is not in it:\n${changed}`);
  return git("rev-parse", "--short=7", "HEAD");
}

/** Nothing of a program that failed. The ids of what stayed as it was, because this run says less. */
export function keepAll(
  { results, passed, ...ran }: Ran,
  how: Pick<Kept, "command" | "commit" | "quick" | "leftOut">,
  directory: string = RESULTS,
): readonly string[] {
  if (!passed) return [];
  const all = results.map((result): Kept => {
    const leftOut = [...new Set([...result.leftOut, ...how.leftOut])];
    return { ...result, ...how, ...ran, leftOut };
  });
  return all.filter((one) => !keep(one, directory)).map(({ id }) => id);
}

/** A quick run says less than a whole one that is there: false, and nothing is changed. Whoever reads meanwhile sees the old one or the new one. */
function keep(kept: Kept, directory: string): boolean {
  const file = join(directory, `${kept.id}.json`);
  if (kept.quick && existsSync(file) && !readKept(file).quick) return false;
  mkdirSync(directory, { recursive: true });
  const next = `${file}.${process.pid}.new`;
  writeFileSync(next, textOf(kept));
  renameSync(next, file);
  return true;
}

/** Rounds in one line: they are many, and read at most side by side. */
function textOf({ rows, picture, ...about }: Kept): string {
  const text = JSON.stringify({ ...about, rows, picture }, null, 2);
  return `${text.replaceAll(/\[\s+(-?[\d.e+-]+(?:,\s+-?[\d.e+-]+)*)\s+\]/g, (_, numbers: string) => `[${numbers.replaceAll(/\s+/g, " ")}]`)}\n`;
}

function readKept(file: string): Kept {
  // Written by keep(), and read by people in a diff.
  return JSON.parse(readFileSync(file, "utf8")) as Kept;
}

export function allKept(directory: string = RESULTS): ReadonlyMap<string, Kept> {
  const files = globSync("*.json", { cwd: directory }).toSorted();
  return new Map(files.map((name) => [name.slice(0, -".json".length), readKept(join(directory, name))]));
}
