// `node --conditions=hallpass-source models/main.ts [--only refresh|lease|keys|fence]`
// Every model of this folder, exhaustively, and its mutated twins, two at a time. Exits with 1 if a model has an error, if a twin has none, or
// if a search was cut short; then the generated verifiers and their trails are kept. Needs spin and gcc.

import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sayProof } from "../proof/line.ts";
import { VARIANTS, type Variant } from "./variants.ts";

const AT_ONCE = 2;
const { values } = parseArgs({ options: { only: { type: "string" } } });
const waiting = VARIANTS.filter(({ model }) => values.only === undefined || model === values.only);
if (waiting.length === 0) throw new Error(`there is no model "${values.only}"`);

interface Searched {
  readonly variant: Variant;
  readonly states: number;
  readonly errors: number;
  /** Whether all of it was searched: no state left out, no depth reached at which it stops. */
  readonly whole: boolean;
}

const scratch = mkdtempSync(join(tmpdir(), "hallpass-models-"));

function ran(directory: string, command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd: directory, maxBuffer: 64e6 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(" ")}: ${error.message}\n${stdout}${stderr}`));
    });
  });
}

async function search(variant: Variant): Promise<Searched> {
  const file = `${variant.model}.pml`;
  const directory = join(scratch, [variant.model, ...variant.flags].join("-").replaceAll("=", ""));
  mkdirSync(directory);
  copyFileSync(join(import.meta.dirname, file), join(directory, file));
  await ran(directory, "spin", [...variant.flags.map((flag) => `-D${flag}`), "-a", file]);
  await ran(directory, "gcc", ["-O1", "-w", "-DSAFETY", "-DMEMLIM=4000", "-o", "pan", "pan.c"]);
  // -E: processes may wait for ever where a run ends; what is asked for are the assertions.
  const output = await ran(directory, "./pan", ["-E", "-m100000"]);
  writeFileSync(join(directory, "output"), output);
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const errors = number(/errors: (\d+)/);
  return {
    variant,
    states: number(/([\d.e+]+) states, stored/),
    errors,
    whole: !/max search depth too small|Search not completed|out of memory/i.test(output) || errors > 0,
  };
}

const done: Searched[] = [];
async function work(): Promise<void> {
  for (let variant = waiting.shift(); variant !== undefined; variant = waiting.shift()) {
    const started = performance.now();
    const searched = await search(variant);
    done.push(searched);
    const { states, errors } = searched;
    const name = [variant.model, ...variant.flags].join(" ");
    console.error(
      `${name}: ${states} states, ${errors} errors, ${((performance.now() - started) / 1000).toFixed(1)} s${variant.mutation === "" ? "" : `, ${variant.mutation}`}`,
    );
  }
}
const began = performance.now();
await Promise.all(Array.from({ length: AT_ONCE }, work));

const isTwin = ({ variant }: Searched): boolean => variant.mutation !== "";
const models = done.filter((one) => !isTwin(one));
const twins = done.filter(isTwin);
const wrong = [
  ...models.filter(({ errors, whole }) => errors !== 0 || !whole),
  ...twins.filter(({ errors }) => !(errors > 0)),
];
for (const { variant, errors, whole } of wrong)
  console.log(`wrong: ${variant.model} ${variant.flags.join(" ")}: ${errors} errors${whole ? "" : ", cut short"}`);
console.log(`${done.length} searches in ${((performance.now() - began) / 1000).toFixed(0)} s`);
if (wrong.length === 0) rmSync(scratch, { recursive: true });
sayProof({
  id: "models",
  promise: "P1 P2 P4 P5 P6 P9",
  figure: `${new Set(models.map(({ variant }) => variant.model)).size} models in ${models.length} worlds, ${models.reduce((sum, { states }) => sum + states, 0).toLocaleString("en")} states, exhaustive: ${models.reduce((sum, { errors }) => sum + errors, 0)} errors`,
  control: `${twins.filter(({ errors }) => errors > 0).length} of ${twins.length} mutated twins have an error`,
  seeds: "none: every order is searched",
  notShown: [
    "that the code is what the models say: models/README.md says which lines each step stands for",
    "worlds larger than theirs",
  ],
  passed: wrong.length === 0,
  ...(wrong.length === 0 ? {} : { kept: scratch }),
});
