// Closes the loop between spec/ and the tests, and prints docs/conformance.md.
// A `done` row needs a test that carries its id in the title; a test may only name ids that exist. A `rehearsed` row needs a program that
// carries its id in brackets and is a step of CI; a `pending` one says in its row what it waits for; and a `covered` one names, under
// "caught by", rows that are done or rehearsed.
// `npm run spec` writes the page; with --check nothing is written and a stale page fails.

import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { masked, type TestTitle, titlesIn } from "./spec-loop/titles.ts";

export interface Row {
  readonly id: string;
  readonly status: string;
  readonly page: string;
  readonly caughtBy: readonly string[];
}

export interface Loop {
  readonly problems: readonly string[];
  readonly page: string;
}

/** Files by path. Pages are Markdown under spec/, tests are *.test.ts. */
export type Files = ReadonlyMap<string, string>;

const ID = /^(?=.*[0-9])[A-Za-z0-9]+(?:[-.][A-Za-z0-9]+)+$/;
const STATUSES = ["done", "rehearsed", "covered", "pending", "divergence", "silence"];
const EXPLAINED_ELSEWHERE = ["divergence", "silence"];
// These two pages have no status column: the page says it.
const STATUS_OF_PAGE: Readonly<Record<string, string>> = {
  "spec/divergences.md": "divergence",
  "spec/silences.md": "silence",
};

/** `programs`: rehearsals, by path. */
export function closeLoop(pages: Files, tests: Files, programs: Files = new Map()): Loop {
  const problems: string[] = [];
  const rows = [...pages].flatMap(([page, text]) => rowsOf(page, text, problems));
  const explained = new Set(
    rows.filter(({ page }) => page in STATUS_OF_PAGE).map(({ id, status }) => `${id} ${status}`),
  );
  const requirements = new Map<string, Row>();
  for (const row of rows.toSorted((a, b) => Number(a.page in STATUS_OF_PAGE) - Number(b.page in STATUS_OF_PAGE))) {
    const first = requirements.get(row.id);
    if (first === undefined) requirements.set(row.id, row);
    else if (!(row.page in STATUS_OF_PAGE) || first.page === row.page)
      problems.push(`${row.page}: ${row.id} already stands in ${first.page}`);
    else if (first.status !== row.status) problems.push(`${row.page}: ${row.id} is "${first.status}" in ${first.page}`);
  }

  const titles = [...tests].flatMap(([file, source]) => titlesIn(file, source));
  const proofs = new Map<string, TestTitle[]>();
  for (const title of titles) {
    for (const id of title.ids) {
      if (!requirements.has(id))
        problems.push(`${title.file}: "${title.text}" names [${id}], which no page of spec/ has`);
      proofs.set(id, [...(proofs.get(id) ?? []), title]);
    }
  }
  const rehearsals = new Map<string, readonly string[]>();
  for (const { id, status, page, caughtBy } of requirements.values()) {
    if (status === "done" && !proofs.has(id)) problems.push(`${page}: ${id} is "done" and no test carries [${id}]`);
    if (status === "rehearsed") {
      const files = [...programs].filter(([, source]) => source.includes(`[${id}]`)).map(([file]) => file);
      if (files.length === 0) problems.push(`${page}: ${id} is "rehearsed" and no program carries [${id}]`);
      rehearsals.set(id, files);
    }
    if (status === "covered") {
      const shown = caughtBy.filter((one) => ["done", "rehearsed"].includes(requirements.get(one)?.status ?? ""));
      if (shown.length === 0 || shown.length < caughtBy.length)
        problems.push(
          `${page}: ${id} is "covered" by what is not shown: ${caughtBy.filter((one) => !shown.includes(one)).join(", ")}`,
        );
    }
    if (EXPLAINED_ELSEWHERE.includes(status) && !explained.has(`${id} ${status}`)) {
      problems.push(`${page}: ${id} is "${status}" and spec/${status}s.md has no row for it`);
    }
  }
  return { problems, page: printPage([...requirements.values()], proofs, rehearsals) };
}

function rowsOf(page: string, text: string, problems: string[]): Row[] {
  const rows: Row[] = [];
  let header: string[] | undefined;
  for (const line of masked(text).split("\n")) {
    if (!line.startsWith("|")) {
      header = undefined;
      continue;
    }
    const cells = line
      .replaceAll("\\|", "/")
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    const id = (cells[0] ?? "").replace(/^`?\[?|\]?`?$/g, "");
    header ??= cells;
    if (header === cells || header[0] !== "id" || /^:?-+:?$/.test(id)) continue;
    const status = STATUS_OF_PAGE[page] ?? cells[header.indexOf("status")] ?? "";
    if (cells.length !== header.length)
      problems.push(`${page}: ${id} has ${cells.length} cells, its header ${header.length}`);
    if (!ID.test(id)) problems.push(`${page}: "${id}" is no id`);
    if (!STATUSES.includes(status))
      problems.push(`${page}: ${id} has the status "${status}"; known: ${STATUSES.join(", ")}`);
    const caughtBy = (cells[header.indexOf("caught by")] ?? "").split(" ").filter((word) => word !== "");
    rows.push({ id, status, page, caughtBy });
  }
  return rows;
}

function printPage(
  rows: readonly Row[],
  proofs: ReadonlyMap<string, readonly TestTitle[]>,
  rehearsals: ReadonlyMap<string, readonly string[]>,
): string {
  const count = (status: string): number => rows.filter((row) => row.status === status).length;
  const lines = [
    "# Conformance",
    "",
    "Printed by `npm run spec` from the rows of `spec/` and the titles of the tests. Do not edit.",
    "",
    `${count("done")} done, ${count("rehearsed")} rehearsed, ${count("covered")} covered by these, ${count("pending")} pending, ${count("divergence")} divergences, ${count("silence")} silences.`,
  ];
  for (const page of [...new Set(rows.map((row) => row.page))].toSorted()) {
    lines.push("", `## [${page}](../${page})`, "", "| id | status | tests |", "| --- | --- | --- |");
    for (const { id, status, caughtBy } of rows.filter((row) => row.page === page)) {
      const tests = (proofs.get(id) ?? []).map(({ file, text }) => `${text.replaceAll("|", "\\|")} (\`${file}\`)`);
      const programs = (rehearsals.get(id) ?? []).map((file) => `\`${file}\``);
      lines.push(
        `| ${id} | ${status} | ${[...tests.toSorted(), ...programs.toSorted(), ...(status === "covered" ? caughtBy : [])].join("<br>")} |`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..");
  const read = (pattern: string): Files => {
    const paths = globSync(pattern, { cwd: root, exclude: ["**/node_modules/**", "**/dist/**"] }).toSorted();
    return new Map(paths.map((path) => [path.split(sep).join("/"), readFileSync(join(root, path), "utf8")]));
  };
  const pages = read("spec/**/*.md");
  const { problems, page } = closeLoop(
    pages,
    read("**/*.test.ts"),
    read("{drills,fuzz,conformance,proof,models}/**/*.ts"),
  );
  const target = join(root, "docs/conformance.md");
  const stale = !existsSync(target) || readFileSync(target, "utf8") !== page;
  const check = process.argv.includes("--check");
  if (stale && !check) {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, page);
  }
  const all = [
    ...problems,
    ...(pages.size === 0 ? ["spec/ has no page: the loop was closed over nothing"] : []),
    ...(stale && check ? ["docs/conformance.md is stale: run `npm run spec` and commit it"] : []),
  ];
  for (const problem of all) console.error(problem);
  console.error(`spec: ${all.length} problems`);
  if (all.length > 0) process.exitCode = 1;
}
