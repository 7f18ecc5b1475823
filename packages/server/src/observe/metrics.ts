// Every metric, by name: the page and docs/reference/metrics.md are printed from this registry. Labels are words of ours, so the number
// of series is known before anyone calls.

import type { RefreshOutcome } from "@hallpass/core";
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Replayed, SignInStage, Untimely } from "./observer.ts";
import { talliedCounter } from "./tallied-counter.ts";
import { TalliedHistogram } from "./tallied-histogram.ts";
import { type ReportingVerifier, verifierMetrics } from "./verifier-metrics.ts";

/** What the gauges ask when the page is fetched. */
export interface Gauged {
  readonly connections: () => number;
  /** Whether this node leads, and the term that it knows of. */
  readonly leadership: () => { readonly leads: boolean; readonly term: number };
  /** What verifiers reported last, connected ones and those that pull. */
  readonly reports: () => readonly ReportingVerifier[];
  /** Sessions that live, as far as the facts were read; null before they were. */
  readonly liveSessions: () => Promise<number | null>;
  readonly readers: () => Promise<readonly GaugedReader[]>;
  /** What this server is: labels of one series that others are joined with. */
  readonly about: Readonly<Record<string, string>>;
  /** Clients that are refused tokens or sessions, because they asked for too many. */
  readonly churning: () => number;
  /** Rows that the sweep goes past. */
  readonly unreadableRows: () => number;
  /** Bytes of the store's write-ahead log; null for a store without one. */
  readonly walBytes: () => number | null;
}

export interface GaugedReader {
  readonly name: string;
  readonly failures: number;
  readonly laidAside: number;
}

export interface Metrics {
  readonly registry: Registry;
  readonly request: (method: string, route: string, status: number, ms: number) => void;
  readonly refreshed: (verdict: RefreshOutcome) => void;
  readonly issued: (by: "session" | "client_credentials") => void;
  readonly tokenSize: (bytes: number) => void;
  readonly introspected: (isActive: boolean) => void;
  readonly fact: (kind: string) => void;
  /** Of the store's head, whenever it is another one than before. */
  readonly epoch: (epoch: number) => void;
  readonly failed: (kind: string) => void;
  readonly store: (operation: "read" | "commit", ms: number) => void;
  readonly storeFailed: (operation: "read" | "commit", outcome: "failed" | "unknown") => void;
  readonly revocationLag: (ms: number) => void;
  /** From a revocation's commit until one verifier had acknowledged it. */
  readonly verifierLag: (verifier: Pick<ReportingVerifier, "service" | "region">, ms: number) => void;
  readonly refused: (code: string) => void;
  readonly sessionEnded: (reason: string, ms: number) => void;
  readonly signIns: (stage: SignInStage, count: number) => void;
  readonly replayed: (what: Replayed) => void;
  readonly clientBehind: (ms: number) => void;
  readonly assertionUntimely: (why: Untimely) => void;
  readonly snapshotBuilt: () => void;
  /** Adds what verifiers reported since the last call. */
  readonly readReports: () => void;
}

