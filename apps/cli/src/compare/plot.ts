// The picture of a comparison: of all revoked tokens, the share that was still accepted so long after the revocation was acknowledged.

import { scaleLinear, scaleSymlog } from "d3-scale";
import { curveStepAfter, line } from "d3-shape";
import { span } from "../print/times.ts";
import type { Measured } from "./figures.ts";
import { WAY_WORDS, type WayName } from "./ways.ts";

const [WIDTH, HEIGHT] = [760, 380];
const EDGE = { left: 56, right: 20, top: 48, bottom: 52 } as const;
const COLOURS: Readonly<Record<WayName, string>> = {
  nothing: "#777777",
  introspection: "#0072b2",
  cache: "#d55e00",
  feed: "#009e73",
};
const TICKS_MS = [0, 1, 10, 100, 1000, 10_000, 60_000];
const DASHES: Readonly<Record<WayName, string>> = { nothing: "1 3", introspection: "6 3", cache: "none", feed: "2 2" };

export function plotOf(ways: readonly Measured[]): string {
  const shown = ways.filter(({ windows }) => windows.length > 0);
  const longest = Math.max(10, ...shown.flatMap(({ windows }) => windows));
  // Logarithmic, with a zero: most windows of two of the ways are.
  const x = scaleSymlog()
    .constant(1)
    .domain([0, longest])
    .range([EDGE.left, WIDTH - EDGE.right]);
  const y = scaleLinear()
    .domain([0, 1])
    .range([HEIGHT - EDGE.bottom, EDGE.top]);
  const curve = line<readonly [number, number]>(
    ([ms]) => x(ms),
    ([, share]) => y(share),
  ).curve(curveStepAfter);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(EDGE.left, 18, "start", "Revoked tokens that were still accepted", 'font-size="14"'),
    ...TICKS_MS.filter((ms) => ms <= longest).flatMap((ms) => [
      rule(x(ms), EDGE.top, x(ms), HEIGHT - EDGE.bottom),
      text(x(ms), HEIGHT - EDGE.bottom + 18, "middle", ms === 0 ? "0" : span(ms)),
    ]),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
      rule(EDGE.left, y(share), WIDTH - EDGE.right, y(share)),
      text(EDGE.left - 8, y(share) + 4, "end", `${share * 100} %`),
    ]),
    text((EDGE.left + WIDTH - EDGE.right) / 2, HEIGHT - 10, "middle", "after the revocation was acknowledged"),
    ...shown.flatMap(({ way, windows }, index) => [
      `<path d="${curve(surviving(windows)) ?? ""}" fill="none" stroke="${COLOURS[way]}" stroke-width="2" stroke-dasharray="${DASHES[way]}"/>`,
      text(EDGE.left + 240 * index, 38, "start", `${WAY_WORDS[way]} (${windows.length})`, `fill="${COLOURS[way]}"`),
    ]),
    "</svg>\n",
  ].join("\n");
}

/** From all at 0 down to none at the longest window. */
export function surviving(windows: readonly number[]): readonly (readonly [ms: number, share: number])[] {
  const sorted = windows.toSorted((a, b) => a - b);
  return [[0, 1], ...sorted.map((ms, index) => [ms, (sorted.length - index - 1) / sorted.length] as const)];
}

function rule(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#dddddd"/>`;
}

function text(x: number, y: number, anchor: "start" | "middle" | "end", words: string, more = ""): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" ${more}>${words}</text>`;
}
