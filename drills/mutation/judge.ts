// Whether the tests notice a mutant. In a worker that is kept, the tests that run through it are run with it switched on,
// one after the other until one fails. A mutant that is passed while sources or test files are loaded is switched on in a fresh process, too.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Coverage, CoveringTest } from "./coverage.ts";
import { type Mutant, type Mutated, root } from "./mutants.ts";
import { startWorker, type Worker } from "./worker-handle.ts";

export type Fate = "killed" | "timed out" | "survived" | "not covered";

export interface Verdict {
  readonly fate: Fate;
  /** The test that failed: its file and its title. */
  readonly by?: string;
}

export interface Again {
  readonly known: Verdict;
  readonly files: ReadonlySet<string>;
}

export interface Judge {
  /** By all tests, or again by those of some files where the verdict of all others is known. */
  readonly verdictOn: (mutant: Mutant, again?: Again) => Promise<Verdict>;
  readonly end: () => void;
}

/** The times are of runs that counted, which takes three times as long: a machine may be fifteen times as busy. */
const SLOWER = 5;
const LEAST_LIMIT_MS = 3000;
const LOAD_MS = 60_000;
/** A loop that runs through a mutant so much more often than all tests do will not end. */
const MORE_HITS = 20;
/** A test that takes longer is not asked before quicker ones, whatever it has noticed. */
const QUICK_MS = 100;

/** Asked one thing at a time; several judges work beside each other. */
export function createJudge({ mutants, written, suite }: Mutated, coverage: Coverage): Judge {
  const filesOf = filesBySource(mutants, coverage);
  const importing = testsByImport(suite.tests);
  // By source: the tests that noticed something in it, the last first. They often notice its neighbour, too.
  const noticing = new Map<string, readonly CoveringTest[]>();
  let worker: Worker | undefined;

  return {
    verdictOn: async (mutant, again) => {
      const isAsked = (file: string): boolean => again === undefined || again.files.has(file);
      const covering = ordered(
        mutant,
        coverage.tests.filter(({ file, hits }) => hits[mutant.id] !== undefined && isAsked(file)),
      );
      const loading = loadingFiles(mutant).filter(isAsked);
      if (covering.length === 0 && loading.length === 0) return again?.known ?? { fate: "not covered" };
      const verdict = covering.length === 0 ? SURVIVED : await inWorker(mutant, covering);
      return verdict.fate === "survived" && loading.length > 0 ? fromTheBeginning(mutant, loading) : verdict;
    },
    end: () => worker?.end(),
  };

  /** Whose tests have to be loaded with it switched on: what a source is made of at the beginning, all of them see. */
  function loadingFiles({ id, file }: Mutant): readonly string[] {
    if (coverage.atLoad[id] !== undefined)
      return [...new Set([...(filesOf.get(file) ?? []), ...(importing.get(file) ?? [])])];
    return [...coverage.byFile].filter(([, hits]) => hits[id] !== undefined).map(([one]) => one);
  }

  /** Whoever noticed something in this source, then the tests of its own test file, then from the quickest. */
  function ordered({ file }: Mutant, tests: readonly CoveringTest[]): readonly CoveringTest[] {
    const own = ownTestOf(file);
    const before = noticing.get(file) ?? [];
    const cost = (test: CoveringTest): number => {
      const place = test.ms < QUICK_MS ? before.indexOf(test) : -1;
      if (place !== -1) return place - before.length;
      return test.ms + (test.file === own ? 0 : 1e9);
    };
    const costs = new Map(tests.map((test) => [test, cost(test)] as const));
    return tests.toSorted((one, other) => (costs.get(one) ?? 0) - (costs.get(other) ?? 0));
  }

  async function inWorker(mutant: Mutant, tests: readonly CoveringTest[]): Promise<Verdict> {
    worker ??= await ready();
    const { verdict, by, spoiled } = await asked(worker, mutant, tests, limitOf(mutant, coverage));
    if (by !== undefined)
      noticing.set(mutant.file, [by, ...(noticing.get(mutant.file) ?? []).filter((one) => one !== by)]);
    if (!spoiled) return verdict;
    worker.end();
    worker = undefined;
    if (verdict.by === undefined) return verdict;
    // What another mutant left behind may have failed it. A process that has seen no other says whether it was this one.
    const own = await ready();
    const alone = await asked(own, mutant, tests, limitOf(mutant, coverage));
    own.end();
    return alone.verdict;
  }

  /** A worker that loads test files as it is asked for their tests. */
  async function ready(): Promise<Worker> {
    const fresh = startWorker();
    const answer = await fresh.ask({ ask: "load", written, files: [] }, LOAD_MS);
    if (answer !== "silent" && answer.kind === "loaded") return fresh;
    fresh.end();
    throw new Error("a worker does not begin");
  }

  async function fromTheBeginning(mutant: Mutant, files: readonly string[]): Promise<Verdict> {
    const own = startWorker();
    const hitLimit = limitOf(mutant, coverage);
    try {
      for (const file of files) {
        const loaded = await own.ask({ ask: "load", written, files: [file], mutant: mutant.id, hitLimit }, LOAD_MS);
        if (loaded === "silent") return { fate: "timed out", by: file };
        if (loaded.kind !== "loaded") return { fate: "killed", by: file };
        const tests = coverage.tests.filter((test) => test.file === file);
        const { verdict } = await asked(own, mutant, tests, hitLimit);
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
  readonly by?: CoveringTest | undefined;
  /** The worker is dead, or not what it was. */
  readonly spoiled: boolean;
}

async function asked(worker: Worker, mutant: Mutant, tests: readonly CoveringTest[], hitLimit: number): Promise<Said> {
  const limits = tests.map(({ file, place, ms }) => [file, place, LEAST_LIMIT_MS + SLOWER * ms] as const);
  const answer = await worker.ask({ ask: "judge", mutant: mutant.id, tests: limits, hitLimit }, LOAD_MS);
  if (answer === "silent") return { verdict: { fate: "timed out" }, spoiled: true };
  if (answer.kind !== "judged") throw new Error(answer.kind === "broken" ? answer.why : answer.kind);
  const { failure } = answer;
  if (failure === undefined) return { verdict: SURVIVED, spoiled: false };
  const by = tests[failure.test];
  const said = by === undefined ? "a failure that no test awaited" : `${by.file}: ${by.title}`;
  return { verdict: { fate: failure.timedOut ? "timed out" : "killed", by: said }, by, spoiled: failure.left };
}

/** By source: the test files that run anything of it, its own before all, then whoever runs most of it. */
function filesBySource(mutants: readonly Mutant[], { tests }: Coverage): ReadonlyMap<string, readonly string[]> {
  const sources = new Map(mutants.map(({ id, file }) => [id, file] as const));
  const counts = new Map<string, Map<string, number>>();
  for (const { file, hits } of tests) {
    for (const id of Object.keys(hits)) {
      const source = sources.get(id) ?? "";
      const ofSource = counts.get(source) ?? new Map<string, number>();
      counts.set(source, ofSource.set(file, (ofSource.get(file) ?? 0) + 1));
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
function testsByImport(tests: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const imports = tests.flatMap((test) =>
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

function limitOf({ id }: Mutant, { tests, atLoad }: Coverage): number {
  const hits = tests.reduce((sum, one) => sum + (one.hits[id] ?? 0), atLoad[id] ?? 0);
  return Math.max(10_000, hits * MORE_HITS);
}
