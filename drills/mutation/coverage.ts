// Which tests run through which mutants, and how long they take: found once for a text of the sources and of a test file, and kept.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashOf, type Mutated } from "./mutants.ts";
import type { CoveredFile, Hits } from "./told.ts";
import { startWorker } from "./worker-handle.ts";

/** A test by its file and its place in it. */
export interface CoveringTest {
  readonly file: string;
  readonly place: number;
  readonly title: string;
  /** How often each mutant's place is passed. */
  readonly hits: Hits;
  readonly ms: number;
}

export interface Coverage {
  /** While sources are loaded. */
  readonly atLoad: Hits;
  /** While a test file is loaded: what it makes for all of its tests. */
  readonly byFile: ReadonlyMap<string, Hits>;
  readonly tests: readonly CoveringTest[];
}

interface Kept {
  /** Of the sources, and of what mutates them. */
  readonly hash: string;
  readonly atLoad: Hits;
  readonly files: Readonly<Record<string, CoveredFile & { readonly hash: string }>>;
}

const LOAD_MS = 120_000;
const COVER_MS = 600_000;

/** Runs only the test files that are new or changed since. Throws an Error that says which test fails without any mutant. */
export async function coverageOf(mutated: Mutated): Promise<Coverage> {
  const { suite, hash, directory } = mutated;
  const path = join(directory, "coverage.json");
  const hashes = new Map(suite.tests.map((file) => [file, hashOf([file])] as const));
  const known = keptAt(path, hash);
  const isKnown = (file: string): boolean => known.files[file]?.hash === hashes.get(file);
  const changed = suite.tests.filter((file) => !isKnown(file));
  if (changed.length === 0) return flat(known, suite.tests);
  const covered = await run(mutated, changed);
  const files = Object.entries(covered.files).map(
    ([file, one]) => [file, { ...one, hash: hashes.get(file) ?? "" }] as const,
  );
  const kept: Kept = { hash, atLoad: covered.atLoad, files: { ...known.files, ...Object.fromEntries(files) } };
  writeFileSync(path, JSON.stringify(kept));
  return flat(kept, suite.tests);
}

function keptAt(path: string, hash: string): Kept {
  const nothing: Kept = { hash, atLoad: {}, files: {} };
  if (!existsSync(path)) return nothing;
  const before = JSON.parse(readFileSync(path, "utf8")) as Kept;
  return before.hash === hash ? before : nothing;
}

async function run({ written }: Mutated, files: readonly string[]) {
  const worker = startWorker();
  try {
    const loaded = await worker.ask({ ask: "load", written, files, apart: true }, LOAD_MS);
    if (loaded === "silent" || loaded.kind !== "loaded") throw new Error(`the tests do not load: ${whyOf(loaded)}`);
    const answer = await worker.ask({ ask: "cover" }, COVER_MS);
    if (answer === "silent" || answer.kind !== "covered") throw new Error(whyOf(answer));
    return answer.covered;
  } finally {
    worker.end();
  }
}

function flat({ atLoad, files }: Kept, names: readonly string[]): Coverage {
  return {
    atLoad,
    byFile: new Map(names.map((file) => [file, files[file]?.atLoad ?? {}] as const)),
    tests: names.flatMap((file) => (files[file]?.tests ?? []).map((test, place) => ({ file, place, ...test }))),
  };
}

function whyOf(answer: "silent" | { readonly kind: string; readonly why?: string }): string {
  return answer === "silent" ? "silence" : (answer.why ?? answer.kind);
}
