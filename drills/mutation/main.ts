// `npm run mutation -- [--package protocol|verifier|core] [--files word] [--since commit] [--sample 100 --seed 1] [--seconds 200]`
// Changes the sources in thousands of small ways, and says which of them the tests do not notice. Exits with 1 if fewer than --least
// per cent are noticed in any package, if one that lives has no reason in reviewed/ (unless it is a sample), or if the control does not
// hold. With --seconds it stops then, and the next run goes on; --fresh forgets what earlier runs have found.
// Needs `npm ci --ignore-scripts --prefix drills/mutation`.

import { parseArgs } from "node:util";
import { sayProof } from "../../proof/line.ts";
import { wholeNumber } from "../whole-number.ts";
import { control } from "./control.ts";
import { PACKAGES, type PackageName } from "./mutants.ts";
import { countsOf, keepResults, resultsOf, scoreOf, sumOf } from "./results.ts";
import { needless, reviewOf } from "./reviewed.ts";
import { type Judged, runOf } from "./run.ts";
import { linesSince } from "./since.ts";

const given = parseArgs({
  options: {
    package: { type: "string", multiple: true, default: [] },
    files: { type: "string", multiple: true, default: [] },
    since: { type: "string" },
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    least: { type: "string", default: "90" },
    seconds: { type: "string", default: "100000" },
    fresh: { type: "boolean", default: false },
    workers: { type: "string", default: "2" },
  },
}).values;
const least = wholeNumber(given.least);
const asked = given.package.flatMap((text) => text.split(","));
const unknown = asked.filter((name) => !PACKAGES.some((one) => one === name));
if (unknown.length > 0) throw new Error(`${unknown.join(", ")}: there are ${PACKAGES.join(", ")}`);
const names = PACKAGES.filter((name) => asked.length === 0 || asked.includes(name));
const until = performance.now() + wholeNumber(given.seconds) * 1000;
const choice = {
  words: given.files.flatMap((text) => text.split(",")),
  since: given.since === undefined ? undefined : linesSince(given.since),
  sample: given.sample === undefined ? undefined : wholeNumber(given.sample),
  seed: wholeNumber(given.seed),
  until,
  fresh: given.fresh,
  workers: wholeNumber(given.workers),
};
const isWhole = choice.since === undefined && choice.sample === undefined;

// Workers that are stuck end with whoever started them.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const { said, held } = await control();
console.error(`control: ${said}`);
const complaints: string[] = [];
const figures: string[] = [];
for (const name of names) {
  const judged = await runOf(name, choice);
  if (judged.chosen === 0) continue;
  figures.push(report(name, judged));
}
if (figures.length === 0) complaints.push("no mutant was chosen");
for (const complaint of complaints) console.log(complaint);
sayProof({
  id: "mutation",
  promise: "P2 P3 P4 P5 P7 P8",
  figure: [...figures, ...(complaints.length === 0 ? [] : [`${complaints.length} complaints`])].join("; "),
  control: `${said}: ${held ? "as it has to be" : "NOT as it has to be"}`,
  seeds: choice.sample === undefined ? "none" : String(choice.seed),
  notShown: [
    "that tests notice what is wrong in two places at once, or what none of these small changes resembles",
    "sentences, which no test may assert",
  ],
  passed: held && complaints.length === 0,
});

/** Prints what lives, complains of what may not, keeps the numbers of whole files, and says the package's own in one clause. */
function report(name: PackageName, { sources, chosen, verdicts }: Judged): string {
  const counts = countsOf([...verdicts.values()]);
  const score = scoreOf(counts);
  const living = [...verdicts].filter(([, { fate }]) => fate === "survived" || fate === "not covered");
  const unreviewed = living.filter(([mutant]) => reviewOf(name, mutant) === undefined);
  for (const [mutant, { fate }] of unreviewed) {
    const { file, line, column, mutator, original, replacement } = mutant;
    console.log(`${file}:${line}:${column} ${fate}, ${mutator}: ${short(original)} → ${short(replacement)}`);
  }
  const whole = verdicts.size === chosen;
  if (!whole) complaints.push(`${name}: ${verdicts.size} of ${chosen} mutants were judged; the next run goes on`);
  if (score < least) complaints.push(`${name}: ${score.toFixed(1)} % were noticed, which is less than ${least} %`);
  if (isWhole && unreviewed.length > 0) complaints.push(`${name}: ${unreviewed.length} that live have no reason`);
  if (isWhole && whole) {
    const places = living.map(([mutant]) => mutant);
    for (const line of needless(name, sources, places)) console.error(`a reason that nothing needs: ${line}`);
    keepCounts(name, sources, verdicts);
  }
  const all = sumOf([counts]);
  const noticed = all.killed + all.timedOut;
  return `${name}: ${noticed.toLocaleString("en")} of ${verdicts.size.toLocaleString("en")} mutants noticed (${score.toFixed(1)} %), ${living.length - unreviewed.length} of ${living.length} that live have a reason`;
}

function keepCounts(name: PackageName, sources: readonly string[], verdicts: Judged["verdicts"]): void {
  const date = new Date().toISOString().slice(0, 10);
  const counted = sources.map((file) => {
    const own = [...verdicts].filter(([mutant]) => mutant.file === file).map(([, verdict]) => verdict);
    return [file, { ...countsOf(own), date }] as const;
  });
  keepResults(name, Object.fromEntries(counted));
  console.error(
    `${name}: results of ${Object.keys(resultsOf(name)).length} files are kept; print them with npm run docs`,
  );
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > 70 ? `${line.slice(0, 67)}...` : line;
}
