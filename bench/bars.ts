// Contenders as a picture: a bar for each, as long as its median, with its spread; the longest first.

import { scaleLinear } from "d3-scale";
import { median } from "./measured.ts";

export interface Bar {
  readonly name: string;
  readonly values: readonly number[];
}

const WIDTH = 760;
const LEFT = 300;
const RIGHT = WIDTH - 70;
const TOP = 40;
const ROW = 26;
const TICKS = 6;
const [OURS, THEIRS, FLOOR] = ["#0072b2", "#b0b0b0", "#e5e5e5"];

/** `unit` is what the values are. The same values give the same text. */
export function barsOf(title: string, unit: string, bars: readonly Bar[]): string {
  const rows = bars
    .map(({ name, values }) => ({ name, middle: median(values), values }))
    .toSorted((a, b) => b.middle - a.middle);
  const bottom = TOP + rows.length * ROW;
  const x = scaleLinear()
    .domain([0, Math.max(1, ...rows.flatMap(({ values }) => values))])
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
    ...rows.flatMap(({ name, middle, values }, index) => {
      const y = TOP + index * ROW;
      const half = y + ROW / 2;
      const [least, most] = [at(Math.min(...values)), at(Math.max(...values))];
      return [
        `<text x="${LEFT - 8}" y="${half + 4}" text-anchor="end">${name}</text>`,
        `<rect x="${LEFT}" y="${y + 5}" width="${Math.round((at(middle) - LEFT) * 10) / 10}" height="${ROW - 10}" fill="${colourOf(name)}"/>`,
        `<line x1="${least}" x2="${most}" y1="${half}" y2="${half}" stroke="#000000"/>`,
        `<text x="${most + 6}" y="${half + 4}">${labelOf(middle)}</text>`,
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