const FAST = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Nobody verifies, nothing is stored: for the printed reference, and for tests. */
export const NOTHING_GAUGED: Gauged = {
  connections: () => 0,
  leadership: () => ({ leads: false, term: 0 }),
  reports: () => [],
  liveSessions: async () => null,
  readers: async () => [],
  churning: () => 0,
  unreadableRows: () => 0,
  walBytes: () => null,
  about: {},
};

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
  const refreshes = talliedCounter({
    name: "hallpass_refreshes_total",
    help: "Refreshes that reached a verdict.",
    labelNames: ["verdict"],
    registers,
  });
  const issues = counter("hallpass_tokens_issued_total", "Access tokens issued other than by refresh.", "by");
  const introspections = talliedCounter({
    name: "hallpass_introspections_total",
    help: "Tokens that somebody asked about, by whether they were active.",
    labelNames: ["active"],
    registers,
  });
  const facts = talliedCounter({
    name: "hallpass_facts_total",
    help: "Facts that were committed, by kind.",
    labelNames: ["kind"],
    registers,
  });
  const epochs = new Gauge({
    name: "hallpass_history_epoch",
    help: "The epoch of the history, as this node last read it: one more whenever a part of it was or may have been lost.",
    registers,
  });
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
  gauge("hallpass_leader", "1 while this node leads: it rotates keys, sweeps and reads the facts.", () =>
    gauged.leadership().leads ? 1 : 0,
  );
  gauge(
    "hallpass_leader_term",
    "How often the leader has changed, as far as this node knows; 0 with a store for one node.",
    () => gauged.leadership().term,
  );
  gauge(
    "hallpass_clients_churning",
    "Clients that ask this node for more tokens or sessions than they may, and are refused some.",
    gauged.churning,
  );
  gauge(
    "hallpass_rows_unreadable",
    "Rows that the sweep of this node could not read, and goes past.",
    gauged.unreadableRows,
  );
  gauge(
    "hallpass_verifier_view_age_seconds_max",
    "The oldest view that a connected verifier reported.",
    () => Math.max(0, ...gauged.reports().map(({ stats }) => stats.view_age_ms ?? 0)) / 1000,
  );

  function counter(name: string, help: string, label: string): Counter {
    return new Counter({ name, help, labelNames: [label], registers });
  }
  function gauge(name: string, help: string, value: () => number): void {
    const one: Gauge = new Gauge({ name, help, registers, collect: (): void => one.set(value()) });
  }

  const refusals = counter("hallpass_refusals_total", "Requests that were refused, by code.", "code");
  const signIns = counter("hallpass_sign_ins_total", "Sign-ins, as apps report them.", "stage");
  const replays = counter("hallpass_replays_total", "What was shown again although it is good once.", "of");
  for (const what of ["client_assertion", "refresh_token"] as const) replays.labels(what).inc(0);
  const untimely = counter(
    "hallpass_client_assertions_untimely_total",
    "Assertions of clients that had expired, were early by our clock, or would be good for too long.",
    "why",
  );
  for (const why of ["expired", "early", "too_long"] as const) untimely.labels(why).inc(0);
  const behind = new TalliedHistogram({
    name: "hallpass_client_clock_behind_seconds",
    help: "What the clocks of clients are behind ours, by the iat of assertions they signed; negative is ahead, and one made beforehand looks behind.",
    buckets: [-5, -2, -1, -0.5, 0, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
    registers,
  }).tally();
  const snapshots = new Counter({
    name: "hallpass_feed_snapshots_built_total",
    help: "Snapshots that were built: one for all verifiers that need one at the same place.",
    registers,
  });
  const storeFailures = new Counter({
    name: "hallpass_store_failures_total",
    help: "Reads and changes that the store could not do, or of which it could not tell.",
    labelNames: ["operation", "outcome"],
    registers,
  });
  const durations = new TalliedHistogram({
    name: "hallpass_session_seconds",
    help: "How long sessions lived, by the reason of their end.",
    labelNames: ["reason"],
    buckets: [60, 600, 3600, 14_400, 43_200, 86_400, 604_800, 1_209_600, 2_592_000, 7_776_000],
    registers,
  });
  new Gauge({
    name: "hallpass_info",
    help: "Always 1; its labels say which issuer, region and store this is.",
    labelNames: ["issuer", "region", "store"],
    registers,
  }).set(gauged.about, 1);
  const verifiers = verifierMetrics(registry, gauged.reports);
  registerStored(registers, gauged);

  // A word for each, and no text made of them: this is on the path of every request.
  const ofRequests = remembered((route) =>
    remembered((method) => remembered((status: number) => requests.tally({ method, route, status: String(status) }))),
  );
  const ofRefreshes = remembered((verdict) => refreshes({ verdict }));
  const ofIssues = remembered((by) => issues.labels(by));
  const ofFacts = remembered((kind) => facts({ kind }));
  const ofFailures = remembered((kind) => failures.labels(kind));
  const ofRefusals = remembered((code) => refusals.labels(code));
  const ofDurations = remembered((reason) => durations.tally({ reason }));
  const [active, inactive] = [introspections({ active: "true" }), introspections({ active: "false" })];
  const reads = store.tally({ operation: "read" });
  const commits = store.tally({ operation: "commit" });
  const tokens = sizes.tally();
  const lags = lag.tally();
  return {
    registry,
    request: (method, route, status, ms) =>
      ofRequests(route)(METHODS.has(method) ? method : "other")(status).observe(ms / 1000),
    refreshed: (verdict) => ofRefreshes(verdict).inc(),
    issued: (by) => ofIssues(by).inc(),
    tokenSize: (bytes) => tokens.observe(bytes),
    introspected: (isActive) => (isActive ? active : inactive).inc(),
    fact: (kind) => ofFacts(kind).inc(),
    epoch: (epoch) => epochs.set(epoch),
    failed: (kind) => ofFailures(kind).inc(),
    store: (operation, ms) => (operation === "read" ? reads : commits).observe(ms / 1000),
    storeFailed: (operation, outcome) => storeFailures.labels(operation, outcome).inc(),
    revocationLag: (ms) => lags.observe(ms / 1000),
    verifierLag: verifiers.lag,
    refused: (code) => ofRefusals(code).inc(),
    sessionEnded: (reason, ms) => ofDurations(reason).observe(Math.max(0, ms) / 1000),
    snapshotBuilt: () => snapshots.inc(),
    signIns: (stage, count) => signIns.labels(stage).inc(count),
    replayed: (what) => replays.labels(what).inc(),
    clientBehind: (ms) => behind.observe(ms / 1000),
    assertionUntimely: (why) => untimely.labels(why).inc(),
    readReports: verifiers.update,
  };
}

