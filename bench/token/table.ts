// What the passes add up to, as docs/performance.md shows it: medians, the spread, and how many times as fast as each peer.

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
    const peers = [...rows].filter(([name]) => !name.startsWith(OURS));
    const ratios = peers.map(([name]) => `× ${name.replace(/,.*$/, ")")}`);
    printRow([
      `${operation}: contender`,
      "per server-CPU-second: median (spread)",
      ...ratios,
      "database CPU µs each",
      "wall/s",
      "p50 ms",
      "p99 ms",
      "p99.9 ms",
      "RSS MB",
      "bad",
    ]);
    printRow(["---", ...Array.from({ length: ratios.length + 8 }, () => "---:")]);
    for (const [name, mine] of rows)
      printRow(
        cellsOf(
          name,
          mine,
          peers.map(([, theirs]) => rateOf(theirs)),
        ),
      );
    process.stdout.write("\n");
  }
}

function cellsOf(name: string, mine: readonly Pass[], peers: readonly number[]): readonly (string | number)[] {
  const rates = mine.map((pass) => pass.perCpuSecond);
  const micros = mine.flatMap(({ databaseMicros }) => databaseMicros ?? []);
  return [
    name,
    `${Math.round(rateOf(mine))} (${Math.round(Math.min(...rates))}–${Math.round(Math.max(...rates))})`,
    ...peers.map((peer) => (rateOf(mine) / peer).toFixed(2)),
    micros.length === 0 ? "–" : Math.round(median(micros)),
    Math.round(median(mine.map((pass) => pass.perSecond))),
    ...(["p50", "p99", "p999"] as const).map((key) => median(mine.map((pass) => pass[key])).toFixed(2)),
    Math.round(median(mine.map((pass) => pass.rss)) / 1e6),
    mine.reduce((sum, pass) => sum + pass.bad, 0),
  ];
}

/** Requests per CPU-second of the server, the median of the passes. */
export function rateOf(passes: readonly Pass[]): number {
  return median(passes.map((pass) => pass.perCpuSecond));
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}

function printRow(cells: readonly (string | number)[]): void {
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}
