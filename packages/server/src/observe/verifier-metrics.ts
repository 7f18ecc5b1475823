// What verifiers report of themselves, by service and region. Each counts since it began; the differences are added here each second, so no
// ping costs anything for it. Services and regions are named by whoever runs verifiers: beyond a limit they are one.

import type { VerifierStats } from "@hallpass/protocol";
import { Counter, Gauge, type Registry } from "prom-client";
import { TalliedHistogram, type Tally } from "./tallied-histogram.ts";

export interface ReportingVerifier {
  readonly instance: string;
  readonly service: string;
  readonly region: string | null;
  /** Notices between what it acknowledged and the newest; absent or null where that is not known. */
  readonly lag?: number | null;
  readonly stats: VerifierStats;
}

const LABELS = ["service", "region"];
const MOST_SERIES = 100;
const MOST_INSTANCES = 20_000;

type Count = "accepted" | "rejected" | "unavailable" | "anonymous" | "late_accepts" | "introspections";
type Reported = Count | "introspections_failed" | "answers_remembered" | "verify_samples" | "verify_ms";

/** Registers the metrics. What a verifier counted before it was first seen here belongs to whoever saw it then. */
export function verifierMetrics(
  registry: Registry,
  reports: () => readonly ReportingVerifier[],
): {
  readonly update: () => void;
  readonly lag: (verifier: Pick<ReportingVerifier, "service" | "region">, ms: number) => void;
} {
  const registers = [registry];
  const known = new Map<string, VerifierStats>();
  const series = new Set<string>();
  const counter = (name: string, help: string, more: readonly string[] = []): Counter =>
    new Counter({ name: `hallpass_verifier_${name}`, help, labelNames: [...LABELS, ...more], registers });
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `hallpass_verifier_${name}`, help, labelNames: LABELS, registers });

  const verdicts = counter(
    "verdicts_total",
    "Verdicts that verifiers reported; anonymous: rejected without credentials.",
    ["verdict"],
  );
  const late = counter("late_accepts_total", "Tokens accepted between a revocation's commit and its arrival.");
  const asked = counter("introspections_total", "Questions of verifiers to the issuer.", ["outcome"]);
  const remembered = counter("answers_remembered_total", "Verdicts about session tokens without a question.");
  const samples = counter("verify_timed_total", "Verdicts that were timed, one in 64.");
  const seconds = counter("verify_seconds_total", "How long the timed verdicts took together.");
  const behind = gauge("behind_notices_max", "Notices that the verifier furthest behind has not acknowledged.");
  const skew = gauge("clock_skew_seconds_max", "How far the clock of a verifier is off at most, either way.");
  const counting = gauge("reporting", "Verifiers that reported lately.");
  const lags = new TalliedHistogram({
    name: "hallpass_verifier_revocation_lag_seconds",
    help: "From a revocation's commit until a verifier had acknowledged it.",
    labelNames: LABELS,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const tallies = new Map<string, Tally>();
  const gauges = [behind, skew, counting];

  function labelsOf({ service, region }: Pick<ReportingVerifier, "service" | "region">): {
    readonly service: string;
    readonly region: string;
  } {
    const labels = { service, region: region ?? "" };
    const name = JSON.stringify(labels);
    if (series.size >= MOST_SERIES && !series.has(name)) return { service: "other", region: "" };
    series.add(name);
    return labels;
  }

  function add(one: ReportingVerifier): void {
    const labels = labelsOf(one);
    const before = known.get(one.instance);
    if (known.size >= MOST_INSTANCES && before === undefined) known.clear();
    known.set(one.instance, one.stats);
    counting.inc(labels);
    if (before === undefined) return;
    // One that began anew counts from nothing.
    const since = (name: Reported): number => {
      const [now = 0, then = 0] = [one.stats[name], before[name]];
      return Math.max(0, now >= then ? now - then : now);
    };
    const anonymous = since("anonymous");
    verdicts.inc({ ...labels, verdict: "accepted" }, since("accepted"));
    verdicts.inc({ ...labels, verdict: "rejected" }, Math.max(0, since("rejected") - anonymous));
    verdicts.inc({ ...labels, verdict: "anonymous" }, anonymous);
    verdicts.inc({ ...labels, verdict: "unavailable" }, since("unavailable"));
    late.inc(labels, since("late_accepts"));
    const failed = since("introspections_failed");
    asked.inc({ ...labels, outcome: "answered" }, Math.max(0, since("introspections") - failed));
    asked.inc({ ...labels, outcome: "failed" }, failed);
    remembered.inc(labels, since("answers_remembered"));
    samples.inc(labels, since("verify_samples"));
    seconds.inc(labels, since("verify_ms") / 1000);
  }

  function highest(to: Gauge, all: readonly ReportingVerifier[], value: (one: ReportingVerifier) => number): void {
    const most = new Map<string, { readonly labels: ReturnType<typeof labelsOf>; value: number }>();
    for (const one of all) {
      const labels = labelsOf(one);
      const entry = most.get(JSON.stringify(labels)) ?? { labels, value: 0 };
      entry.value = Math.max(entry.value, value(one));
      most.set(JSON.stringify(labels), entry);
    }
    for (const { labels, value: found } of most.values()) to.set(labels, found);
  }

  function update(): void {
    const all = reports().filter(({ stats }) => stats.accepted !== undefined);
    for (const one of gauges) one.reset();
    for (const one of all) add(one);
    highest(behind, all, ({ lag }) => lag ?? 0);
    highest(skew, all, ({ stats }) => Math.abs(stats.clock_skew_ms ?? 0) / 1000);
  }
  function acknowledged(verifier: Pick<ReportingVerifier, "service" | "region">, ms: number): void {
    const labels = labelsOf(verifier);
    const name = JSON.stringify(labels);
    const tally = tallies.get(name) ?? lags.tally(labels);
    tallies.set(name, tally);
    tally.observe(ms / 1000);
  }
  return { update, lag: acknowledged };
}
