// Whether the tests notice a mutant. In a worker that has loaded everything, the tests that run through it are run with it switched on,
// one after the other until one fails. A mutant that is passed while sources or test files are loaded is switched on in a fresh process, too.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Coverage } from "./coverage.ts";
import { type Mutant, type Mutated, root } from "./mutants.ts";
import type { Told } from "./told.ts";
import { loadedWorker, startWorker, type Worker } from "./worker-handle.ts";

export type Fate = "killed" | "timed out" | "survived" | "not covered";

export interface Verdict {
  readonly fate: Fate;
  /** The test that failed: its file and its title. */
  readonly by?: string;
}

export interface Judge {
  readonly verdictOn: (mutant: Mutant) => Promise<Verdict>;
  readonly end: () => void;
}

/** The times are of runs that counted, which takes three times as long: a machine may be fifteen times as busy. */
const SLOWER = 5;
const LEAST_LIMIT_MS = 4000;
const LOAD_MS = 60_000;
/** A loop that runs through a mutant so much more often than all tests do will not end. */
const MORE_HITS = 20;

type Judging = Extract<Told, { ask: "judge" }>;

/** Asked one thing at a time; several judges work beside each other. */
export function createJudge(mutated: Mutated, coverage: Coverage): Judge {
  const filesOf = filesBySource(mutated, coverage);
  const importing = testsByImport(mutated);
  let worker: Worker | undefined;

  return {
    verdictOn: async (mutant) => {
      const covering = orderOf(mutant, coverage);
      const loading = loadingFiles(mutant);
      if (covering.length === 0 && loading.length === 0) return { fate: "not covered" };
      const verdict = covering.length === 0 ? SURVIVED : await inWorker(judging(mutant, covering, coverage));
      return verdict.fate === "survived" && loading.length > 0 ? fromTheBeginning(mutant, loading) : verdict;
    },
    end: () => worker?.end(),
  };

  /** Whose tests have to be loaded with it switched on: what a source is made of at the beginning, all of them see. */
  function loadingFiles({ id, file }: Mutant): readonly string[] {
    if (coverage.atLoad[id] !== undefined)
      return [...new Set([...(filesOf.get(file) ?? []), ...(importing.get(file) ?? [])])];
    return Object.keys(coverage.byFile).filter((one) => coverage.byFile[one]?.[id] !== undefined);
  }

  async function inWorker(told: Judging): Promise<Verdict> {
    worker ??= await loadedWorker(mutated);
    const { verdict, spoiled } = await asked(worker, told, coverage);
    if (!spoiled) return verdict;
    worker.end();
    worker = undefined;
    if (verdict.by === undefined) return verdict;
    // What another mutant left behind may have failed it. A process that has seen no other says whether it was this one.
    const own = await loadedWorker(mutated);
    const alone = await asked(own, told, coverage);
    own.end();
    return alone.verdict;
  }

  async function fromTheBeginning(mutant: Mutant, files: readonly string[]): Promise<Verdict> {
    const own = startWorker();
    const { written } = mutated;
    const hitLimit = limitOf(mutant, coverage);
    let loadedBefore = 0;
    try {
      for (const file of files) {
        const loaded = await own.ask({ ask: "load", written, files: [file], mutant: mutant.id, hitLimit }, LOAD_MS);
        if (loaded === "silent") return { fate: "timed out", by: file };
        if (loaded.kind !== "loaded") return { fate: "killed", by: file };
        const first = loadedBefore;
        loadedBefore = loaded.tests.length;
        const tests = coverage.tests.flatMap((test, index) => (test.file === file ? [index] : []));
        // The same tests in the same order, with other numbers: fewer files are loaded here.
        const limits = tests.map((index, order) => [first + order, limitMsOf(index, coverage)] as const);
        const { verdict } = await asked(
          own,
          { ask: "judge", mutant: mutant.id, tests: limits, hitLimit },
          coverage,
          (number) => tests[number - first] ?? -1,
        );
        if (verdict.fate !== "survived") return verdict;
      }
      return SURVIVED;
    } finally {
      own.end();
    }
  }
}

const SURVIVED: Verdict = { fate: "survived" };

