// How fast a store grows, and when it will be as large as was planned: a line through what was seen in the last week. Nothing is looked at
// unless somebody fetches the page; a server that began less than an hour ago forecasts nothing.

import { Gauge, type Registry } from "prom-client";

export interface Grown {
  /** Bytes of the store on disk; null for a store without any. */
  readonly bytes: () => Promise<number | null>;
  /** Facts that this node has committed since it began. */
  readonly facts: () => Promise<number>;
  /** Bytes that were planned for; undefined when nobody said. */
  readonly planned: number | undefined;
  /** Milliseconds that only move forward. */
  readonly now: () => number;
}

interface Sample {
  readonly at: number;
  readonly bytes: number;
  readonly facts: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The newest sample is replaced until it is so much younger than the one before it. */
const APART = 10 * MINUTE;
const WINDOW = 7 * DAY;

export interface Forecast {
  readonly bytes: number;
  readonly bytesPerDay: number | null;
  readonly factsPerDay: number | null;
  /** 0 when it is as large already; null when it does not grow, nothing was planned, or it is too early to tell. */
  readonly daysLeft: number | null;
}

/** Answers null for a store without a size. Rejects with what the store says. */
export function createForecast(grown: Grown): () => Promise<Forecast | null> {
  let samples: readonly Sample[] = [];
  let looking: Promise<Sample | null> | undefined;

  async function looked(): Promise<Sample | null> {
    const now = grown.now();
    const last = samples.at(-1);
    if (last !== undefined && now - last.at < MINUTE) return last;
    const bytes = await grown.bytes();
    if (bytes === null) return null;
    const sample = { at: now, bytes, facts: await grown.facts() };
    const before = samples.at(-2);
    const older = before !== undefined && now - before.at < APART ? samples.slice(0, -1) : samples;
    samples = [...older.filter(({ at }) => now - at <= WINDOW), sample];
    return sample;
  }

  return async () => {
    looking ??= looked().finally(() => {
      looking = undefined;
    });
    const sample = await looking;
    if (sample === null) return null;
    const bytesPerDay = perDay(samples, ({ bytes }) => bytes);
    const left = grown.planned === undefined ? null : Math.max(0, grown.planned - sample.bytes);
    return {
      bytes: sample.bytes,
      bytesPerDay,
      factsPerDay: perDay(samples, ({ facts }) => facts),
      daysLeft: left === 0 ? 0 : left !== null && bytesPerDay !== null && bytesPerDay > 0 ? left / bytesPerDay : null,
    };
  };
}

/** The slope of the line with the least squares; null for less than an hour. */
function perDay(samples: readonly Sample[], of: (sample: Sample) => number): number | null {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.at - first.at < HOUR) return null;
  const mean = (value: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + value(sample), 0) / samples.length;
  const meanAt = mean(({ at }) => at);
  const meanOf = mean(of);
  const spread = mean(({ at }) => (at - meanAt) ** 2);
  return (mean((sample) => (sample.at - meanAt) * (of(sample) - meanOf)) / spread) * DAY;
}

/** All that were counted, of every kind. */
export async function factsIn(registry: Registry): Promise<number> {
  const counted = await registry.getSingleMetric("hallpass_facts_total")?.get();
  return counted?.values.reduce((sum, { value }) => sum + value, 0) ?? 0;
}

export function addGrowthMetrics(registry: Registry, forecast: () => Promise<Forecast | null>): void {
  const gauge = (name: string, help: string, of: (forecast: Forecast) => number | null): void => {
    const one: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect: async () => {
        // A store that can't be asked has no size on this page; that it can't be asked is told by other series.
        const found = await forecast().catch(() => null);
        const value = found === null ? null : of(found);
        one.remove();
        if (value !== null) one.set(value);
      },
    });
  };
  gauge(
    "hallpass_store_bytes",
    "Bytes of the store on disk, indexes and write-ahead log included.",
    ({ bytes }) => bytes,
  );
  gauge(
    "hallpass_store_growth_bytes_per_day",
    "How fast the store grew in the last week, or since this node began.",
    ({ bytesPerDay }) => bytesPerDay,
  );
  gauge(
    "hallpass_facts_per_day",
    "Facts that this node committed by day, in the last week or since it began.",
    ({ factsPerDay }) => factsPerDay,
  );
  gauge(
    "hallpass_store_days_left",
    "Days until the store is as large as HALLPASS_STORE_SIZE_PLANNED, if it goes on growing as it does.",
    ({ daysLeft }) => daysLeft,
  );
}
