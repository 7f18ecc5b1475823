// Makes a failing schedule small: leaves out steps as long as the same promise is still broken. Halves first, then less.

import type { Plan, Step } from "./plan.ts";
import { type RunOptions, type RunResult, runPlan } from "./run.ts";

export interface Shrunk {
  readonly plan: Plan;
  readonly result: RunResult;
  readonly runs: number;
}

export async function shrink(plan: Plan, failed: RunResult, options: RunOptions, mostRuns = 250): Promise<Shrunk> {
  const wanted = failed.violation?.invariant;
  let best: Shrunk = { plan, result: failed, runs: 0 };
  let runs = 0;
  // What comes after the end of a failing run has nothing to do with it.
  let steps: readonly Step[] = plan.steps.filter(({ at }) => at <= failed.endedAt);
  let size = Math.max(1, Math.floor(steps.length / 2));
  while (runs < mostRuns) {
    let shorter = false;
    for (let from = 0; from < steps.length && runs < mostRuns; ) {
      const fewer = [...steps.slice(0, from), ...steps.slice(from + size)];
      runs += 1;
      const result = await runPlan({ ...plan, steps: fewer }, options);
      if (result.violation?.invariant === wanted) {
        steps = fewer;
        best = { plan: { ...plan, steps }, result, runs };
        shorter = true;
      } else from += size;
    }
    if (size === 1 && !shorter) break;
    size = Math.max(1, Math.floor(size / 2));
  }
  return { ...best, runs };
}