interface Said {
  readonly verdict: Verdict;
  /** The worker is dead, or not what it was. */
  readonly spoiled: boolean;
}

async function asked(
  worker: Worker,
  told: Judging,
  coverage: Coverage,
  indexOf: (number: number) => number = (number) => number,
): Promise<Said> {
  const answer = await worker.ask(told, silenceOf(told));
  if (answer === "silent") return { verdict: { fate: "timed out" }, spoiled: true };
  if (answer.kind !== "judged") throw new Error(answer.kind === "broken" ? answer.why : answer.kind);
  const { failure } = answer;
  if (failure === undefined) return { verdict: SURVIVED, spoiled: false };
  const by = coverage.tests[indexOf(failure.test)];
  return {
    verdict: {
      fate: failure.timedOut ? "timed out" : "killed",
      by: by === undefined ? "a failure that no test awaited" : `${by.file}: ${by.title}`,
    },
    spoiled: failure.left,
  };
}

function judging(mutant: Mutant, tests: readonly number[], coverage: Coverage): Judging {
  return {
    ask: "judge",
    mutant: mutant.id,
    tests: tests.map((index) => [index, limitMsOf(index, coverage)] as const),
    hitLimit: limitOf(mutant, coverage),
  };
}

/** The tests of the file's own test file first, then from the quickest. */
function orderOf({ id, file }: Mutant, { byTest, tests, times }: Coverage): readonly number[] {
  const own = ownTestOf(file);
  const cost = (index: number): number => (times[index] ?? 0) + (tests[index]?.file === own ? 0 : 1e9);
  return byTest
    .flatMap((hits, index) => (hits[id] === undefined ? [] : [index]))
    .toSorted((one, other) => cost(one) - cost(other));
}

/** By source: the test files that run anything of it, its own before all, then whoever runs most of it. */
function filesBySource({ mutants }: Mutated, { byTest, tests }: Coverage): ReadonlyMap<string, readonly string[]> {
  const sources = new Map(mutants.map(({ id, file }) => [id, file] as const));
  const counts = new Map<string, Map<string, number>>();
  for (const [index, hits] of byTest.entries()) {
    const test = tests[index]?.file ?? "";
    for (const id of Object.keys(hits)) {
      const source = sources.get(id) ?? "";
      const ofSource = counts.get(source) ?? new Map<string, number>();
      counts.set(source, ofSource.set(test, (ofSource.get(test) ?? 0) + 1));
    }
  }
  return new Map(
    [...counts].map(([source, ofSource]) => {
      const rank = ([test, count]: readonly [string, number]): number => (test === ownTestOf(source) ? 1e9 : count);
      return [source, [...ofSource].toSorted((one, other) => rank(other) - rank(one)).map(([test]) => test)] as const;
    }),
  );
}

/** By source: the test files that import it themselves, and so may look at what it is made of without running any of it. */
function testsByImport({ suite }: Mutated): ReadonlyMap<string, readonly string[]> {
  const imports = suite.tests.flatMap((test) =>
    [...readFileSync(join(root, test), "utf8").matchAll(/from "(\.[^"]+)"/g)].map(
      ([, path = ""]) => [join(test, "..", path), test] as const,
    ),
  );
  return new Map(
    [...Map.groupBy(imports, ([source]) => source)].map(
      ([source, all]) => [source, all.map(([, test]) => test)] as const,
    ),
  );
}

function ownTestOf(source: string): string {
  return source.replace(/\.ts$/, ".test.ts");
}

function limitOf({ id }: Mutant, { byTest, atLoad }: Coverage): number {
  const hits = byTest.reduce((sum, one) => sum + (one[id] ?? 0), atLoad[id] ?? 0);
  return Math.max(10_000, hits * MORE_HITS);
}

function limitMsOf(index: number, { times }: Coverage): number {
  return LEAST_LIMIT_MS + SLOWER * (times[index] ?? 0);
}

/** A worker is stuck in one test at most. */
function silenceOf({ tests }: Judging): number {
  const limits = tests.map(([, limitMs]) => limitMs);
  const expected = limits.reduce((sum, limitMs) => sum + (limitMs - LEAST_LIMIT_MS) / SLOWER, 0);
  return 2 * Math.max(...limits) + 2 * expected;
}
