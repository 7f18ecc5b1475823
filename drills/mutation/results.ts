// What became of each mutant. In full where git does not see it, so that the next run judges again only what may have changed; in
// numbers by file in results/, from which docs/mutation.md is printed.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Again, Verdict } from "./judge.ts";
import { hashOf, kept, type Mutant, type Mutated, type PackageName, root } from "./mutants.ts";

/** A mutant stays killed while its file and the test that killed it are as they were; one that lives is judged again by tests that are new. */
interface Remembered {
  readonly verdict: Verdict;
  readonly source: string;
  readonly tests: string;
}

export interface Memory {
  readonly verdictOn: (mutant: Mutant) => Verdict | undefined;
  /** Of a mutant that lived: by which test files it has to be judged again. */
  readonly again: (mutant: Mutant) => Again | undefined;
  readonly remember: (mutant: Mutant, verdict: Verdict) => void;
  readonly write: () => void;
}

export function memoryOf({ suite }: Mutated): Memory {
  const path = join(kept, suite.name, "verdicts.json");
  const known: Record<string, Remembered> = readOr(path);
  // By the hash of all test files: the hash of each.
  const states = join(kept, suite.name, "tests.json");
  const state = Object.fromEntries(suite.tests.map((file) => [file, hashOf([file])]));
  const all: Record<string, Readonly<Record<string, string>>> = { ...readOr(states), [hashOf(suite.tests)]: state };
  writeFileSync(states, JSON.stringify(all));
  const hashes = new Map<string, string>();
  const hashed = (key: string, paths: readonly string[]): string => {
    const hash = hashes.get(key) ?? hashOf(paths.filter((one) => [...suite.sources, ...suite.tests].includes(one)));
    hashes.set(key, hash);
    return hash;
  };
  const testsOf = ({ by }: Verdict): string => {
    const file = by?.split(": ")[0];
    return file === undefined ? hashed("all", suite.tests) : hashed(file, [file]);
  };
  return {
    verdictOn: (mutant) => {
      const found = known[keyOf(mutant)];
      if (found === undefined || found.source !== hashed(mutant.file, [mutant.file])) return undefined;
      return found.tests === testsOf(found.verdict) ? found.verdict : undefined;
    },
    again: (mutant) => {
      const found = known[keyOf(mutant)];
      if (found === undefined || found.source !== hashed(mutant.file, [mutant.file])) return undefined;
      const before = all[found.tests];
      const isStanding = found.verdict.fate === "survived" || found.verdict.fate === "not covered";
      if (before === undefined || !isStanding) return undefined;
      return { known: found.verdict, files: new Set(suite.tests.filter((file) => before[file] !== state[file])) };
    },
    remember: (mutant, verdict) => {
      known[keyOf(mutant)] = { verdict, source: hashed(mutant.file, [mutant.file]), tests: testsOf(verdict) };
    },
    write: () => {
      writeFileSync(path, JSON.stringify(known));
    },
  };
}

function readOr(path: string) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
}

function keyOf({ file, line, column, mutator, original, replacement }: Mutant): string {
  return [file, line, column, mutator, original.length, replacement].join(":");
}

export interface Counts {
  readonly killed: number;
  readonly timedOut: number;
  readonly survived: number;
  readonly notCovered: number;
}

export interface Counted extends Counts {
  /** YYYY-MM-DD, UTC. */
  readonly date: string;
  /** Of statements: who noticed any of them first, the most frequent before the others. */
  readonly by?: readonly string[];
}

/** By source file, of whole files only. */
export type Results = Readonly<Record<string, Counted>>;

const results = join(import.meta.dirname, "results");

export function resultsOf(name: PackageName | "sql"): Results {
  const path = join(results, `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Results) : {};
}

/** In the place of what was known of the same files; what is known of files that are no more is forgotten. */
export function keepResults(name: PackageName | "sql", counted: Results): void {
  const all = Object.entries({ ...resultsOf(name), ...counted }).filter(([file]) => existsSync(join(root, file)));
  mkdirSync(results, { recursive: true });
  const sorted = Object.fromEntries(all.toSorted(([one], [other]) => (one < other ? -1 : 1)));
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(sorted, null, 2)}\n`);
}

export function countsOf(verdicts: readonly Verdict[]): Counts {
  const count = (fate: Verdict["fate"]): number => verdicts.filter((verdict) => verdict.fate === fate).length;
  return {
    killed: count("killed"),
    timedOut: count("timed out"),
    survived: count("survived"),
    notCovered: count("not covered"),
  };
}

/** Of all mutants, those that the tests noticed, in per cent; equivalent ones count as not noticed. */
export function scoreOf({ killed, timedOut, survived, notCovered }: Counts): number {
  const all = killed + timedOut + survived + notCovered;
  return all === 0 ? 100 : (100 * (killed + timedOut)) / all;
}

export function sumOf(counts: readonly Counts[]): Counts {
  const sum = (name: keyof Counts): number => counts.reduce((all, one) => all + one[name], 0);
  return { killed: sum("killed"), timedOut: sum("timedOut"), survived: sum("survived"), notCovered: sum("notCovered") };
}
