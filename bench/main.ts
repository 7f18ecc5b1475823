// One command for everything that is measured (measurements.ts): each name is a program of its own, run one after another.
//
//   npm run bench -- --list
//   npm run bench -- --quick                                   everything that is listed without "by name", roughly, in five minutes
//   npm run bench -- --only refresh,verify [--quick] [--keep] [--pictures DIRECTORY] [--FLAG VALUE, as the program has it]
//
// Tables on stdout in Markdown, progress on stderr. `--keep` writes each result of a program that did not fail into bench/results/, from which
// `npm run docs` prints docs/performance.md. Peers: npm ci --prefix bench/peers --ignore-scripts.

import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pictureOf } from "./bars.ts";
import { commitOf, keepAll } from "./kept.ts";
import { say } from "./measured.ts";
import { MEASUREMENTS, type Measurement } from "./measurements.ts";
import type { Result } from "./result.ts";
import { run as runProgram } from "./run.ts";
import { tableOf } from "./table.ts";

const flags = [...new Set(Object.values(MEASUREMENTS).flatMap((one) => one.flags))];
const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    pictures: { type: "string" },
    list: { type: "boolean", default: false },
    ...Object.fromEntries(flags.map((flag) => [flag, { type: "string" as const }])),
  },
});
if (values.list) list();
else await measure(chosen());

function list(): void {
  for (const [name, { about, always }] of Object.entries(MEASUREMENTS))
    process.stdout.write(`${name.padEnd(20)}${about}${always ? "" : " (by name)"}\n`);
}

function chosen(): readonly string[] {
  const all = Object.keys(MEASUREMENTS);
  const names = values.only?.split(",") ?? all.filter((name) => MEASUREMENTS[name]?.always);
  for (const name of names) if (!all.includes(name)) throw new Error(`--only are of ${all.join(", ")}`);
  return names;
}

async function measure(names: readonly string[]): Promise<void> {
  const whole = names.filter((name) => MEASUREMENTS[name]?.quick === null);
  if (values.quick && whole.length > 0) throw new Error(`${whole.join(", ")} can't be measured by --quick`);
  const runs = together(names.map((name) => ({ ...(MEASUREMENTS[name] ?? fail(name)), names: [name] })));
  for (const { names: of, flags: takes } of runs)
    for (const flag of flags.filter((one) => valueOf(one) !== undefined && !takes.includes(one)))
      throw new Error(`${of.join(", ")} has no --${flag}, but ${takes.map((one) => `--${one}`).join(", ")}`);
  const commit = values.keep ? commitOf() : undefined;
  const first = performance.now();
  if (values.quick) print("Rough, by --quick: a few short rounds of each, to look at and not to cite.");
  for (const one of runs) await measureOne(one, commit);
  const loads = loadavg().map((load) => load.toFixed(1));
  say(
    `in all: ${((performance.now() - first) / 1000).toFixed(0)} s, at loads of ${loads.join(", ")} (1, 5, 15 minutes)`,
  );
}

async function measureOne({ names, program, args, flags: takes, quick }: Run, commit?: string): Promise<void> {
  const given = takes.flatMap((flag) => (valueOf(flag) === undefined ? [] : [`--${flag}`, valueOf(flag) ?? ""]));
  const left = leftOut(names);
  if (left.length > 0) print(`${names.join(", ")}: left out by --quick: ${left.join(", ")}.`);
  say(`${names.join(", ")}:`);
  const ran = await runProgram(program, [...args, ...(values.quick ? quickly(quick) : []), ...given], show);
  const { seconds, load, passed } = ran;
  say(`${names.join(", ")}: ${seconds} s, others took ${load.others} processors${passed ? "" : ", FAILED"}`);
  if (!passed) process.exitCode = 1;
  if (commit === undefined) return;
  const rough = values.quick ? ["--quick"] : [];
  const command = ["npm run bench --", "--only", names.join(","), ...rough, ...given].join(" ");
  for (const id of keepAll(ran, { command, commit, quick: values.quick, leftOut: left }))
    say(`${id}: what is kept was not measured by --quick, and stays`);
}

function show(result: Result): void {
  print(`${result.title}:`);
  print(tableOf(result));
  if (result.leftOut.length > 0) print(`Left out: ${result.leftOut.join(", ")}.`);
  const picture = pictureOf(result);
  if (values.pictures === undefined || picture === undefined) return;
  mkdirSync(values.pictures, { recursive: true });
  writeFileSync(join(values.pictures, `${result.id}.svg`), picture);
}

/** What is given stands behind it, and wins. */
function quickly(quick: Measurement["quick"]): readonly string[] {
  return ["--quick", ...Object.entries(quick ?? {}).flatMap(([flag, { value }]) => [`--${flag}`, value])];
}

function leftOut(names: readonly string[]): readonly string[] {
  if (!values.quick) return [];
  const choices = names.flatMap((name) => Object.entries(MEASUREMENTS[name]?.quick ?? {}));
  const left = choices.filter(([flag]) => valueOf(flag) === undefined).flatMap(([, { leavesOut }]) => leavesOut);
  return [...new Set(left)];
}

function print(text: string): void {
  process.stdout.write(`${text}\n\n`);
}

type Run = Measurement & { readonly names: readonly string[] };

/** Requests that follow each other are measured by one program, so that their contenders start once. */
function together(runs: readonly Run[]): readonly Run[] {
  return runs.reduce<Run[]>((joined, run) => {
    const last = joined.at(-1);
    if (last === undefined || last.program !== run.program || last.args.length !== 2 || run.args.length !== 2)
      return [...joined, run];
    const names = [...last.names, ...run.names];
    return [...joined.slice(0, -1), { ...last, names, args: ["--only", names.join(",")] }];
  }, []);
}

function valueOf(flag: string): string | undefined {
  const value = Reflect.get(values, flag) as unknown;
  return typeof value === "string" ? value : undefined;
}

function fail(name: string): never {
  throw new Error(`there is no measurement ${name}`);
}
