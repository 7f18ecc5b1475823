// What was measured of a way, and what follows from it.

import { span } from "../print/times.ts";
import type { CompareSettings } from "./settings.ts";
import type { WayName } from "./ways.ts";

/** What one way did and used while the requests came at their rate. */
export interface Measured {
  readonly way: WayName;
  /** Milliseconds of each answer, from the moment at which its request was due. */
  readonly ms: readonly number[];
  /** Answered 200 or 401. */
  readonly answered: number;
  readonly failed: number;
  readonly unsent: number;
  /** Microseconds of CPU. */
  readonly issuerCpu: number;
  /** Microseconds of CPU. */
  readonly apiCpu: number;
  /** Requests to the issuer. */
  readonly calls: number;
  readonly wallMs: number;
  /** For each revoked token: milliseconds from the acknowledgement to the sending of the last request that was accepted; 0 without one. */
  readonly windows: readonly number[];
  /** Revoked tokens that were still accepted when nobody looked any longer. */
  readonly open: number;
}

export interface Figures {
  readonly way: WayName;
  readonly latency_p50_ms: number;
  readonly latency_p99_ms: number;
  /** Of one core. */
  readonly issuer_load_percent: number;
  /** Microseconds of a request, API and issuer together, above those of a request that nobody judges. */
  readonly cpu_per_request_us: number;
  readonly issuer_calls_per_million: number;
  readonly cost_per_million: number;
  /** Of 730 hours at the rate that was asked for. */
  readonly cost_per_month: number;
  readonly window_p50_ms: number | null;
  readonly window_p99_ms: number | null;
  readonly window_max_ms: number | null;
  readonly revoked: number;
  readonly still_open: number;
  readonly failed: number;
  readonly unsent: number;
}

const MONTH_SECONDS = 730 * 3600;

/** `nothing` is what the same requests cost when nobody judges them. */
export function figuresOf(
  one: Measured,
  nothing: Measured,
  { prices, requests }: Pick<CompareSettings, "prices" | "requests">,
): Figures {
  const perRequest = (of: Measured): number => (of.issuerCpu + of.apiCpu) / Math.max(1, of.answered);
  const cpu = Math.max(0, perRequest(one) - perRequest(nothing));
  const calls = one.calls / Math.max(1, one.answered);
  // A million requests of so many microseconds each are so many seconds.
  const cost = (cpu / 3600) * prices.coreHour + calls * prices.millionCalls;
  const hasWindows = one.windows.length > 0;
  return {
    way: one.way,
    latency_p50_ms: rounded(quantile(one.ms, 0.5)),
    latency_p99_ms: rounded(quantile(one.ms, 0.99)),
    issuer_load_percent: rounded(one.issuerCpu / 10 / one.wallMs),
    cpu_per_request_us: rounded(cpu),
    issuer_calls_per_million: Math.round(calls * 1e6),
    cost_per_million: rounded(cost),
    cost_per_month: rounded((cost * requests * MONTH_SECONDS) / 1e6),
    window_p50_ms: hasWindows ? rounded(quantile(one.windows, 0.5)) : null,
    window_p99_ms: hasWindows ? rounded(quantile(one.windows, 0.99)) : null,
    window_max_ms: hasWindows ? rounded(quantile(one.windows, 1)) : null,
    revoked: one.windows.length,
    still_open: one.open,
    failed: one.failed,
    unsent: one.unsent,
  };
}

/** The nearest rank; NaN for nothing measured. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** To three figures that matter. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** With three figures, or all of those before the point. */
export function shown(value: number): string {
  if (value === 0) return "0";
  return value < 100 ? value.toPrecision(3) : Math.round(value).toLocaleString("en");
}

export function windowWords(ms: number | null): string {
  if (ms === null) return "–";
  if (ms === 0) return "not at all";
  return ms < 1 ? "under 1 ms" : span(ms);
}
