// The picture of a comparison: of all revoked tokens, the share that was still accepted so long after the revocation was acknowledged, and
// above it what each way costs.

import { scaleLinear, scaleSymlog } from "d3-scale";
import { curveStepAfter, line } from "d3-shape";
import { type Figures, type Measured, shown, windowWords } from "./figures.ts";
import { WAY_WORDS, type WayName } from "./ways.ts";

const [WIDTH, HEIGHT] = [760, 460];
const EDGE = { left: 56, right: 24, top: 128, bottom: 52 } as const;
/** Where the name of a way begins, and where its numbers end. */
const KEY = { name: 92, numbers: [425, 490, 580, 736], first: 48, apart: 20 } as const;
const KEY_HEAD = ["a request, P99", "CPU", "cost a month", "still accepted, longest"] as const;
const COLOURS: Readonly<Record<WayName, string>> = {
  nothing: "#777777",
  introspection: "#0072b2",
  cache: "#d55e00",
  feed: "#009e73",
};
const GREY = 'fill="#555555"';
const TICKS_MS = [0, 1, 10, 100, 1000, 10_000, 60_000];
const DASHES: Readonly<Record<WayName, string>> = { nothing: "1 3", introspection: "6 3", cache: "none", feed: "2 2" };

export function plotOf(ways: readonly Measured[], figures: readonly Figures[]): string {
  const drawn = ways.filter(({ windows }) => windows.length > 0);
  const longest = Math.max(10, ...drawn.flatMap(({ windows }) => windows));
  const end = TICKS_MS.find((ms) => ms >= longest) ?? longest;
  // Logarithmic, with a zero: most windows of two of the ways are.
  const x = scaleSymlog()
    .constant(1)
    .domain([0, end])
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
    text(EDGE.left, 20, "start", "Revoked tokens that were still accepted", 'font-size="14"'),
    ...KEY_HEAD.map((name, column) => text(KEY.numbers[column] ?? 0, KEY.first - 8, "end", name, GREY)),
    ...TICKS_MS.filter((ms) => ms <= end).flatMap((ms) => [
      rule(x(ms), EDGE.top, x(ms), HEIGHT - EDGE.bottom),
      text(x(ms), HEIGHT - EDGE.bottom + 18, "middle", tick(ms)),
    ]),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
      rule(EDGE.left, y(share), WIDTH - EDGE.right, y(share)),
      text(EDGE.left - 8, y(share) + 4, "end", `${share * 100} %`),
    ]),
    text((EDGE.left + WIDTH - EDGE.right) / 2, HEIGHT - 10, "middle", "after the revocation was acknowledged"),
    ...drawn.flatMap(({ way, windows }, index) => [
      `<path d="${curve(surviving(windows)) ?? ""}" ${strokeOf(way)}/>`,
      ...keyOf(way, windows.length, KEY.first + KEY.apart * (index + 0.5), figures),
    ]),
    "</svg>\n",
  ].join("\n");
}

/** From all at 0 down to none at the longest window. */
export function surviving(windows: readonly number[]): readonly (readonly [ms: number, share: number])[] {
  const sorted = windows.toSorted((a, b) => a - b);
  return [[0, 1], ...sorted.map((ms, index) => [ms, (sorted.length - index - 1) / sorted.length] as const)];
}

/** A way's line, its name, and what it costs. */
function keyOf(way: WayName, revoked: number, y: number, figures: readonly Figures[]): readonly string[] {
  const own = figures.find((one) => one.way === way);
  const numbers =
    own === undefined
      ? []
      : [
          `${shown(own.latency_p99_ms)} ms`,
          `+${shown(own.cpu_per_request_us)} µs`,
          shown(own.cost_per_month),
          windowWords(own.window_max_ms),
        ];
  return [
    `<path d="M${EDGE.left},${y - 4}H${KEY.name - 8}" ${strokeOf(way)}/>`,
    text(KEY.name, y, "start", `${WAY_WORDS[way]} (${revoked} revoked)`, `fill="${COLOURS[way]}"`),
    ...numbers.map((number, column) => text(KEY.numbers[column] ?? 0, y, "end", number)),
  ];
}

function strokeOf(way: WayName): string {
  return `fill="none" stroke="${COLOURS[way]}" stroke-width="2" stroke-dasharray="${DASHES[way]}"`;
}

function tick(ms: number): string {
  if (ms === 0) return "0";
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}

function rule(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#dddddd"/>`;
}

function text(x: number, y: number, anchor: "start" | "middle" | "end", words: string, more = ""): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" ${more}>${words}</text>`;
}
