// docs/mutation.md, from the numbers that are kept and the reasons of what lives.

import { table } from "../../proof/table.ts";
import { PACKAGES, type PackageName, suiteOf } from "./mutants.ts";
import { type Counts, type Results, resultsOf, scoreOf, sumOf } from "./results.ts";
import { REVIEWED } from "./reviewed.ts";
import { SQL_REVIEWED } from "./sql/reviewed.ts";
import { STORES, sourcesOf } from "./sql/table.ts";

export function mutationPage(): string {
  const packages = PACKAGES.map((name) => ({ name, results: resultsOf(name) }));
  return `${[
    "# Mutation testing",
    "Printed by `npm run docs` from `drills/mutation/results/` and `drills/mutation/reviewed/`. Do not edit.",
    "Whether the tests would notice if the sources were otherwise. [Stryker](https://stryker-mutator.io)'s instrumenter changes the sources of `protocol`, `verifier` and `core` in every place that one of its sixteen mutators knows: a comparison is turned around or moved by one, a condition is always or never true, a block is empty, a statement, a call or a member is gone, a text, a list, a pattern is another. Each change alone is judged by the tests of the package that run through it (core's also by the contract of a store, in memory): one test that fails is enough. What no test notices is read by a person, and has a reason below, or the run of its file fails.",
    "`npm ci --ignore-scripts --prefix drills/mutation`, then `npm run mutation -- --package protocol`; `--files refresh` for some files, `--since HEAD~1` for the lines that are new since a commit, `--sample 100 --seed 7` for some mutants, `--seconds 200` for a piece: what was found is kept, and the next run goes on.",
    "Equivalent mutants count as not noticed, and so does what no test runs through; sentences (of errors, and in tables) are no mutants, because no test may assert them. Whoever never ends was noticed. Properties (fast-check) try the same texts for each mutant. Tests are run again and again in one process: what that has remembered from before a mutant was switched on may hide it, so that it lives here and would not elsewhere; nothing makes one seem noticed that is not, because what fails is tried again without the mutant. CI judges a sample of some files, which swings, by 80 %; a run of more is held to 90. What is not counted below was not judged whole.",
    "## By package",
    table(
      HEAD,
      packages.map(({ name, results }) => rowOf(name, results, ` of ${suiteOf(name).sources.length}`)),
    ),
    ...packages.map(({ name, results }) => byFolder(name, results)),
    ...sqlPart(),
    "## What lives, and why",
    "By line of source: all that begins on the line and lives has the reason.",
    ...PACKAGES.flatMap((name) => reasonsOf(name)),
  ].join("\n\n")}\n`;
}

const HEAD = ["", "files", "mutants", "killed", "never ended", "lived", "not run through", "noticed", "judged on"];

function rowOf(title: string, results: Results, ofAll = ""): readonly string[] {
  const all = Object.values(results);
  if (all.length === 0) return [title, `0${ofAll}`, "–", "–", "–", "–", "–", "not run yet", "–"];
  const counts = sumOf(all);
  const { killed, timedOut, survived, notCovered } = counts;
  const dates = [...new Set(all.map(({ date }) => date))].toSorted();
  const numbers = [killed + timedOut + survived + notCovered, killed, timedOut, survived, notCovered];
  return [
    title,
    `${all.length}${ofAll}`,
    ...numbers.map((number) => number.toLocaleString("en")),
    percent(counts),
    dates.join(", "),
  ];
}

function byFolder(name: PackageName, results: Results): string {
  if (Object.keys(results).length === 0) return `### ${name}\n\nNo file was judged whole; CI judges a sample of some.`;
  const folders = Map.groupBy(Object.entries(results), ([file]) => folderOf(name, file));
  const rows = [...folders].map(([folder, files]) => rowOf(folder, Object.fromEntries(files)));
  const weakest = Object.entries(results)
    .filter(([, counts]) => scoreOf(counts) < 90)
    .toSorted(([, one], [, other]) => scoreOf(one) - scoreOf(other))
    .map(([file, counts]) => `\`${file}\` (${percent(counts)})`);
  return [
    `### ${name}`,
    ...(folders.size > 1 ? [table(HEAD, rows)] : []),
    ...(weakest.length > 0 ? [`Files under 90 %: ${weakest.join(", ")}.`] : []),
    ...(weakest.length === 0 && folders.size > 0 ? ["No file under 90 %."] : []),
    ...notJudged(name, results),
  ].join("\n\n");
}

function sqlPart(): readonly string[] {
  const results = resultsOf("sql");
  const left = STORES.flatMap(sourcesOf).filter((file) => results[file] === undefined);
  const rows = STORES.flatMap((store) => {
    const own = Object.entries(results).filter(([file]) => file.includes(`/store-${store}/`));
    return own.map(([file, counts]) => rowOf(file.split("/").slice(1).join("/"), { [file]: counts }));
  });
  return [
    "## Statements of the stores",
    "Stryker changes TypeScript, and a statement is a text to it. So the statements of `store-sqlite` and `store-postgres` are changed by a program of their own: a condition is dropped, a comparison is moved or turned around, an order, a limit, a lock, an assignment or a step of the commit function is gone, a sum or a function is another. Each change alone is judged by those rules of the store's contract, and by those files of the store's own tests, that run the statement. `npm ci` and PostgreSQL, then `npm run mutation:sql -- --store sqlite --seconds 200`. What lives has a reason below, or the run fails; equivalent ones count as not noticed, and are more than elsewhere: an order or a bound that only says where to look. CI judges a sample of SQLite's. Not changed are the schema with its migrations and partitions, and what a store says beside its statements: pragmas, transactions, settings of a connection.",
    table(HEAD, rows),
    ...(left.length === 0
      ? []
      : [`Not judged whole: ${left.map((file) => `\`${file.slice("packages/".length)}\``).join(", ")}.`]),
    ...SQL_REVIEWED.map(({ why, reason, changes }) => {
      const places = Object.entries(changes).map(
        ([file, all]) =>
          `- \`${file.split("/").slice(1).join("/")}\`: ${all.map(([at, says]) => `${code(at)} (${says})`).join(" · ")}`,
      );
      return `**${why}**: ${reason}\n\n${places.join("\n")}`;
    }),
  ];
}

function notJudged(name: PackageName, results: Results): readonly string[] {
  const { sources } = suiteOf(name);
  const left = sources.filter((file) => results[file] === undefined);
  const texts = [...Map.groupBy(left, (file) => folderOf(name, file))].map(([folder, files]) =>
    folder === "src/"
      ? files.map((file) => `\`${file.split("/").at(-1)}\``).join(", ")
      : `\`${folder}\` (${files.length})`,
  );
  return left.length === 0 ? [] : [`Not judged whole, ${left.length} of ${sources.length} files: ${texts.join(", ")}.`];
}

function folderOf(name: PackageName, file: string): string {
  const rest = file.slice(`packages/${name}/src/`.length);
  return rest.includes("/") ? `${rest.split("/")[0]}/` : "src/";
}

function reasonsOf(name: PackageName): readonly string[] {
  return REVIEWED[name].map(({ why, reason, lines }) => {
    const places = Object.entries(lines).map(
      ([file, texts]) => `\`${name}/src/${file}\`: ${texts.map(code).join(" · ")}`,
    );
    return `**${why}**: ${reason}\n\n${places.map((place) => `- ${place}`).join("\n")}`;
  });
}

/** A line of source may have what quotes code. */
function code(text: string): string {
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

function percent(counts: Counts): string {
  return `${scoreOf(counts).toFixed(1)} %`;
}
