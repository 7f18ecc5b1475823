// Every rule of the doctor by what is right, what is wrong, and what can't be told; limits at and after.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Config, loadConfig } from "@hallpass/server";
import { CHECKS } from "./checks/index.ts";
import { exitOf, judgeAll } from "./doctor.ts";
import type { Facts, FleetFacts, KeyFacts } from "./facts.ts";
import { saw, unseen } from "./look.ts";

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;
const GONE = unseen("not looked");

const NOTHING: Facts = {
  now_ms: NOW,
  problems: GONE,
  config: GONE,
  secretVariables: GONE,
  openFiles: GONE,
  ready: GONE,
  issuer: GONE,
  certificate: GONE,
  oldTls: GONE,
  headers: GONE,
  clock: GONE,
  token: GONE,
  subjects: GONE,
  policies: GONE,
  keys: GONE,
  published: GONE,
  fleet: GONE,
  readers: GONE,
  audit: GONE,
  metrics: GONE,
};

type Part = Partial<Facts>;

function config(over: Partial<Config> = {}): Part {
  const loaded = loadConfig({ env: {}, over: { issuer: "https://auth.example" } });
  assert.ok(loaded.ok);
  return { config: saw({ ...loaded.config, ...over }) };
}

const policy = (access: number, retry: number): Part => ({
  policies: saw([{ name: "p", access_lifetime_s: access, retry_window_s: retry }]),
});
const token = (bytes: number, claims: Readonly<Record<string, unknown>>): Part => ({ token: saw({ bytes, claims }) });

function keys(states: readonly string[], over: Partial<KeyFacts> = {}): Part {
  const all = states.map((state) => ({ kid: state, alg: "ES256", state }));
  const encryption = { current: "k", sealed_under: ["k"] };
  return { keys: saw({ keys: all, rotations: [], key_encryption: encryption, ...over }) };
}

const rotation = (due: number, proceeds: number, waiting: readonly string[] = []): Part =>
  keys([], { rotations: [{ alg: "ES256", due_ms: due, proceeds_ms: proceeds, waiting_for: waiting }] });

function fleet(...over: readonly Partial<FleetFacts["verifiers"][number]>[]): Part {
  const one = { instance: "i", service: "s", max_staleness_ms: 60_000, on_stale: "unavailable", last_seen_ms: NOW };
  return { fleet: saw({ as_of_ms: NOW, verifiers: over.map((given) => ({ ...one, stats: {}, ...given })) }) };
}

const readers = (failures: number, aside: number): Part => ({
  readers: saw([{ name: "audit", failures, laid_aside: aside }]),
});
const audit = (checkpoint: number | null, since: number | null): Part => ({
  ...config({ audit_checkpoint_every: 3600 }),
  audit: saw({ checkpoint, uncovered_since_ms: since }),
});
const certificate = (ms: number, problem: string | null = null): Part => ({
  certificate: saw({ problem, valid_to_ms: NOW + ms }),
});
const clock = (ahead: number): Part => ({ clock: saw({ ahead_ms: ahead, within_ms: 500 }) });
const page = (text: string): Part => ({ metrics: saw(text) });

