// `node drills/mutation/sql/main.ts [--store sqlite|postgres] [--files names] [--sample 12 --seed 1] [--seconds 200] [--least 75] [--fresh]`
// Changes the statements of the stores in hundreds of small ways, and says which of them neither the contract of a store nor the store's own
// tests notice. Exits with 1 if fewer than --least per cent are noticed, if one that lives has no reason in reviewed/ (unless it is a sample), or if
// the control does not hold. With --seconds it stops then, and the next run goes on; --fresh forgets what earlier runs have found. Of a sample,
// those that have a reason are not drawn, and those are asked who noticed any in the same source when all were judged.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { rules } from "@hallpass/store-contract";
import { startPostgres } from "../../../packages/store-postgres/src/testing/postgres-server.ts";
import { sayProof } from "../../../proof/line.ts";
import { Random } from "../../fuzz/random.ts";
import { wholeNumber } from "../../whole-number.ts";
import { kept } from "../mutants.ts";
import { countsOf, keepResults, scoreOf } from "../results.ts";
import { control } from "./control.ts";
import { knownCoverage, sqlCoverageOf } from "./coverage.ts";
import { createSqlJudge, type SqlJudge, type SqlVerdict } from "./judge.ts";
import { reasonOf, unneeded } from "./reviewed.ts";
import { keyOf, mutantsOf, type SqlMutant, STORES, type StoreName, sourcesOf, stateOf } from "./table.ts";

const given = parseArgs({
  options: {
    store: { type: "string", multiple: true, default: [...STORES] },
    files: { type: "string", multiple: true, default: [] },
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    least: { type: "string", default: "75" },
    seconds: { type: "string", default: "100000" },
    fresh: { type: "boolean", default: false },
  },
}).values;
const LANES = [0, 1];
const until = performance.now() + wholeNumber(given.seconds) * 1000;
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const complaints: string[] = [];
const figures: string[] = [];
const controls: string[] = [];
for (const store of STORES) if (given.store.includes(store)) await judgeAll(store);
for (const complaint of complaints) console.log(complaint);
sayProof({
  id: "sql-mutation",
  promise: "P1 P2 P4 P7",
  figure: [...figures, ...(complaints.length === 0 ? [] : [`${complaints.length} complaints`])].join("; "),
  control: controls.join("; "),
  seeds: given.sample === undefined ? "none" : given.seed,
  notShown: ["statements of the schema, its migrations and partitions", "what a statement costs"],
  passed: complaints.length === 0,
});

async function judgeAll(store: StoreName): Promise<void> {
  // A server for each of the two that judge: facts are shown once all transactions before them are over, and a server has them all in one
  // row. What is judged is what is written, not whether it lasts.
  const servers = store === "postgres" ? await Promise.all(LANES.map(() => startPostgres({ fsync: "off" }))) : [];
  try {
    const urls = LANES.map((lane) => servers[lane]?.url ?? "");
    const coverage = given.sample === undefined ? await sqlCoverageOf(store, urls) : knownCoverage();
    const judges = urls.map((url) => createSqlJudge(store, url, coverage));
    const { said, held } = await control(store, judges);
    console.error(`${store}: control: ${said}`);
    controls.push(`${store}: ${said}`);
    if (!held) complaints.push(`${store}: the control does not hold`);
    const words = given.files.flatMap((text) => text.split(","));
    const sources = sourcesOf(store).filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
    if (sources.length === 0) return;
    const all = mutantsOf(store).filter(({ file }) => sources.includes(file));
    const chosen = chosenOf(all);
    const memory = memoryOf(store);
    const left = chosen.filter((mutant) => memory.of(mutant) === undefined).values();
    const judgeLeft = async (judge: SqlJudge): Promise<void> => {
      for (const mutant of left) {
        if (performance.now() > until) return;
        memory.keep(mutant, await judge.verdictOn(mutant));
        const known = chosen.filter((one) => memory.of(one) !== undefined).length;
        process.stderr.write(`\r${store}: ${known} of ${chosen.length}`);
      }
    };
    await Promise.all(judges.map(judgeLeft));
    process.stderr.write("\n");
    report(store, sources, chosen, memory.of);
  } finally {
    for (const server of servers) await server.stop();
  }
}

