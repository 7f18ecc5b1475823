// The passes of one operation as a picture: a bar for each contender, as long as its median, with its spread; the fastest of ours and of
// the others stand out by their order alone.

import { scaleLinear } from "d3-scale";
import { type Pass, rateOf } from "./table.ts";

const WIDTH = 760;
const LEFT = 300;
const RIGHT = WIDTH - 70;
const TOP = 40;
const ROW = 26;
const TICKS = 6;
const [OURS, THEIRS, FLOOR] = ["#0072b2", "#b0b0b0", "#e5e5e5"];

/** Of one operation. The same passes give the same text. */
export function barsOf(operation: string, passes: readonly Pass[]): string {
  const rows = [...Map.groupBy(passes, ({ contender }) => contender)]
    .map(([name, mine]) => ({ name, median: rateOf(mine), rates: mine.map(({ perCpuSecond }) => perCpuSecond) }))
    .toSorted((a, b) => b.median - a.median);
  const bottom = TOP + rows.length * ROW;
  const x = scaleLinear()
    .domain([0, Math.max(1, ...rows.flatMap(({ rates }) => rates))])
    .range([LEFT, RIGHT])
    .nice();
  const at = (value: number): number => Math.round(x(value) * 10) / 10;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 44}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${bottom + 44}" fill="#ffffff"/>`,
    `<text x="10" y="22" font-size="15">${operation}</text>`,
    ...x
      .ticks(TICKS)
      .map(
        (tick) =>
          `<line x1="${at(tick)}" x2="${at(tick)}" y1="${TOP}" y2="${bottom}" stroke="#e8e8e8"/><text x="${at(tick)}" y="${bottom + 16}" text-anchor="middle">${tick / 1000}k</text>`,
      ),
    ...rows.flatMap(({ name, median, rates }, index) => {
      const y = TOP + index * ROW;
      const middle = y + ROW / 2;
      const [least, most] = [at(Math.min(...rates)), at(Math.max(...rates))];
      return [
        `<text x="${LEFT - 8}" y="${middle + 4}" text-anchor="end">${name}</text>`,
        `<rect x="${LEFT}" y="${y + 5}" width="${Math.round((at(median) - LEFT) * 10) / 10}" height="${ROW - 10}" fill="${colourOf(name)}"/>`,
        `<line x1="${least}" x2="${most}" y1="${middle}" y2="${middle}" stroke="#000000"/>`,
        `<text x="${most + 6}" y="${middle + 4}">${Math.round(median)}</text>`,
      ];
    }),
    `<text x="${(LEFT + RIGHT) / 2}" y="${bottom + 36}" text-anchor="middle">requests per CPU-second of the server: median, and the spread of its rounds</text>`,
    "</svg>",
  ].join("\n")}\n`;
}

function colourOf(name: string): string {
  if (name.startsWith("floor")) return FLOOR;
  return name.startsWith("Hallpass") ? OURS : THEIRS;
}
