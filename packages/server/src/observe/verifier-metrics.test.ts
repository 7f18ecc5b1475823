import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { type ReportingVerifier, verifierMetrics } from "./verifier-metrics.ts";

function aReport(
  instance: string,
  stats: ReportingVerifier["stats"],
  more: Partial<ReportingVerifier> = {},
): ReportingVerifier {
  return { instance, service: "api", region: "eu", lag: 0, stats: { accepted: 0, ...stats }, ...more };
}

async function played(...rounds: readonly (readonly ReportingVerifier[])[]): Promise<string> {
  const registry = new Registry();
  let reports: readonly ReportingVerifier[] = [];
  const { update } = verifierMetrics(registry, () => reports);
  for (const round of rounds) {
    reports = round;
    update();
  }
  return registry.metrics();
}

const API = 'service="api",region="eu"';

test("what verifiers count is added up by service and region, from when each was first seen", async () => {
  const page = await played(
    [aReport("a", { accepted: 10, late_accepts: 1 }), aReport("b", { accepted: 5 })],
    [aReport("a", { accepted: 13, late_accepts: 3, rejected: 4, anonymous: 3 }), aReport("b", { accepted: 6 })],
  );
  assert.ok(page.includes(`hallpass_verifier_verdicts_total{${API},verdict="accepted"} 4\n`), page);
  assert.ok(page.includes(`hallpass_verifier_verdicts_total{${API},verdict="rejected"} 1\n`));
  assert.ok(page.includes(`hallpass_verifier_verdicts_total{${API},verdict="anonymous"} 3\n`));
  assert.ok(page.includes(`hallpass_verifier_late_accepts_total{${API}} 2\n`));
  assert.ok(page.includes(`hallpass_verifier_reporting{${API}} 2\n`));
});

test("a verifier that began anew counts from nothing, and one that is silent adds nothing", async () => {
  const page = await played(
    [aReport("a", { accepted: 10 })],
    [aReport("a", { accepted: 12 })],
    [],
    [aReport("a", { accepted: 3 })],
  );
  assert.ok(page.includes(`hallpass_verifier_verdicts_total{${API},verdict="accepted"} 5\n`), page);
});

test("of lag and clocks the worst is shown, either way, and forgotten when it is gone", async () => {
  const worst = [
    aReport("a", { clock_skew_ms: -7000 }, { lag: 4 }),
    aReport("b", { clock_skew_ms: 2000 }, { lag: null }),
  ];
  const page = await played(worst);
  assert.ok(page.includes(`hallpass_verifier_clock_skew_seconds_max{${API}} 7\n`), page);
  assert.ok(page.includes(`hallpass_verifier_behind_notices_max{${API}} 4\n`));
  const after = await played(worst, [aReport("b", { clock_skew_ms: 2000 })]);
  assert.ok(after.includes(`hallpass_verifier_clock_skew_seconds_max{${API}} 2\n`), after);
});

test("a thousand services make no more than a hundred series of each kind [L-10]", async () => {
  const many = Array.from({ length: 1000 }, (_, n) => aReport(`i-${n}`, { accepted: n }, { service: `s-${n}` }));
  const page = await played(
    many,
    many.map((one) => ({ ...one, stats: { accepted: 10_000 } })),
  );
  const lines = page.split("\n").filter((line) => line.startsWith("hallpass_verifier_reporting{"));
  assert.equal(lines.length, 101);
  assert.ok(page.includes('hallpass_verifier_reporting{service="other",region=""} 900\n'));
});

test("what a verifier says that is no number it can have makes no count go back", async () => {
  const page = await played([aReport("a", { accepted: 5 })], [aReport("a", { accepted: -3, verify_ms: -1 })]);
  assert.ok(page.includes(`hallpass_verifier_verdicts_total{${API},verdict="accepted"} 0\n`), page);
});

test("how long a revocation took is shown for each service", async () => {
  const registry = new Registry();
  const { lag } = verifierMetrics(registry, () => []);
  lag({ service: "api", region: "eu" }, 20);
  lag({ service: "api", region: "eu" }, 2000);
  lag({ service: "web", region: null }, 5);
  const page = await registry.metrics();
  assert.ok(page.includes(`hallpass_verifier_revocation_lag_seconds_bucket{le="0.025",${API}} 1\n`), page);
  assert.ok(page.includes(`hallpass_verifier_revocation_lag_seconds_count{${API}} 2\n`));
  assert.ok(page.includes('hallpass_verifier_revocation_lag_seconds_count{service="web",region=""} 1\n'));
});
