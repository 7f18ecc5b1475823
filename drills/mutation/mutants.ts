// The mutants of a package, and its sources with all of them inside, each behind a switch. Kept by the text of the sources, in a
// folder that git does not see.

import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";

export const PACKAGES = ["protocol", "verifier", "core"] as const;
export type PackageName = (typeof PACKAGES)[number];

export const root: string = join(import.meta.dirname, "../..");
/** Nothing that git sees. */
export const kept: string = join(import.meta.dirname, "node_modules/.cache");

/** Whose sources and tests they are: a package of ours, some of its files, or the planted ones. */
export interface Suite {
  readonly name: string;
  /** "all", or what tells this choice of sources from others. */
  readonly part: string;
  /** Paths under the root, with slashes. */
  readonly sources: readonly string[];
  readonly tests: readonly string[];
}

export interface Mutant {
  /** Stryker's number, of this text of the sources. */
  readonly id: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly mutator: string;
  readonly original: string;
  readonly replacement: string;
  /** The line on which it begins, without the spaces around it. */
  readonly at: string;
}

export interface Mutated {
  readonly suite: Suite;
  readonly mutants: readonly Mutant[];
  /** Mutants that are none, because no test may notice them: sentences of errors. */
  readonly prose: number;
  /** By path under the root: a file with JavaScript, mutants and switches. */
  readonly written: Readonly<Record<string, string>>;
  /** Of sources, and of what mutates them and runs tests. */
  readonly hash: string;
  /** What is kept of this part. */
  readonly directory: string;
}

/** What is kept was made by these. */
const ENGINE = ["mutants.ts", "stryker.mjs", "told.ts", "tests.ts", "worker.ts"].map(
  (name) => `drills/mutation/${name}`,
);

/** Beside its own tests, core's store is judged by the contract that every store signs. */
const BESIDE: Readonly<Record<PackageName, readonly string[]>> = {
  protocol: [],
  verifier: [],
  core: ["packages/store-memory/src/*.test.ts"],
};

/** With words: only the sources whose path contains one of them. */
export function suiteOf(name: PackageName, words: readonly string[] = []): Suite {
  const all = found([`packages/${name}/src/**/*.ts`]);
  const isTest = (path: string): boolean => path.endsWith(".test.ts");
  const sources = all.filter((path) => !isTest(path) && !path.includes("/src/testing/"));
  const chosen = sources.filter((path) => words.length === 0 || words.some((word) => path.includes(word)));
  const part =
    chosen.length === sources.length ? "all" : createHash("sha256").update(chosen.join()).digest("hex").slice(0, 12);
  return { name, part, sources: chosen, tests: [...all.filter(isTest), ...found(BESIDE[name])] };
}

export function found(patterns: readonly string[]): readonly string[] {
  return globSync(patterns, { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .toSorted();
}

export function hashOf(paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of paths)
    hash
      .update(path)
      .update("\0")
      .update(readFileSync(join(root, path)))
      .update("\0");
  return hash.digest("hex").slice(0, 32);
}

/** Throws an Error that says what to install where Stryker is not here. */
export async function mutatedOf(suite: Suite): Promise<Mutated> {
  const directory = join(kept, suite.name, suite.part);
  const hash = hashOf([...suite.sources, ...ENGINE]);
  const index = join(directory, "mutants.json");
  if (existsSync(index)) {
    const before = JSON.parse(readFileSync(index, "utf8")) as Mutated;
    if (before.hash === hash) return { ...before, suite };
  }
  const texts = suite.sources.map((path) => [path, readFileSync(join(root, path), "utf8")] as const);
  const { files, mutants } = await instrumented(texts);
  mkdirSync(join(directory, "sources"), { recursive: true });
  const written: Record<string, string> = {};
  for (const { name, content } of files) {
    const path = join(directory, "sources", `${name.replaceAll("/", "-").replace(/\.ts$/, "")}.js`);
    writeFileSync(path, stripTypeScriptTypes(content));
    written[name] = path;
  }
  const lines = new Map(texts.map(([path, text]) => [path, text.split("\n")] as const));
  const alive = mutants.filter(({ status }) => status !== "Ignored");
  const mutated: Mutated = {
    suite,
    mutants: alive.map((mutant) => mutantOf(mutant, lines.get(mutant.fileName) ?? [])),
    prose: mutants.length - alive.length,
    written,
    hash,
    directory,
  };
  writeFileSync(index, JSON.stringify(mutated));
  return mutated;
}

interface Made {
  readonly id: string;
  readonly fileName: string;
  readonly mutatorName: string;
  readonly replacement: string;
  readonly status?: string;
  /** From 0. */
  readonly location: Readonly<Record<"start" | "end", { readonly line: number; readonly column: number }>>;
}

interface Stryker {
  readonly instrument: (sources: readonly (readonly [path: string, text: string])[]) => Promise<{
    readonly files: readonly { readonly name: string; readonly content: string }[];
    readonly mutants: readonly Made[];
  }>;
}

async function instrumented(texts: readonly (readonly [path: string, text: string])[]) {
  if (!existsSync(join(import.meta.dirname, "node_modules/@stryker-mutator/instrumenter")))
    throw new Error("Stryker is not here: npm ci --ignore-scripts --prefix drills/mutation");
  const stryker = (await import(new URL("stryker.mjs", import.meta.url).href)) as Stryker;
  return stryker.instrument(texts);
}

function mutantOf({ id, fileName, mutatorName, replacement, location }: Made, lines: readonly string[]): Mutant {
  const { start, end } = location;
  const covered = lines.slice(start.line, end.line + 1);
  const last = covered.length - 1;
  const original = covered
    .map((line, index) => line.slice(index === 0 ? start.column : 0, index === last ? end.column : undefined))
    .join("\n");
  return {
    id,
    file: fileName,
    line: start.line + 1,
    column: start.column + 1,
    mutator: mutatorName,
    original,
    replacement,
    at: (lines[start.line] ?? "").trim(),
  };
}