/** Besides what is named here, every check can't tell what was not looked at. */
const CASES: Readonly<Record<string, Readonly<Record<string, readonly Part[]>>>> = {
  issuer: { right: [{ issuer: saw("https://a.example") }], failure: [{ issuer: saw("http://a.example") }] },
  certificate: {
    right: [certificate(14 * DAY)],
    warning: [certificate(14 * DAY - 1), certificate(1)],
    failure: [certificate(0), certificate(90 * DAY, "DEPTH_ZERO_SELF_SIGNED_CERT")],
  },
  "tls-version": { right: [{ oldTls: saw(false) }], failure: [{ oldTls: saw(true) }] },
  headers: {
    right: [{ headers: saw({ plain: "200 {}", large: "200 {}" }) }],
    failure: [{ headers: saw({ plain: "200 {}", large: "400 <html>" }) }],
  },
  clock: { right: [clock(2500), clock(-2500)], warning: [clock(2501), clock(-2501)] },
  ready: { right: [{ ready: saw(200) }], failure: [{ ready: saw(503) }, { ready: saw(null) }] },
  configuration: { right: [{ problems: saw([]) }], failure: [{ problems: saw(["HALLPASS_ISSUER is needed"]) }] },
  development: { right: [config()], failure: [config({ development: true })] },
  cookie: { right: [config()], failure: [config({ cookie_name: "session" })] },
  kek: {
    right: [config({ kek_file: "/run/secrets/kek" }), config({ kek_vault: "https://v.example/v1/t/keys/k" })],
    warning: [config(), config({ kek: new Uint8Array(32) }), config({ data: "data", kek_file: "data/kek" })],
  },
  "secrets-in-environment": {
    right: [{ secretVariables: saw([]) }],
    warning: [{ secretVariables: saw(["HALLPASS_KEK"]) }],
  },
  "secret-files": { right: [{ openFiles: saw([]) }], warning: [{ openFiles: saw(["/etc/hallpass/kek"]) }] },
  listeners: {
    right: ["127.0.0.1", "localhost", "::1", "10.0.3.1", "172.16.0.1", "172.31.0.1", "192.168.1.1", "fd00::1"].map(
      (host) => config({ metrics_listen: { host, port: 9 } }),
    ),
    warning: ["0.0.0.0", "::", "172.15.0.1", "172.32.0.1", "192.169.1.1", "10.example.com", "metrics.example"].map(
      (host) => config({ gateway_listen: { host, port: 9 } }),
    ),
  },
  retention: {
    right: [config({ audit_kept: 365 * 86_400, facts_kept: 7 * 86_400 })],
    warning: [config({ audit_kept: 365 * 86_400 - 1 }), config({ facts_kept: 7 * 86_400 - 1 })],
  },
  "access-lifetime": { right: [policy(900, 30)], warning: [policy(901, 30)] },
  "retry-window": { right: [policy(600, 60)], warning: [policy(600, 61)] },
  token: {
    right: [token(4096, { sub: "operator", aud: ["https://a.example"] })],
    warning: [token(4097, { sub: "o" }), token(9, { sub: "ada@example.com" }), token(9, { given_name: "Ada" })],
  },
  subjects: {
    right: [{ subjects: saw(["8d7e"]) }],
    warning: [{ subjects: saw(["8d7e", "ada@example.com"]) }],
    unknown: [{ subjects: saw([]) }],
  },
  "key-age": { right: [rotation(NOW - 1, NOW)], warning: [rotation(NOW - DAY, NOW - 1)], unknown: [keys([])] },
  "next-key": { right: [keys(["active", "next"])], failure: [keys(["active", "retiring"]), keys(["next"])] },
  "published-keys": {
    right: [{ ...keys(["active", "next", "retiring", "removed"]), published: saw(["active", "next", "retiring"]) }],
    failure: [{ ...keys(["active", "next"]), published: saw(["active"]) }],
    unknown: [keys(["active", "next"])],
  },
  "key-laggards": {
    right: [rotation(NOW, NOW + DAY, ["billing/1"]), rotation(NOW - 1, NOW + DAY)],
    warning: [rotation(NOW - 1, NOW + DAY, ["billing/1"])],
  },
  "sealed-keys": {
    right: [keys([])],
    warning: [keys([], { key_encryption: { current: "k", sealed_under: ["k", "older"] } })],
  },
  "verifiers-accept": { right: [fleet({})], warning: [fleet({}, { on_stale: "accept" })], unknown: [fleet()] },
  "verifiers-silent": {
    right: [fleet({ last_seen_ms: NOW - 60_000 })],
    warning: [fleet({}, { last_seen_ms: NOW - 60_001 })],
    unknown: [fleet()],
  },
  "verifiers-view": {
    right: [fleet({ stats: { view_age_ms: 60_000 } })],
    warning: [fleet({ stats: { view_age_ms: 60_001 } }, {})],
    unknown: [fleet(), fleet({ stats: { view_age_ms: 0 } }, {})],
  },
  "verifiers-clocks": {
    right: [fleet({ stats: { clock_skew_ms: 2000 } }), fleet({ stats: { clock_skew_ms: -2000 } })],
    warning: [fleet({ stats: { clock_skew_ms: 2001 } }), fleet({ stats: { clock_skew_ms: -2001 } })],
    unknown: [fleet(), fleet({})],
  },
  store: {
    right: [page('hallpass_info{issuer="https://a.example",region="",store="sqlite"} 1')],
    failure: [page('x 1\nhallpass_info{issuer="https://a.example",region="",store="memory"} 1')],
    unknown: [page("x 1")],
  },
  node: {
    right: ["v24.19.0", "v26.10.0"].map((one) => page(`nodejs_version_info{version="${one}",major="1"} 1`)),
    failure: ["v24.18.9", "v22.30.0"].map((one) => page(`nodejs_version_info{version="${one}",major="1"} 1`)),
    unknown: [page("x 1")],
  },
  callers: {
    right: [
      config({ trusted_proxies: ["10.0.3.0/24"] }),
      config({ trusted_proxies: ["0.0.0.0/0"], proxy_secret_file: "/run/secrets/proxy" }),
      config({ tls_certificate_file: "/etc/hallpass/tls.crt" }),
      config({ issuer: "http://localhost:8026" }),
    ],
    warning: [config()],
    failure: [
      config({ trusted_proxies: ["10.0.3.0/24", "0.0.0.0/0"] }),
      config({ trusted_proxies: ["::/0"], tls_certificate_file: "/etc/hallpass/tls.crt" }),
    ],
  },
  "clients-churn": {
    right: [page("hallpass_clients_churning 0\n"), page('hallpass_clients_churning{tenant="a"} 0\n')],
    warning: [page("hallpass_clients_churning 2\n"), page('hallpass_clients_churning{tenant="a"} 1\n')],
  },
  "rows-unreadable": {
    right: [page("hallpass_rows_unreadable 0\n")],
    warning: [page("hallpass_rows_unreadable 1\n")],
    unknown: [page("hallpass_rows_unreadable_other 1\n")],
  },
  "log-lines-lost": {
    right: [page("hallpass_log_lines_lost_total 0\n")],
    warning: [page('hallpass_log_lines_lost_total{a="0"} 0\nhallpass_log_lines_lost_total{a="1"} 7\n')],
    unknown: [page("x 1")],
  },
  readers: { right: [readers(0, 0)], failure: [readers(1, 0), readers(0, 1)], unknown: [{ readers: saw([]) }] },
  "audit-checkpoint": {
    right: [audit(9, null), audit(null, NOW), audit(9, NOW - 7_200_000)],
    warning: [audit(9, NOW - 7_200_001), audit(null, NOW - 7_200_001)],
    unknown: [audit(null, null), { ...audit(9, NOW - DAY), config: GONE }],
  },
};

