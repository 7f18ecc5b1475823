// What is told of a run that broke a promise: enough to run it again and to see why.

import type { Plan } from "./plan.ts";
import type { RunResult } from "./run.ts";
import type { Shrunk } from "./shrink.ts";

export function failureText(plan: Plan, result: RunResult): string {
  const { violation, history, seed, endedAt } = result;
  const done = plan.steps.filter(({ at }) => at <= endedAt);
  const last = done.at(-1);
  return [
    `seed ${seed} broke ${violation?.message ?? "nothing"}`,
    `at ${endedAt} ms, after step ${last === undefined ? "none" : `#${last.id} (${last.kind})`} of ${plan.steps.length}`,
    "the last of its history:",
    ...history,
    `again: node --conditions=hallpass-source drills/simulation/main.ts --world ${plan.world} --seed ${seed} --steps ${plan.steps.length} --trace`,
  ].join("\n");
}

export function shrunkText({ plan, result, runs }: Shrunk): string {
  return [
    `the smallest schedule that was found in ${runs} runs (${plan.steps.length} steps) breaks ${result.violation?.message ?? "nothing"}`,
    ...plan.steps.map(({ id, at, kind }) => `  ${String(at).padStart(7)} #${id} ${kind}`),
    "its history:",
    ...result.history,
    `--seed ${plan.seed} --only ${plan.steps.map(({ id }) => id).join(",")}`,
  ].join("\n");
}

export function asideText(results: readonly Pick<RunResult, "aside">[]): string {
  const sums = new Map<string, number>();
  for (const { aside } of results) for (const [what, count] of aside) sums.set(what, (sums.get(what) ?? 0) + count);
  return [...sums].map(([what, count]) => `${what} ${count}`).join(", ");
}
