// One command for everything that is measured (measurements.ts): each name is a program of its own, run one after another.
//
//   npm run bench -- --list
//   npm run bench -- --quick                                   everything that is listed without "by name", in five to eight minutes
//   npm run bench -- --only refresh,verify [--quick] [--pictures DIRECTORY] [--FLAG VALUE, as the program has it]
//
// Tables on stdout in Markdown, progress on stderr. Peers: npm ci --prefix bench/peers --ignore-scripts.

import { spawn } from "node:child_process";
import { once } from "node:events";
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
  for (const { names: of, program, args, flags: takes } of runs) {
    const given = takes.flatMap((flag) => (valueOf(flag) === undefined ? [] : [`--${flag}`, valueOf(flag) ?? ""]));
    const began = performance.now();
    say(`${of.join(", ")}:`);
    const file = join(import.meta.dirname, program);
    const child = spawn(
      process.execPath,
      ["--conditions=hallpass-source", file, ...args, ...given, ...(values.quick ? ["--quick"] : [])],
      { stdio: "inherit" },
    );
    const [code] = (await once(child, "exit")) as [number | null];
    say(`${of.join(", ")}: ${((performance.now() - began) / 1000).toFixed(0)} s${code === 0 ? "" : ", FAILED"}`);
    if (code !== 0) process.exitCode = 1;
  }
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