/** Gauges of what is in the store; one that can't be read now is absent, and the page is answered all the same. */
function registerStored(registers: Registry[], { liveSessions, readers, walBytes }: Gauged): void {
  const asked = (name: string, help: string, labelNames: string[], ask: (gauge: Gauge) => Promise<void>): Gauge => {
    const one: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect: async () => {
        one.reset();
        await ask(one).catch(() => one.remove());
      },
    });
    return one;
  };
  asked(
    "hallpass_sessions_live",
    "Sessions that were opened and have not ended, as far as facts were read.",
    [],
    async (one) => {
      const count = await liveSessions();
      if (count === null) one.remove();
      else one.set(count);
    },
  );
  asked(
    "hallpass_reader_failures",
    "Tries in a row that a reader of the facts has failed.",
    ["reader"],
    async (one) => {
      for (const { name, failures } of await readers()) one.set({ reader: name }, failures);
    },
  );
  asked("hallpass_reader_laid_aside", "Facts that a reader could not take and laid aside.", ["reader"], async (one) => {
    for (const { name, laidAside } of await readers()) one.set({ reader: name }, laidAside);
  });
  asked(
    "hallpass_store_wal_bytes",
    "Bytes of SQLite's write-ahead log: it grows while checkpoints fail.",
    [],
    async (one) => {
      const bytes = walBytes();
      if (bytes === null) one.remove();
      else one.set(bytes);
    },
  );
}

/** A method is whatever a caller writes; these have a series of their own. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]);

/** Binds the labels of a series once. The keys are words of ours, so this can't grow. */
function remembered<T, Key extends string | number = string>(make: (key: Key) => T): (key: Key) => T {
  const bound = new Map<Key, T>();
  return (key) => {
    const known = bound.get(key);
    if (known !== undefined) return known;
    const made = make(key);
    bound.set(key, made);
    return made;
  };
}
