// `node --conditions=hallpass-source drills/simulation/main.ts --seeds 1..2000 [--world whole] [--steps n] [--strict] [--store-clock-jumps] [--workers n]`
// `… --seed s --trace [--only 1,5,9]` prints the whole history of one run.
// Exits with 1 at the first seed that breaks a promise, after shrinking its schedule. Read run.ts and truth/ next.

import { parseArgs } from "node:util";
import { type Plan, planOf, USUAL_STEPS, type WorldName } from "./plan.ts";
import { asideText, failureText, shrunkText } from "./report.ts";
import { type RunOptions, type RunResult, runPlan } from "./run.ts";
import { shrink } from "./shrink.ts";
import { inWorkers, type Part } from "./workers.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1..200" },
    seed: { type: "string" },
    world: { type: "string", default: "small" },
    steps: { type: "string" },
    workers: { type: "string", default: "1" },
    only: { type: "string" },
    trace: { type: "boolean", default: false },
    strict: { type: "boolean", default: false },
    "store-clock-jumps": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const world = worldNamed(values.world);
const steps = values.steps === undefined ? USUAL_STEPS[world] : wholeNumber(values.steps);
const options: RunOptions = {
  strict: values.strict,
  ...(values.trace ? { trace: (text: string) => console.log(text) } : {}),
};
const [from, to] =
  values.seed === undefined ? rangeOf(values.seeds) : [wholeNumber(values.seed), wholeNumber(values.seed)];

const begun = performance.now();
const workers = wholeNumber(values.workers);
if (workers > 1) {
  const args = ["--world", world, "--steps", String(steps)];
  if (values.strict) args.push("--strict");
  if (values["store-clock-jumps"]) args.push("--store-clock-jumps");
  const parts = await inWorkers([from, to], workers, args);
  const sum = (of: (part: Part) => number): number => parts.reduce((all, part) => all + of(part), 0);
  const seeds = sum((part) => part.seeds);
  const each = ((performance.now() - begun) / Math.max(1, seeds)).toFixed(1);
  const isWhole = parts.every(({ failed }) => !failed);
  if (isWhole)
    console.log(`${seeds} seeds, ${sum(({ turns }) => turns)} turns, ${each} ms per seed, no promise broken`);
  for (const { output } of parts) console.log(output.trimEnd());
  process.exit(isWhole ? 0 : 1);
}
const passed: RunResult[] = [];
let told = begun;
for (let seed = from; seed <= to; seed += 1) {
  const plan = planFor(seed);
  const result = await runPlan(plan, options);
  if (result.violation !== undefined) {
    await fail(plan, result);
    break;
  }
  passed.push(result);
  if (performance.now() - told > 5000 && !values.json) {
    told = performance.now();
    console.error(`seed ${seed}: ${passed.length} runs without a broken promise, ${perRun()} ms each`);
  }
}
if (values.json && process.exitCode !== 1) console.log(JSON.stringify({ seed: null, invariant: null, detail: "" }));
if (!values.json && process.exitCode !== 1) {
  const turns = passed.reduce((sum, result) => sum + result.turns, 0);
  console.log(`${passed.length} seeds, ${turns} turns, ${perRun()} ms per seed, no promise broken`);
  console.log(`set aside: ${asideText(passed)}`);
  const [only] = passed;
  if (only !== undefined && values.seed !== undefined) console.log(`history ${only.hash}`);
}

async function fail(plan: Plan, result: RunResult): Promise<void> {
  process.exitCode = 1;
  if (values.json) {
    console.log(
      JSON.stringify({ seed: result.seed, invariant: result.violation?.invariant, detail: result.violation?.message }),
    );
    return;
  }
  console.error(failureText(plan, result));
  if (values.only !== undefined || values.trace) return;
  console.error(shrunkText(await shrink(plan, result, options)));
}

function planFor(seed: number): Plan {
  const plan = planOf(seed, steps, { world, storeClockJumps: values["store-clock-jumps"] });
  if (values.only === undefined) return plan;
  const ids = new Set(values.only.split(",").map(wholeNumber));
  return { ...plan, steps: plan.steps.filter(({ id }) => ids.has(id)) };
}

function worldNamed(text: string): WorldName {
  if (text !== "small" && text !== "whole") throw new RangeError(`"${text}" is no world: small, whole`);
  return text;
}

function perRun(): string {
  return ((performance.now() - begun) / Math.max(1, passed.length)).toFixed(1);
}

function rangeOf(text: string): readonly [number, number] {
  const [first = "", last = first] = text.split("..");
  return [wholeNumber(first), wholeNumber(last)];
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`"${text}" is no whole number`);
  return number;
}
