// Draws a plot as SVG: lines or points over two axes, linear or logarithmic. The same plot gives the same text.

import { scaleLinear, scaleLog } from "d3-scale";

export interface Axis {
  readonly name: string;
  readonly scale?: "linear" | "log";
}

export interface Series {
  readonly name: string;
  /** Pairs of x and y; on a logarithmic axis above 0. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Points stand alone; otherwise a line joins them. */
  readonly scattered?: boolean;
}

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 70;
const RIGHT = WIDTH - 20;
const TOP = 40;
const BOTTOM = HEIGHT - 90;
const TICKS = 6;
/** Told apart with any kind of colour vision (Okabe and Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"];

/** Throws a RangeError where a point can't stand on its axis. */
export function svgOf(plot: Plot): string {
  const all = plot.series.flatMap(({ points }) => points);
  for (const [x, y] of all) {
    if (!stands(x, plot.x) || !stands(y, plot.y)) throw new RangeError(`"${plot.title}" has a point at ${x}, ${y}`);
  }
  const x = scaleOf(
    plot.x,
    all.map(([at]) => at),
    [LEFT, RIGHT],
  );
  const y = scaleOf(
    plot.y,
    all.map(([, at]) => at),
    [BOTTOM, TOP],
  );
  const colour = (n: number): string => COLOURS[n % COLOURS.length] ?? "#000000";
  const drawn = plot.series.map(({ points }, n) => {
    const at = points.map(([px, py]) => [fixed(x(px)), fixed(y(py))] as const);
    if (plot.scattered === true)
      return at.map(([px, py]) => `<circle cx="${px}" cy="${py}" r="2" fill="${colour(n)}"/>`).join("");
    const path = at.map(([px, py]) => `${px},${py}`).join(" ");
    return `<polyline points="${path}" fill="none" stroke="${colour(n)}" stroke-width="1.5"/>`;
  });
  const step = (RIGHT - LEFT) / Math.max(1, plot.series.length);
  const legend = plot.series.map(({ name }, n) => {
    const left = LEFT + n * step;
    return `<rect x="${fixed(left)}" y="${HEIGHT - 24}" width="10" height="10" fill="${colour(n)}"/>${text(left + 15, HEIGHT - 15, "start", name)}`;
  });
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${WIDTH / 2}" y="22" text-anchor="middle" font-size="15">${escaped(plot.title)}</text>`,
    ...x.ticks(TICKS).map((at) => {
      const px = fixed(x(at));
      return `<line x1="${px}" x2="${px}" y1="${TOP}" y2="${BOTTOM}" stroke="#e0e0e0"/>${text(x(at), BOTTOM + 18, "middle", labelOf(x, at))}`;
    }),
    ...y.ticks(TICKS).map((at) => {
      const py = fixed(y(at));
      return `<line x1="${LEFT}" x2="${RIGHT}" y1="${py}" y2="${py}" stroke="#e0e0e0"/>${text(LEFT - 8, y(at) + 4, "end", labelOf(y, at))}`;
    }),
    text((LEFT + RIGHT) / 2, BOTTOM + 40, "middle", plot.x.name),
    `<text transform="translate(16 ${(TOP + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escaped(plot.y.name)}</text>`,
    ...drawn,
    ...legend,
    "</svg>",
  ].join("\n")}\n`;
}

type Scale = ReturnType<typeof scaleLinear<number>> | ReturnType<typeof scaleLog<number>>;

function scaleOf({ scale = "linear" }: Axis, values: readonly number[], range: readonly [number, number]): Scale {
  const made = scale === "log" ? scaleLog() : scaleLinear();
  const least = scale === "log" ? Math.min(...values, Number.MAX_VALUE) : Math.min(0, ...values);
  const most = Math.max(...values, least);
  return made
    .domain(values.length === 0 ? [1, 10] : [least, most > least ? most : least + 1])
    .range(range)
    .nice();
}

/** A logarithmic axis has more ticks than room for their names: those that get none are empty. */
function labelOf(scale: Scale, at: number): string {
  return scale.tickFormat(TICKS)(at);
}

function stands(at: number, { scale }: Axis): boolean {
  return Number.isFinite(at) && (scale !== "log" || at > 0);
}

function text(x: number, y: number, anchor: "start" | "middle" | "end", words: string): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

function fixed(at: number): string {
  return String(Math.round(at * 10) / 10);
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
