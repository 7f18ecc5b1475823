// Which rules, and which files of the store's own tests, run a statement at all: found once for a state of the store and its tests, and kept.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rules } from "@hallpass/store-contract";
import { hashOf, kept, root } from "../mutants.ts";
import { contractOf, environment, runOf } from "./programs.ts";
import { RECORD, type Recorded } from "./switched.ts";
import { type SqlMutant, type StoreName, stateOf, testsOf } from "./table.ts";

/** By the text of a statement: who runs it. A rule by its id, a test by its file. */
type Kept = Readonly<Record<string, readonly string[]>>;

export interface SqlCoverage {
  readonly rulesOf: (mutant: Pick<SqlMutant, "statement">) => readonly string[];
  readonly testsOf: (mutant: Pick<SqlMutant, "statement">) => readonly string[];
}

const RECORD_MS = 280_000;

/** Throws where a rule is broken or a test fails without any mutant. */
export async function sqlCoverageOf(store: StoreName, url: string): Promise<SqlCoverage> {
  const path = join(kept, `sql-${store}-coverage.json`);
  const state = hashOf([...testsOf(store), "drills/mutation/sql/hook.ts"]) + stateOf(store).living;
  const before = existsSync(path)
    ? (JSON.parse(readFileSync(path, "utf8")) as { readonly state: string; readonly by: Kept })
    : undefined;
  const by = before?.state === state ? before.by : await recorded(store, url);
  if (before?.state !== state) writeFileSync(path, JSON.stringify({ state, by }));
  const whoRuns = ({ statement }: Pick<SqlMutant, "statement">): readonly string[] => {
    // What TypeScript puts in is another text in each.
    const parts = statement.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
    const pattern = new RegExp(parts.join("[^]*"));
    return [...new Set(Object.entries(by).flatMap(([text, who]) => (pattern.test(text) ? who : [])))];
  };
  const isTest = (who: string): boolean => who.endsWith(".ts");
  return {
    rulesOf: (mutant) => whoRuns(mutant).filter((who) => !isTest(who)),
    testsOf: (mutant) => testsOf(store).filter((file) => whoRuns(mutant).includes(file)),
  };
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

async function recorded(store: StoreName, url: string): Promise<Kept> {
  mkdirSync(kept, { recursive: true });
  const path = join(kept, `sql-${store}-ran.jsonl`);
  rmSync(path, { force: true });
  const env = { ...environment(undefined, url), [RECORD]: path };
  // The longest first, and two at a time.
  const asked = [
    ...[0, 1].map((half) => () => contract(store, half, env)),
    ...testsOf(store).map((file) => () => passes(file, env)),
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
