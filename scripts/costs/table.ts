// The table in docs/costs.md is the limit: what it says is what a change may cost at most.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COUNTS, type Counts } from "./counted.ts";
import { type Further, furtherExcess, printedFurther, readFurther } from "./further.ts";

export interface Costs {
  readonly operations: ReadonlyMap<string, Counts>;
  /** Bytes of V8's heap, by operation. */
  readonly allocated: ReadonlyMap<string, number>;
  /** Bytes of the verifier as an app ships it. */
  readonly verifierBytes: number;
  /** Empty for who counts no more than the above. */
  readonly further: Further;
}

const file = join(import.meta.dirname, "../../docs/costs.md");
const [BEGIN, END] = ["<!-- printed by: npm run costs -- --write -->", "<!-- end of what is printed -->"];
const HEADER = "| operation | store reads | commits | rows written | facts | signatures | verifications | hashes |";
const VERIFIER = "The verifier, all its modules without types and comments in one gzip, has at most";
/** Small mends need no new line in the table. */
const STEP_BYTES = 4096;
const ALLOCATED = "| operation | kB allocated, at most |";
const FURTHER_FROM = "By `npm run costs` alone, in processes of their own:";
/** V8 counts in blocks, and what else the process does is counted, too. */
const ROOM = 1.15;

export function printed({ operations, allocated, verifierBytes, further }: Costs): string {
  const rows = [...operations].map(
    ([name, counts]) => `| ${name} | ${COUNTS.map((column) => counts[column]).join(" | ")} |`,
  );
  const most = Math.ceil(verifierBytes / STEP_BYTES) * STEP_BYTES;
  return [
    HEADER,
    `| --- |${" ---: |".repeat(COUNTS.length)}`,
    ...rows,
    "",
    `${VERIFIER} ${most} bytes.`,
    "",
    ALLOCATED,
    "| --- | ---: |",
    ...[...allocated].map(([name, bytes]) => `| ${name} | ${Math.ceil((bytes * ROOM) / 1000)} |`),
    "",
    FURTHER_FROM,
    "",
    printedFurther(further),
  ].join("\n");
}

export function write(costs: Costs): void {
  const { before, after } = parts();
  writeFileSync(file, `${before}${BEGIN}\n\n${printed(costs)}\n\n${END}${after}`);
}

function parts(): { readonly before: string; readonly inside: string; readonly after: string } {
  const text = readFileSync(file, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error("docs/costs.md has no place for the counts");
  return {
    before: text.slice(0, begin),
    inside: text.slice(begin + BEGIN.length, end),
    after: text.slice(end + END.length),
  };
}

/** What stands in the document. */
export function limits(): Costs {
  const { inside } = parts();
  const [own = "", further = ""] = inside.split(FURTHER_FROM);
  const [counted = "", allocated = ""] = own.split(ALLOCATED);
  const rows = rowsOf(counted).map(
    ([name, cells]) =>
      [name, Object.fromEntries(COUNTS.map((column, index) => [column, cells[index]])) as Counts] as const,
  );
  const [, bytes] = /has at most (\d+) bytes/.exec(counted) ?? [];
  return {
    operations: new Map(rows),
    allocated: new Map(rowsOf(allocated).map(([name, [kilobytes = Number.NaN]]) => [name, kilobytes * 1000])),
    verifierBytes: Number(bytes),
    further: readFurther(further, rowsOf),
  };
}

function rowsOf(text: string): readonly (readonly [name: string, cells: readonly number[]])[] {
  return text
    .split("\n")
    .filter((line) => /^\|.*\d/.test(line))
    .map((line) => {
      const [name = "", ...cells] = line.slice(2, -2).split(" | ");
      return [name, cells.map(Number)] as const;
    });
}

/** A line for everything that costs more than its limit, or has none. */
export function excess(found: Costs, limit: Costs): readonly string[] {
  const lines = [...found.operations].flatMap(([name, counts]) => {
    const most = limit.operations.get(name);
    if (most === undefined) return [`${name}: stands in no line of the table`];
    return COUNTS.filter((column) => !(counts[column] <= most[column])).map(
      (column) => `${name}: ${counts[column]} ${column}, at most ${most[column]}`,
    );
  });
  for (const [name, bytes] of found.allocated) {
    const most = limit.allocated.get(name) ?? Number.NaN;
    if (!(bytes <= most)) lines.push(`${name}: ${Math.round(bytes)} bytes allocated, at most ${most}`);
  }
  if (!(found.verifierBytes <= limit.verifierBytes))
    lines.push(`the verifier: ${found.verifierBytes} bytes, at most ${limit.verifierBytes}`);
  return [...lines, ...furtherExcess(found.further, limit.further)];
}