for (const { id } of CHECKS) {
  test(`the check ${id} knows right from wrong, and what it can't tell`, () => {
    const cases = CASES[id];
    assert.ok(cases?.["right"] !== undefined && Object.keys(cases).length > 1, "a case of each");
    for (const [verdict, parts] of Object.entries({ ...cases, unknown: [{}, ...(cases["unknown"] ?? [])] })) {
      for (const [index, part] of parts.entries()) {
        const judged = judgeAll({ ...NOTHING, ...part }).find((one) => one.id === id);
        assert.equal(judged?.verdict, verdict, `${verdict}, case ${index + 1}: ${judged?.what}`);
      }
    }
  });
}

test("the exit code is done for all right, warned for a warning or what can't be told, refused for a failure", () => {
  assert.equal(exitOf([{ verdict: "right" }]), 0);
  assert.equal(exitOf([{ verdict: "right" }, { verdict: "warning" }]), 6);
  assert.equal(exitOf([{ verdict: "right" }, { verdict: "unknown" }]), 6);
  assert.equal(exitOf([{ verdict: "warning" }, { verdict: "failure" }, { verdict: "unknown" }]), 3);
});

test("no verdict shows a personal claim or a subject", () => {
  const parts = { ...token(9, { sub: "ada@example.com" }), subjects: saw(["ada@example.com"]) };
  assert.doesNotMatch(JSON.stringify(judgeAll({ ...NOTHING, ...parts })), /\bada\b/);
});

test("the guide has a row for every check, in the order and with the words of the table", () => {
  const guide = readFileSync(join(import.meta.dirname, "../../../../docs/guides/doctor.md"), "utf8");
  const rows = guide.split("\n").filter((line) => line.startsWith("| `"));
  assert.deepEqual(
    rows,
    CHECKS.map(({ id, list, title, why, mend }) => `| \`${id}\` | ${list} | ${title} | ${why} | ${mend} |`),
  );
});