function report(
  store: StoreName,
  sources: readonly string[],
  chosen: readonly SqlMutant[],
  verdictOn: (mutant: SqlMutant) => SqlVerdict | undefined,
): void {
  const known = chosen.flatMap((mutant) => {
    const verdict = verdictOn(mutant);
    return verdict === undefined || verdict.fate === "no statement" ? [] : [{ mutant, verdict }];
  });
  const judged = chosen.filter((mutant) => verdictOn(mutant) !== undefined).length;
  const living = known
    .filter(({ verdict }) => verdict.fate === "survived" || verdict.fate === "not covered")
    .map(({ mutant }) => mutant);
  const unreviewed = living.filter((mutant) => reasonOf(mutant) === undefined);
  for (const { file, line, says } of unreviewed) console.log(`${file}:${line} lives, ${says}`);
  const counts = countsOf(known.map(({ verdict }) => verdict));
  const score = scoreOf(counts);
  if (judged < chosen.length)
    complaints.push(`${store}: ${judged} of ${chosen.length} were judged; the next run goes on`);
  if (score < wholeNumber(given.least)) complaints.push(`${store}: ${score.toFixed(1)} % were noticed`);
  if (given.sample === undefined && unreviewed.length > 0)
    complaints.push(`${store}: ${unreviewed.length} that live have no reason`);
  if (given.sample === undefined && judged === chosen.length) {
    for (const line of unneeded(sources, living)) console.error(`a reason that nothing needs: ${line}`);
    const date = new Date().toISOString().slice(0, 10);
    const counted = sources.map((file) => {
      const own = known.filter(({ mutant }) => mutant.file === file).map(({ verdict }) => verdict);
      return [file, { ...countsOf(own), date, by: noticing(own) }] as const;
    });
    keepResults("sql", Object.fromEntries(counted));
  }
  figures.push(
    `${store}: ${counts.killed + counts.timedOut} of ${known.length} changed statements noticed (${score.toFixed(1)} %), ${living.length - unreviewed.length} of ${living.length} that live have a reason`,
  );
}

/** Each who noticed something first, the most frequent before the others. */
function noticing(verdicts: readonly SqlVerdict[]): readonly string[] {
  const killed = verdicts.filter(({ fate }) => fate === "killed");
  const isKnown = (by: string): boolean => by.endsWith(".ts") || rules.some(({ id }) => id === by);
  const counted = [...Map.groupBy(killed, ({ by }) => by ?? "")].filter(([by]) => isKnown(by));
  return counted.toSorted(([, one], [, other]) => other.length - one.length).map(([by]) => by);
}

function chosenOf(all: readonly SqlMutant[]): readonly SqlMutant[] {
  if (given.sample === undefined) return all;
  const random = new Random(wholeNumber(given.seed));
  const order = new Map(all.map((mutant) => [mutant, random.next()] as const));
  const drawn = all.filter((mutant) => reasonOf(mutant) === undefined);
  return drawn
    .toSorted((one, other) => (order.get(one) ?? 0) - (order.get(other) ?? 0))
    .slice(0, wholeNumber(given.sample));
}

/** What was noticed stays so while the store is as it was; what lives is judged again when a rule or a test is another. */
function memoryOf(store: StoreName) {
  const path = join(kept, `sql-${store}.json`);
  const state = stateOf(store);
  const before: Kept = existsSync(path) && !given.fresh ? (JSON.parse(readFileSync(path, "utf8")) as Kept) : {};
  const valid = Object.entries(before).filter(([, { verdict, noticed, living }]) =>
    verdict.fate === "survived" || verdict.fate === "not covered" ? living === state.living : noticed === state.noticed,
  );
  const known: Record<string, Kept[string]> = Object.fromEntries(valid);
  return {
    of: (mutant: SqlMutant): SqlVerdict | undefined => known[keyOf(mutant)]?.verdict,
    keep: (mutant: SqlMutant, verdict: SqlVerdict): void => {
      known[keyOf(mutant)] = { verdict, ...state };
      mkdirSync(kept, { recursive: true });
      writeFileSync(path, JSON.stringify(known satisfies Kept));
    },
  };
}

type Kept = Readonly<
  Record<string, { readonly verdict: SqlVerdict; readonly noticed: string; readonly living: string }>
>;
