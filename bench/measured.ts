// What every measurement shares: medians and spread, a table as docs/performance.md shows it, and pictures.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type Cell = string | number;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}

/** Of `share`, from 0 to 1: 0.99 is p99. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** The median, and from the least to the most. */
export function spread(values: readonly number[], digits = 0): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}

/** In Markdown: what a row is about stands left, figures right. */
export function printTable(head: readonly Cell[], rows: readonly (readonly Cell[])[]): void {
  printRow(head);
  printRow(head.map((_, index) => (index === 0 ? "---" : "---:")));
  for (const row of rows) printRow(row);
  process.stdout.write("\n");
}

function printRow(cells: readonly Cell[]): void {
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}

/** Nothing where no pictures are asked for. */
export function draw(directory: string | undefined, name: string, svg: string): void {
  if (directory === undefined) return;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${name}.svg`), svg);
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
