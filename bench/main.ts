// One command for everything that is measured (measurements.ts): each name is a program of its own, run one after another.
//
//   npm run bench -- --list
//   npm run bench -- --quick                                   everything that is listed without "by name", roughly, in five minutes
//   npm run bench -- --only refresh,verify [--quick] [--pictures DIRECTORY] [--FLAG VALUE, as the program has it]
//
// Tables on stdout in Markdown, progress on stderr. Peers: npm ci --prefix bench/peers --ignore-scripts.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { say } from "./measured.ts";
import { MEASUREMENTS, type Measurement } from "./measurements.ts";

const flags = [...new Set(Object.values(MEASUREMENTS).flatMap((one) => one.flags))];
const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
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
  const runs = together(names.map((name) => ({ ...(MEASUREMENTS[name] ?? fail(name)), names: [name] })));
  for (const { names: of, flags: takes } of runs)
    for (const flag of flags.filter((one) => valueOf(one) !== undefined && !takes.includes(one)))
      throw new Error(`${of.join(", ")} has no --${flag}, but ${takes.map((one) => `--${one}`).join(", ")}`);
  const first = performance.now();
  if (values.quick) print("Rough, by --quick: a few short rounds of each, to look at and not to cite.");
  for (const { names: of, program, args, flags: takes, quick } of runs) {
    const given = takes.flatMap((flag) => (valueOf(flag) === undefined ? [] : [`--${flag}`, valueOf(flag) ?? ""]));
    const began = performance.now();
    const left = leftOut(of);
    if (left.length > 0) print(`${of.join(", ")}: left out by --quick: ${left.join(", ")}.`);
    say(`${of.join(", ")}:`);
    const file = join(import.meta.dirname, program);
    const child = spawn(
      process.execPath,
      ["--conditions=hallpass-source", file, ...args, ...(values.quick ? quickly(quick) : []), ...given],
      { stdio: "inherit" },
    );
    const [code] = (await once(child, "exit")) as [number | null];
    say(`${of.join(", ")}: ${((performance.now() - began) / 1000).toFixed(0)} s${code === 0 ? "" : ", FAILED"}`);
    if (code !== 0) process.exitCode = 1;
  }
  const loads = loadavg().map((load) => load.toFixed(1));
  say(
    `in all: ${((performance.now() - first) / 1000).toFixed(0)} s, at loads of ${loads.join(", ")} (1, 5, 15 minutes)`,
  );
}

/** What is given stands behind it, and wins. */
function quickly(quick: Measurement["quick"]): readonly string[] {
  return ["--quick", ...Object.entries(quick).flatMap(([flag, { value }]) => [`--${flag}`, value])];
}

function leftOut(names: readonly string[]): readonly string[] {
  if (!values.quick) return [];
  const choices = names.flatMap((name) => Object.entries(MEASUREMENTS[name]?.quick ?? {}));
  const left = choices.filter(([flag]) => valueOf(flag) === undefined).flatMap(([, { leavesOut }]) => leavesOut);
  return [...new Set(left)];
}

function print(line: string): void {
  process.stdout.write(`${line}\n\n`);
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
