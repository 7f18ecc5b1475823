// What is counted in processes of its own, and therefore by `npm run costs` alone: flushes, and what verifiers cost. What is written is what
// was found; each column says how much more is no excess.

import { FLUSHING, flushesOfAll, KEEPING, TOGETHER } from "./flushes.ts";
import { modulesOfAll } from "./modules.ts";
import { allocatedByPush } from "./push-allocated.ts";
import { pushedOfAll } from "./pushed.ts";
import { startsOfAll } from "./verifier-starts.ts";

/** By the name of the row, a number for each column; fewer where the last ones could not be counted here. */
export type Rows = ReadonlyMap<string, readonly number[]>;
/** By what the table is of. */
export type Further = ReadonlyMap<string, Rows>;

interface Column {
  readonly name: string;
  readonly digits: number;
  /** The most that is no excess. */
  readonly most: (written: number) => number;
}

interface Table {
  readonly of: string;
  readonly columns: readonly Column[];
  readonly count: (say: (line: string) => void) => Promise<Rows>;
}

const exactly = (name: string): Column => ({ name, digits: 0, most: (written) => written });
/** What Node loads for itself meanwhile differs by a megabyte. */
const OF_THE_PLATFORM_KB = 2000;
/** Files are divided, and new ones made; a library has dozens. */
const A_FEW_MODULES = 15;
/** Whether one is sent before the last part has come hangs on chance; it and its answer. */
const ONE_MORE_PING = 2;
/** Times and random bytes are not always of the same length. */
const nearly = (name: string): Column => ({ name, digits: 1, most: (written) => 1.02 * written + 0.1 });
const allocated = (name: string): Column => ({ name, digits: 1, most: (written) => 1.25 * written });
/** A checkpoint of the log may fall into what is counted; one flush more for sixteen may not. */
const flushes = (name: string): Column => ({ name, digits: 2, most: (written) => Math.max(0.09, 1.25 * written) });

export const FURTHER: readonly Table[] = [
  {
    of: "flushes for each operation",
    columns: KEEPING.flatMap((store) => [flushes(`${store}: alone`), flushes(`${TOGETHER} together`)]),
    count: async (say) => {
      const stores = [...(await flushesOfAll(say)).values()];
      const names = stores.length === 0 ? [] : FLUSHING.map(({ name }) => name);
      const each = (name: string): readonly number[] =>
        stores.flatMap((found) => {
          const { alone, together } = found.get(name) ?? { alone: Number.NaN, together: Number.NaN };
          return [alone, together];
        });
      return new Map(names.map((name) => [name, each(name)]));
    },
  },
  {
    of: "for each connected verifier",
    columns: [exactly("writes to its socket"), nearly("bytes")],
    count: async () => new Map([...(await pushedOfAll())].map(([name, { writes, bytes }]) => [name, [writes, bytes]])),
  },
  {
    of: "a verifier that starts",
    columns: [
      exactly("requests"),
      nearly("kB received"),
      { name: "JSON texts parsed", digits: 0, most: (written) => written + ONE_MORE_PING },
      nearly("kB of them"),
      { name: "kB allocated", digits: 1, most: (written) => 1.25 * written + OF_THE_PLATFORM_KB },
    ],
    count: startsOfAll,
  },
  { of: "push", columns: [allocated("kB allocated")], count: allocatedByPush },
  {
    of: "a program that starts",
    columns: [{ name: "modules", digits: 0, most: (written) => written + A_FEW_MODULES }],
    count: modulesOfAll,
  },
];

/** What is left out, because what it takes is not installed, is said. */
export async function countFurther(say: (line: string) => void): Promise<Further> {
  const all = new Map<string, Rows>();
  for (const { of, count } of FURTHER) all.set(of, await count(say));
  return all;
}

function headOf({ of, columns }: Table): string {
  return `| ${[of, ...columns.map(({ name }) => name)].join(" | ")} |`;
}

export function printedFurther(further: Further): string {
  return FURTHER.map((table) => {
    const rows = [...(further.get(table.of) ?? [])].map(([name, cells]) => {
      const written = table.columns.map(({ digits }, index) => cells[index]?.toFixed(digits) ?? "not counted");
      return `| ${[name, ...written].join(" | ")} |`;
    });
    return [headOf(table), `| --- |${" ---: |".repeat(table.columns.length)}`, ...rows].join("\n");
  }).join("\n\n");
}

/** `rowsOf` reads the lines of a table. */
export function readFurther(
  text: string,
  rowsOf: (text: string) => Iterable<readonly [string, readonly number[]]>,
): Further {
  return new Map(
    FURTHER.map((table) => {
      const [, after = ""] = text.split(headOf(table));
      return [table.of, new Map(rowsOf(after.split("\n\n")[0] ?? ""))];
    }),
  );
}

/** A line for everything that costs more than what is written allows, or of which nothing is written. */
export function furtherExcess(found: Further, written: Further): readonly string[] {
  return FURTHER.flatMap(({ of, columns }) =>
    [...(found.get(of) ?? [])].flatMap(([name, cells]) =>
      cells.flatMap((cell, index) => {
        const column = columns[index];
        const most = column?.most(written.get(of)?.get(name)?.[index] ?? Number.NaN) ?? Number.NaN;
        return Number(cell.toFixed(column?.digits)) <= most
          ? []
          : [`${of}: ${name}: ${cell} ${column?.name}, at most ${most}`];
      }),
    ),
  );
}
