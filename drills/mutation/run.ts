// One package's mutants, those that were chosen, judged by workers beside each other.

import { Random } from "../fuzz/random.ts";
import { coverageOf } from "./coverage.ts";
import { createJudge, type Verdict } from "./judge.ts";
import { type Mutant, mutatedOf, type PackageName, suiteOf } from "./mutants.ts";
import { memoryOf } from "./results.ts";
import type { Lines } from "./since.ts";

const WRITTEN_EVERY = 200;

export interface Choice {
  /** Of the sources' paths; none means all. */
  readonly words: readonly string[];
  readonly since: Lines | undefined;
  readonly sample: number | undefined;
  readonly seed: number;
  /** When no more is begun (performance.now()). */
  readonly until: number;
  readonly fresh: boolean;
  readonly workers: number;
}

export interface Judged {
  readonly sources: readonly string[];
  readonly chosen: number;
  /** Fewer than were chosen where the time was over. */
  readonly verdicts: ReadonlyMap<Mutant, Verdict>;
}

export async function runOf(name: PackageName, choice: Choice): Promise<Judged> {
  const suite = suiteOf(name, choice.words);
  if (suite.sources.length === 0) return { sources: [], chosen: 0, verdicts: new Map() };
  const mutated = await mutatedOf(suite);
  const mutants = chosenOf(mutated.mutants, choice);
  const verdicts = new Map<Mutant, Verdict>();
  const memory = memoryOf(mutated);
  if (!choice.fresh) for (const mutant of mutants) recall(mutant);
  const left = mutants.filter((mutant) => !verdicts.has(mutant));
  console.error(`${name}: ${mutants.length} mutants in ${suite.sources.length} files, ${verdicts.size} known`);
  if (left.length > 0) {
    const coverage = await coverageOf(mutated);
    await Promise.all(Array.from({ length: choice.workers }, () => lane(createJudge(mutated, coverage))));
    memory.write();
    process.stderr.write("\n");
  }
  return { sources: suite.sources, chosen: mutants.length, verdicts };

  function recall(mutant: Mutant): void {
    const known = memory.verdictOn(mutant);
    if (known !== undefined) verdicts.set(mutant, known);
  }

  async function lane(judge: ReturnType<typeof createJudge>): Promise<void> {
    try {
      for (let mutant = next(); mutant !== undefined; mutant = next()) {
        const verdict = await judge.verdictOn(mutant, choice.fresh ? undefined : memory.again(mutant));
        verdicts.set(mutant, verdict);
        memory.remember(mutant, verdict);
        if (verdicts.size % WRITTEN_EVERY === 0) memory.write();
        process.stderr.write(`\r${name}: ${verdicts.size} of ${mutants.length}`);
      }
    } finally {
      judge.end();
    }
  }

  function next(): Mutant | undefined {
    return performance.now() < choice.until ? left.shift() : undefined;
  }
}

function chosenOf(mutants: readonly Mutant[], { since, sample, seed }: Choice): readonly Mutant[] {
  const touched = since === undefined ? mutants : mutants.filter(({ file, line }) => since(file, line));
  if (sample === undefined) return touched;
  const random = new Random(seed);
  const order = new Map(touched.map((mutant) => [mutant, random.next()] as const));
  return touched.toSorted((one, other) => (order.get(one) ?? 0) - (order.get(other) ?? 0)).slice(0, sample);
}
