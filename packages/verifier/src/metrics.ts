// What a verifier counts, as an object and as Prometheus text. Names are a contract with dashboards.

import type { VerifierStats } from "@hallpass/protocol";
import type { RejectionCode, UnavailableCode } from "./verdict.ts";

export interface Counters {
  accepted: number;
  acceptedStale: number;
  readonly rejected: Map<RejectionCode, number>;
  readonly unavailable: Map<UnavailableCode, number>;
  signatureChecks: number;
  introspections: number;
  /** Session tokens about which the issuer did not have to be asked. */
  answersRemembered: number;
  /** Tokens accepted between a revocation's commit and its arrival here. */
  lateAccepts: number;
  feedConnects: number;
  feedGaps: number;
  malformedFrames: number;
  bearerFailures: number;
  endedFailures: number;
  /** Verdicts that were timed, and the milliseconds of all of them. */
  verifySamples: number;
  verifyMs: number;
}

export interface Metrics {
  readonly accepted: number;
  readonly acceptedStale: number;
  readonly rejected: Readonly<Partial<Record<RejectionCode, number>>>;
  readonly unavailable: Readonly<Partial<Record<UnavailableCode, number>>>;
  readonly signatureChecks: number;
  readonly introspections: number;
  readonly answersRemembered: number;
  readonly lateAccepts: number;
  readonly feedConnects: number;
  readonly feedGaps: number;
  readonly malformedFrames: number;
  readonly bearerFailures: number;
  /** Callbacks of `onEnded` that threw, or rejected: what they should have closed may be open. */
  readonly endedFailures: number;
  readonly verifySamples: number;
  readonly verifyMs: number;
  readonly trackedNotices: number;
  readonly tableBytes: number;
  readonly rememberedTokens: number;
  /** Infinity without a lease. */
  readonly viewAgeMs: number;
  /** What the server's clock is ahead of ours. */
  readonly clockSkewMs: number;
}

export type Gauges = Pick<Metrics, "trackedNotices" | "tableBytes" | "rememberedTokens" | "viewAgeMs" | "clockSkewMs">;

export function newCounters(): Counters {
  return {
    accepted: 0,
    acceptedStale: 0,
    rejected: new Map(),
    unavailable: new Map(),
    signatureChecks: 0,
    introspections: 0,
    answersRemembered: 0,
    lateAccepts: 0,
    feedConnects: 0,
    feedGaps: 0,
    malformedFrames: 0,
    bearerFailures: 0,
    endedFailures: 0,
    verifySamples: 0,
    verifyMs: 0,
  };
}

export function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sumOf(counts: ReadonlyMap<unknown, number>): number {
  let sum = 0;
  for (const value of counts.values()) sum += value;
  return sum;
}

export function metricsOf(counters: Counters, gauges: Gauges): Metrics {
  return {
    ...counters,
    rejected: Object.fromEntries(counters.rejected),
    unavailable: Object.fromEntries(counters.unavailable),
    ...gauges,
  };
}

/** The text format of Prometheus, version 0.0.4. */
export function prometheusText(metrics: Metrics): string {
  const verdicts: [labels: string, value: number][] = [
    ['verdict="accepted",code=""', metrics.accepted],
    ...labelled("rejected", metrics.rejected),
    ...labelled("unavailable", metrics.unavailable),
  ];
  return [
    family("verdicts_total", "counter", "Verdicts by kind and code.", verdicts),
    family("accepted_stale_total", "counter", "Accepted although the view was too old.", metrics.acceptedStale),
    family("signature_checks_total", "counter", "Tokens whose signature was computed.", metrics.signatureChecks),
    family("introspections_total", "counter", "Tokens asked about at the issuer.", metrics.introspections),
    family("introspection_hits_total", "counter", "Session tokens judged without asking.", metrics.answersRemembered),
    family("late_accepts_total", "counter", "Tokens accepted between revocation and arrival.", metrics.lateAccepts),
    family("feed_connects_total", "counter", "Connections opened to the feed.", metrics.feedConnects),
    family("feed_gaps_total", "counter", "Frames that did not follow what was applied.", metrics.feedGaps),
    family("feed_malformed_frames_total", "counter", "Frames that could not be read.", metrics.malformedFrames),
    family("feed_bearer_failures_total", "counter", "Failed requests for a feed bearer.", metrics.bearerFailures),
    family("ended_failures_total", "counter", "Callbacks of onEnded that threw.", metrics.endedFailures),
    family("verify_seconds_total", "counter", "How long the timed verdicts took together.", metrics.verifyMs / 1000),
    family("verify_timed_total", "counter", "Verdicts that were timed, one in 64.", metrics.verifySamples),
    family("tracked_notices", "gauge", "Live notices in the view.", metrics.trackedNotices),
    family("notice_table_bytes", "gauge", "Bytes of the packed notices.", metrics.tableBytes),
    family(
      "remembered_tokens",
      "gauge",
      "Tokens whose signature, or what the issuer said of them, is remembered.",
      metrics.rememberedTokens,
    ),
    family("view_age_seconds", "gauge", "Age of the view; +Inf without a lease.", metrics.viewAgeMs / 1000),
    family("clock_skew_seconds", "gauge", "What the issuer's clock is ahead.", metrics.clockSkewMs / 1000),
  ].join("");
}

function labelled(kind: string, counts: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(counts).map(([code, value]) => [`verdict="${kind}",code="${code}"`, value]);
}

function family(name: string, type: string, help: string, values: number | readonly [string, number][]): string {
  const full = `hallpass_verifier_${name}`;
  const lines =
    typeof values === "number"
      ? [`${full} ${number(values)}`]
      : values.map(([labels, value]) => `${full}{${labels}} ${number(value)}`);
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join("\n")}\n`;
}

function number(value: number): string {
  return value === Number.POSITIVE_INFINITY ? "+Inf" : String(value);
}

/** What a ping tells the server (spec/feed.md): counted since this verifier began. */
export function reportOf(
  counters: Counters,
  { trackedNotices: tracked, viewAgeMs, clockSkewMs }: Gauges,
): VerifierStats {
  const { rejected, unavailable } = counters;
  return {
    tracked,
    late_accepts: counters.lateAccepts,
    clock_skew_ms: Math.round(clockSkewMs),
    accepted: counters.accepted,
    rejected: sumOf(rejected),
    unavailable: sumOf(unavailable),
    anonymous: rejected.get("no_credentials") ?? 0,
    introspections: counters.introspections,
    introspections_failed: unavailable.get("introspection_failed") ?? 0,
    answers_remembered: counters.answersRemembered,
    verify_samples: counters.verifySamples,
    verify_ms: counters.verifyMs,
    ...(Number.isFinite(viewAgeMs) ? { view_age_ms: Math.round(viewAgeMs) } : {}),
  };
}
