// Which rules, and which files of the store's own tests, run a statement at all: found once for a state of the store and its tests, and kept.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rules } from "@hallpass/store-contract";
import { hashOf, kept, root } from "../mutants.ts";
import { resultsOf } from "../results.ts";
import { contractOf, environment, runOf } from "./programs.ts";
import { RECORD, type Recorded } from "./switched.ts";
import { type SqlMutant, type StoreName, stateOf, testsOf } from "./table.ts";

/** By the text of a statement: who runs it. A rule by its id, a test by its file. */
type Kept = Readonly<Record<string, readonly string[]>>;

export interface SqlCoverage {
  readonly rulesOf: (mutant: Pick<SqlMutant, "file" | "statement">) => readonly string[];
  readonly testsOf: (mutant: Pick<SqlMutant, "file" | "statement">) => readonly string[];
}

const RECORD_MS = 280_000;

/** `urls`: two servers', for PostgreSQL. Throws where a rule is broken or a test fails without any mutant. */
export async function sqlCoverageOf(store: StoreName, urls: readonly string[]): Promise<SqlCoverage> {
  const path = join(kept, `sql-${store}-coverage.json`);
  const state = hashOf([...testsOf(store), "drills/mutation/sql/hook.ts"]) + stateOf(store).living;
  const before = existsSync(path)
    ? (JSON.parse(readFileSync(path, "utf8")) as { readonly state: string; readonly by: Kept })
    : undefined;
  const by = before?.state === state ? before.by : await recorded(store, urls);
  if (before?.state !== state) writeFileSync(path, JSON.stringify({ state, by }));
  const whoRuns = ({ statement }: Pick<SqlMutant, "statement">): readonly string[] => {
    // What TypeScript puts in is another text in each.
    const parts = statement.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
    const pattern = new RegExp(parts.join("[^]*"));
    return [...new Set(Object.entries(by).flatMap(([text, who]) => (pattern.test(text) ? who : [])))];
  };
  return {
    rulesOf: (mutant) => whoRuns(mutant).filter((who) => !isTest(who)),
    testsOf: (mutant) => testsOf(store).filter((file) => whoRuns(mutant).includes(file)),
  };
}

/** Of a sample, for which nothing is recorded: those that noticed whatever was noticed in the same source when it was judged whole. */
export function knownCoverage(): SqlCoverage {
  const results = resultsOf("sql");
  const by = (file: string): readonly string[] => results[file]?.by ?? rules.map(({ id }) => id);
  return {
    rulesOf: ({ file }) => by(file).filter((who) => !isTest(who)),
    testsOf: ({ file }) => by(file).filter(isTest),
  };
}

function isTest(who: string): boolean {
  return who.endsWith(".ts");
}

/** Every other rule of the contract, from the first or the second on. */
async function contract(store: StoreName, half: number, env: NodeJS.ProcessEnv): Promise<void> {
  const ids = rules.map(({ id }) => id).filter((_, at) => at % 2 === half);
  const broken = await contractOf(store, ids, env);
  if (broken !== undefined) throw new Error(`${store}: without any mutant ${JSON.stringify(broken)}`);
}

async function passes(file: string, env: NodeJS.ProcessEnv): Promise<void> {
  const code = await runOf([join(root, file)], { ...env, [`${RECORD}_WHO`]: file }, RECORD_MS);
  if (code !== 0) throw new Error(`without any mutant ${file} fails`);
}

async function recorded(store: StoreName, urls: readonly string[]): Promise<Kept> {
  mkdirSync(kept, { recursive: true });
  const path = join(kept, `sql-${store}-ran.jsonl`);
  rmSync(path, { force: true });
  const env = (url: string | undefined): NodeJS.ProcessEnv => ({
    ...environment(undefined, url ?? ""),
    [RECORD]: path,
  });
  // The longest first, and two at a time.
  const asked = [
    ...[0, 1].map((half) => () => contract(store, half, env(urls[half]))),
    ...testsOf(store).map((file) => () => passes(file, env(urls[0]))),
  ].values();
  const askAll = async (): Promise<void> => {
    for (const ask of asked) await ask();
  };
  await Promise.all([askAll(), askAll()]);
  const by = new Map<string, Set<string>>();
  for (const line of readFileSync(path, "utf8").trim().split("\n")) {
    const { who, text } = JSON.parse(line) as Recorded;
    by.set(text, (by.get(text) ?? new Set()).add(who));
  }
  return Object.fromEntries([...by].map(([text, who]) => [text, [...who]]));
}
