// What the passes add up to, as docs/performance.md shows it: medians, the spread, and how many times as fast as each peer.

import { type Cell, median, printTable, spread } from "../measured.ts";

export interface Pass {
  readonly contender: string;
  readonly operation: string;
  readonly requests: number;
  readonly bad: number;
  readonly perCpuSecond: number;
  readonly perSecond: number;
  /** CPU of the database for each request, in microseconds; null for a server that keeps everything itself. */
  readonly databaseMicros: number | null;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly rss: number;
}

const OURS = "Hallpass";

export function printPasses(passes: readonly Pass[]): void {
  for (const operation of new Set(passes.map((pass) => pass.operation))) {
    const rows = Map.groupBy(
      passes.filter((pass) => pass.operation === operation),
      (pass) => pass.contender,
    );
    const others = [...rows].filter(([name]) => !name.startsWith(OURS));
    // Where nobody else is measured, the first of ours is what the others are compared with.
    const peers = others.length === 0 ? [...rows].slice(0, 1) : others;
    const peerRates = peers.map(([, theirs]) => rateOf(theirs));
    const head = [
      `${operation}: contender`,
      "per server-CPU-second: median (spread)",
      ...peers.map(([name]) => `× ${withoutDetails(name)}`),
      "database CPU µs each",
      "wall/s",
      "p50 ms",
      "p99 ms",
      "p99.9 ms",
      "RSS MB",
      "bad",
    ];
    printTable(
      head,
      [...rows].map(([name, mine]) => cellsOf(name, mine, peerRates)),
    );
  }
}

/** As a heading: up to the first comma, with the bracket that it leaves open. */
function withoutDetails(name: string): string {
  const [start = ""] = name.split(",");
  return start.includes("(") && !start.includes(")") ? `${start})` : start;
}

function cellsOf(name: string, mine: readonly Pass[], peers: readonly number[]): readonly Cell[] {
  const micros = mine.flatMap(({ databaseMicros }) => databaseMicros ?? []);
  return [
    name,
    spread(mine.map((pass) => pass.perCpuSecond)),
    ...peers.map((peer) => (rateOf(mine) / peer).toFixed(2)),
    micros.length === 0 ? "–" : Math.round(median(micros)),
    Math.round(median(mine.map((pass) => pass.perSecond))),
    ...(["p50", "p99", "p999"] as const).map((key) => median(mine.map((pass) => pass[key])).toFixed(2)),
    Math.round(median(mine.map((pass) => pass.rss)) / 1e6),
    mine.reduce((sum, pass) => sum + pass.bad, 0),
  ];
}

/** Requests per CPU-second of the server, the median of the passes. */
function rateOf(passes: readonly Pass[]): number {
  return median(passes.map((pass) => pass.perCpuSecond));
}
