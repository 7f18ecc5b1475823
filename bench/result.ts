// What a measurement says, of whatever kind: who was measured, and of each the same figures. A program writes one line of JSON for each table on
// stdout; bench/main.ts shows it, draws it and keeps it, and docs/performance.md is printed from what is kept.

import type { Plot } from "../scripts/plot.ts";
import { median } from "./measured.ts";

export interface Result {
  /** Lower-case letters, digits and hyphens: its file, and its picture. */
  readonly id: string;
  /** What was done, in a clause. */
  readonly title: string;
  /** What a row is. */
  readonly of: string;
  readonly rows: readonly Row[];
  /** By this figure each row is compared with these. Undefined where rows are not to be compared. */
  readonly compared?: { readonly figure: string; readonly with: readonly string[] };
  /** Bars of one figure, with the title of its axis; or a plot. */
  readonly picture?: { readonly bars: string } | { readonly plot: Plot };
  /** Who could have been measured, and was not. */
  readonly leftOut: readonly string[];
}

export interface Row {
  readonly name: string;
  /** By their names with units, in the order of the table; the first is shown with its spread. */
  readonly figures: Readonly<Record<string, Figure>>;
}

/** Of each round one value, in the order of the rounds. */
export interface Figure {
  readonly median: number;
  readonly spread: readonly [least: number, most: number];
  readonly rounds: readonly number[];
}

/** Of each row and figure what each round gave. A figure that a row does not have is left out, or empty. */
export type Said = Omit<Result, "rows" | "leftOut"> & {
  readonly rows: readonly { readonly name: string; readonly figures: Readonly<Record<string, readonly number[]>> }[];
  readonly leftOut?: readonly string[];
};

const PREFIX = "measured: ";
/** No measurement is finer. */
const DIGITS = 4;

/** A RangeError where there is nothing, or something that is no number. */
export function figureOf(values: readonly number[]): Figure {
  if (values.length === 0 || !values.every(Number.isFinite)) throw new RangeError(`"${values.join()}" is no figure`);
  const rounds = values.map(rounded);
  return { median: rounded(median(rounds)), spread: [Math.min(...rounds), Math.max(...rounds)], rounds };
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

/** Throws where a figure is none: what was not measured is not said. */
export function resultOf({ rows, leftOut = [], ...rest }: Said): Result {
  if (!/^[a-z0-9_-]+$/.test(rest.id)) throw new RangeError(`"${rest.id}" can't name a file`);
  return {
    ...rest,
    rows: rows.map(({ name, figures }) => {
      const measured = Object.entries(figures).filter(([, values]) => values.length > 0);
      return { name, figures: Object.fromEntries(measured.map(([of, values]) => [of, figureOf(values)])) };
    }),
    leftOut,
  };
}

export function sayResult(said: Said): void {
  process.stdout.write(`${PREFIX}${JSON.stringify(resultOf(said))}\n`);
}

/** Undefined for a line that says something else. */
export function readResult(line: string): Result | undefined {
  // Written by sayResult() of a program that this one has started.
  return line.startsWith(PREFIX) ? (JSON.parse(line.slice(PREFIX.length)) as Result) : undefined;
}

/** How many times a row's figure is another's: the median of the rounds' ratios, and where the rounds are not as many, the ratio of the medians. */
export function timesOf(mine: Figure, theirs: Figure): number {
  if (mine.rounds.length !== theirs.rounds.length) return mine.median / theirs.median;
  return median(mine.rounds.map((value, round) => value / (theirs.rounds[round] ?? Number.NaN)));
}
