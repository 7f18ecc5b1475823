import assert from "node:assert/strict";
import { test } from "node:test";
import { count, metricsOf, newCounters, prometheusText, reportOf } from "./metrics.ts";

const gauges = { trackedNotices: 3, tableBytes: 2368, rememberedTokens: 5, viewAgeMs: 1500, clockSkewMs: -250.4 };

function counted() {
  const counters = newCounters();
  Object.assign(counters, { accepted: 7, verifySamples: 2, verifyMs: 3000, lateAccepts: 1, introspections: 4 });
  Object.assign(counters, { answersRemembered: 6 });
  for (const code of ["revoked", "revoked", "no_credentials"] as const) count(counters.rejected, code);
  for (const code of ["view_too_old", "introspection_failed", "introspection_failed"] as const)
    count(counters.unavailable, code);
  return counters;
}

test("the text of Prometheus has a line for each kind and code, and seconds where it says seconds", () => {
  const lines = prometheusText(metricsOf(counted(), gauges)).split("\n");
  const values = lines.filter((line) => !line.startsWith("#") && line !== "");
  assert.deepEqual(
    values.filter((line) => !line.endsWith(" 0")),
    [
      'hallpass_verifier_verdicts_total{verdict="accepted",code=""} 7',
      'hallpass_verifier_verdicts_total{verdict="rejected",code="revoked"} 2',
      'hallpass_verifier_verdicts_total{verdict="rejected",code="no_credentials"} 1',
      'hallpass_verifier_verdicts_total{verdict="unavailable",code="view_too_old"} 1',
      'hallpass_verifier_verdicts_total{verdict="unavailable",code="introspection_failed"} 2',
      "hallpass_verifier_introspections_total 4",
      "hallpass_verifier_introspection_hits_total 6",
      "hallpass_verifier_late_accepts_total 1",
      "hallpass_verifier_verify_seconds_total 3",
      "hallpass_verifier_verify_timed_total 2",
      "hallpass_verifier_tracked_notices 3",
      "hallpass_verifier_notice_table_bytes 2368",
      "hallpass_verifier_remembered_tokens 5",
      "hallpass_verifier_view_age_seconds 1.5",
      "hallpass_verifier_clock_skew_seconds -0.2504",
    ],
  );
  for (const line of values) {
    const name = line.split(/[{ ]/)[0] ?? "";
    const type = name.endsWith("_total") ? "counter" : "gauge";
    assert.ok(lines.includes(`# TYPE ${name} ${type}`), name);
    assert.ok(
      lines.some((one) => one.startsWith(`# HELP ${name} `)),
      name,
    );
  }
});

test("a view without a lease is infinitely old, in the text as Prometheus spells it", () => {
  const text = prometheusText(metricsOf(newCounters(), { ...gauges, viewAgeMs: Number.POSITIVE_INFINITY }));
  assert.ok(text.includes("hallpass_verifier_view_age_seconds +Inf\n"));
});

test("a ping reports sums of all codes, and the two that have a number of their own", () => {
  assert.deepEqual(reportOf(counted(), gauges), {
    tracked: 3,
    late_accepts: 1,
    clock_skew_ms: -250,
    accepted: 7,
    rejected: 3,
    unavailable: 3,
    anonymous: 1,
    introspections: 4,
    introspections_failed: 2,
    answers_remembered: 6,
    verify_samples: 2,
    verify_ms: 3000,
    view_age_ms: 1500,
  });
  const fresh = reportOf(newCounters(), { ...gauges, viewAgeMs: Number.POSITIVE_INFINITY });
  assert.deepEqual([fresh.anonymous, fresh.introspections_failed, "view_age_ms" in fresh], [0, 0, false]);
});
