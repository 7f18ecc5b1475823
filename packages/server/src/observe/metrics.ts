// Every metric, by name: the page and docs/reference/metrics.md are printed from this registry. Labels are words of ours, so the number
// of series is known before anyone calls.

import type { RefreshOutcome } from "@hallpass/core";
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { TalliedHistogram } from "./tallied-histogram.ts";

/** What the gauges ask when the page is fetched. */
export interface Gauged {
  readonly connections: () => number;
  /** Milliseconds since each connected verifier's view was last confirmed, as it reported. */
  readonly viewAges: () => readonly number[];
}

export interface Metrics {
  readonly registry: Registry;
  readonly request: (method: string, route: string, status: number, ms: number) => void;
  readonly refreshed: (verdict: RefreshOutcome) => void;
  readonly issued: (by: "session" | "client_credentials") => void;
  readonly tokenSize: (bytes: number) => void;
  readonly fact: (kind: string) => void;
  readonly failed: (kind: string) => void;
  readonly store: (operation: "read" | "commit", ms: number) => void;
  readonly revocationLag: (ms: number) => void;
}

const FAST = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics(gauged: Gauged): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new TalliedHistogram({
    name: "hallpass_http_request_seconds",
    help: "How long requests took, by the endpoint's row.",
    labelNames: ["method", "route", "status"],
    buckets: FAST,
    registers,
  });
  const refreshes = counter("hallpass_refreshes_total", "Refreshes that reached a verdict.", "verdict");
  const issues = counter("hallpass_tokens_issued_total", "Access tokens issued other than by refresh.", "by");
  const facts = counter("hallpass_facts_total", "Facts that were committed, by kind.", "kind");
  const failures = counter("hallpass_failures_total", "Faults by code, and defects.", "kind");
  const sizes = new TalliedHistogram({
    name: "hallpass_access_token_bytes",
    help: "Sizes of issued access tokens.",
    buckets: [400, 500, 600, 700, 800, 1000, 1250, 1500, 1750, 2048],
    registers,
  });
  const store = new TalliedHistogram({
    name: "hallpass_store_seconds",
    help: "How long the store took, waiting for others included.",
    labelNames: ["operation"],
    buckets: [0.00005, 0.0001, 0.00025, ...FAST],
    registers,
  });
  const lag = new TalliedHistogram({
    name: "hallpass_revocation_lag_seconds",
    help: "From a revocation's commit until every connected verifier had acknowledged it.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  gauge("hallpass_feed_connections", "Verifiers that are connected to the feed of this node.", gauged.connections);
  gauge(
    "hallpass_verifier_view_age_seconds_max",
    "The oldest view that a connected verifier reported.",
    () => Math.max(0, ...gauged.viewAges()) / 1000,
  );

  function counter(name: string, help: string, label: string): Counter {
    return new Counter({ name, help, labelNames: [label], registers });
  }
  function gauge(name: string, help: string, value: () => number): void {
    const one: Gauge = new Gauge({ name, help, registers, collect: (): void => one.set(value()) });
  }

  const ofRequests = remembered((key) => {
    const [method = "", route = "", status = ""] = key.split(" ");
    return requests.tally({ method, route, status });
  });
  const ofRefreshes = remembered((verdict) => refreshes.labels(verdict));
  const ofIssues = remembered((by) => issues.labels(by));
  const ofFacts = remembered((kind) => facts.labels(kind));
  const ofFailures = remembered((kind) => failures.labels(kind));
  const reads = store.tally({ operation: "read" });
  const commits = store.tally({ operation: "commit" });
  const tokens = sizes.tally();
  const lags = lag.tally();
  return {
    registry,
    request: (method, route, status, ms) =>
      ofRequests(`${METHODS.has(method) ? method : "other"} ${route} ${status}`).observe(ms / 1000),
    refreshed: (verdict) => ofRefreshes(verdict).inc(),
    issued: (by) => ofIssues(by).inc(),
    tokenSize: (bytes) => tokens.observe(bytes),
    fact: (kind) => ofFacts(kind).inc(),
    failed: (kind) => ofFailures(kind).inc(),
    store: (operation, ms) => (operation === "read" ? reads : commits).observe(ms / 1000),
    revocationLag: (ms) => lags.observe(ms / 1000),
  };
}

/** A method is whatever a caller writes; these have a series of their own. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]);

/** Binds the labels of a series once. The keys are words of ours, so this can't grow. */
function remembered<T>(make: (key: string) => T): (key: string) => T {
  const bound = new Map<string, T>();
  return (key) => {
    const known = bound.get(key);
    if (known !== undefined) return known;
    const made = make(key);
    bound.set(key, made);
    return made;
  };
}
