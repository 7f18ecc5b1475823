// A result as a picture: a bar for each row, as long as its median, with its spread; the longest first. Or as the plot that it brings.

import { scaleLinear } from "d3-scale";
import { svgOf } from "../scripts/plot.ts";
import type { Result } from "./result.ts";

const WIDTH = 760;
const LEFT = 300;
const RIGHT = WIDTH - 70;
const TOP = 40;
const ROW = 26;
const TICKS = 6;
const [OURS, THEIRS, FLOOR] = ["#0072b2", "#b0b0b0", "#e5e5e5"];

/** Undefined where there is nothing to look at. The same result gives the same text. */
export function pictureOf({ title, rows, picture }: Result): string | undefined {
  if (picture === undefined) return undefined;
  return "plot" in picture ? svgOf(picture.plot) : barsOf(title, picture.bars, rows);
}

function barsOf(title: string, unit: string, all: Result["rows"]): string {
  const rows = all
    .flatMap(({ name, figures: { [unit]: figure } }) => (figure === undefined ? [] : [{ name, ...figure }]))
    .toSorted((a, b) => b.median - a.median);
  const bottom = TOP + rows.length * ROW;
  const x = scaleLinear()
    .domain([0, Math.max(1, ...rows.map(({ spread: [, most] }) => most))])
    .range([LEFT, RIGHT])
    .nice();
  const at = (value: number): number => Math.round(x(value) * 10) / 10;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 44}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${bottom + 44}" fill="#ffffff"/>`,
    `<text x="10" y="22" font-size="15">${title}</text>`,
    ...x
      .ticks(TICKS)
      .map(
        (tick) =>
          `<line x1="${at(tick)}" x2="${at(tick)}" y1="${TOP}" y2="${bottom}" stroke="#e8e8e8"/><text x="${at(tick)}" y="${bottom + 16}" text-anchor="middle">${labelOf(tick)}</text>`,
      ),
    ...rows.flatMap(({ name, median, spread }, index) => {
      const y = TOP + index * ROW;
      const half = y + ROW / 2;
      const [least, most] = [at(spread[0]), at(spread[1])];
      return [
        `<text x="${LEFT - 8}" y="${half + 4}" text-anchor="end">${name}</text>`,
        `<rect x="${LEFT}" y="${y + 5}" width="${Math.round((at(median) - LEFT) * 10) / 10}" height="${ROW - 10}" fill="${colourOf(name)}"/>`,
        `<line x1="${least}" x2="${most}" y1="${half}" y2="${half}" stroke="#000000"/>`,
        `<text x="${most + 6}" y="${half + 4}">${labelOf(median)}</text>`,
      ];
    }),
    `<text x="${(LEFT + RIGHT) / 2}" y="${bottom + 36}" text-anchor="middle">${unit}: median, and the spread of its rounds</text>`,
    "</svg>",
  ].join("\n")}\n`;
}

function labelOf(value: number): string {
  if (value >= 10_000) return `${Math.round(value / 100) / 10}k`;
  return String(value >= 100 ? Math.round(value) : Math.round(value * 100) / 100);
}

function colourOf(name: string): string {
  if (name.startsWith("floor")) return FLOOR;
  return name.startsWith("Hallpass") ? OURS : THEIRS;
}
