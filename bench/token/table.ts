// What the passes of one operation add up to.

import { type Said, sayResult } from "../result.ts";

export interface Pass {
  readonly contender: string;
  readonly requests: number;
  readonly bad: number;
  readonly perCpuSecond: number;
  readonly perSecond: number;
  /** CPU of the database for each request, in microseconds; undefined for a server that keeps everything itself. */
  readonly databaseMicros: number | undefined;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly rss: number;
}

const OURS = "Hallpass";
const RATE = "per CPU-second of the server";

export function sayPasses(about: Pick<Said, "id" | "title" | "leftOut">, passes: readonly Pass[]): void {
  const rows = [...Map.groupBy(passes, ({ contender }) => contender)].map(([name, mine]) => ({
    name,
    figures: {
      [RATE]: mine.map(({ perCpuSecond }) => perCpuSecond),
      "database CPU µs each": mine.flatMap(({ databaseMicros }) => databaseMicros ?? []),
      "per second": mine.map(({ perSecond }) => perSecond),
      "p50 ms": mine.map(({ p50 }) => p50),
      "p99 ms": mine.map(({ p99 }) => p99),
      "p99.9 ms": mine.map(({ p999 }) => p999),
      "RSS MB": mine.map(({ rss }) => rss / 1e6),
    },
  }));
  const names = rows.map(({ name }) => name);
  const others = names.filter((name) => !name.startsWith(OURS));
  // Where nobody else is measured, the first of ours is what the others are compared with.
  const peers = others.length === 0 ? names.slice(0, 1) : others;
  sayResult({ ...about, of: "contender", rows, compared: { figure: RATE, with: peers }, picture: { bars: RATE } });
}
