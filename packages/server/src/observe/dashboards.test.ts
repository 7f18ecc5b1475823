// Dashboards and alerts name metrics and labels; this compares them with the registry, so that neither is ever empty for a misspelling.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { addAdmissionMetrics } from "./admission-metrics.ts";
import { addGrowthMetrics } from "./growth.ts";
import { addLogMetrics } from "./log-metrics.ts";
import { createMetrics, NOTHING_GAUGED } from "./metrics.ts";

const ops = join(import.meta.dirname, "../../../../ops");

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

interface Known {
  readonly labels: ReadonlySet<string>;
}

async function known(): Promise<ReadonlyMap<string, Known>> {
  const { registry } = createMetrics(NOTHING_GAUGED);
  addAdmissionMetrics(registry, { lanes: [] });
  addGrowthMetrics(registry, async () => null);
  addLogMetrics(registry, { write: () => {} });
  const series = new Map<string, Known>();
  for (const { name, type } of await registry.getMetricsAsJSON()) {
    const { labelNames = [] } = registry.getSingleMetric(name) as { readonly labelNames?: readonly string[] };
    const labels = new Set([...labelNames, "job", "instance", "tenant"]);
    if (String(type) !== "histogram") series.set(name, { labels });
    else
      for (const part of ["_bucket", "_sum", "_count"]) series.set(name + part, { labels: new Set([...labels, "le"]) });
  }
  return series;
}

async function check(expressions: readonly string[]): Promise<void> {
  const series = await known();
  for (const expression of expressions) {
    const names = expression.match(/\bhallpass_\w+/g) ?? [];
    assert.ok(names.length > 0, expression);
    const labels = new Set<string>();
    for (const name of names) {
      const found = series.get(name);
      assert.ok(found !== undefined, `there is no metric ${name}: ${expression}`);
      for (const label of found.labels) labels.add(label);
    }
    const matched = [...expression.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label]) => label);
    const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(/,\s*/));
    for (const label of [...matched, ...grouped])
      assert.ok(label !== undefined && labels.has(label), `no metric has the label ${label}: ${expression}`);
  }
}

test("every metric and label of the dashboard exists", async () => {
  const { panels } = JSON.parse(readFileSync(join(ops, "dashboards/hallpass.json"), "utf8")) as Dashboard;
  assert.ok(panels.length >= 20);
  await check(panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)));
});

test("every metric and label of the alerts exists", async () => {
  const text = readFileSync(join(ops, "alerts/hallpass.yml"), "utf8");
  const expressions = [...text.matchAll(/^\s+expr: (.+)$/gm)].map(([, expression = ""]) => expression);
  assert.ok(expressions.length >= 10);
  await check(expressions);
});

test("a metric or a label that does not exist is found", async () => {
  await assert.rejects(check(["sum(rate(hallpass_refreshs_total[5m]))"]), /no metric/);
  await assert.rejects(check(["sum by (verdict, client) (hallpass_refreshes_total)"]), /the label client/);
  await assert.rejects(check(['hallpass_refreshes_total{client="web"}']), /the label client/);
});
