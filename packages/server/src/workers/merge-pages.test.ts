import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter, Histogram, Registry } from "prom-client";
import { mergePages } from "./merge-pages.ts";

async function pageOf(worker: string, count: number): Promise<string> {
  const registry = new Registry();
  registry.setDefaultLabels({ worker });
  const registers = [registry];
  new Counter({ name: "asked_total", help: "How often.", labelNames: ["by"], registers }).inc({ by: "x" }, count);
  new Histogram({ name: "took_seconds", help: "How long.", buckets: [1], registers }).observe(count);
  return registry.metrics();
}

test("the page of several workers has every series of each, under one heading for each metric [NODE-9]", async () => {
  const pages = await Promise.all([pageOf("1", 3), pageOf("2", 5)]);
  const merged = mergePages(pages);
  assert.equal(merged.match(/# HELP asked_total/g)?.length, 1);
  assert.equal(merged.match(/# TYPE took_seconds histogram/g)?.length, 1);
  assert.match(merged, /asked_total\{by="x",worker="1"\} 3\n/);
  assert.match(merged, /asked_total\{by="x",worker="2"\} 5\n/);
  const samples = (text: string): readonly string[] =>
    text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.deepEqual(samples(merged).toSorted(), pages.flatMap(samples).toSorted());
  const lines = merged.split("\n");
  assert.equal(lines[lines.indexOf("# HELP asked_total How often.") + 1], "# TYPE asked_total counter");
});

test("one page stays what it says, and a metric that one worker alone has stays, too [NODE-9]", async () => {
  const one = await pageOf("1", 3);
  assert.equal(mergePages([one]).trim(), one.trim());
  const other = "# HELP own_total Own.\n# TYPE own_total counter\nown_total 1\n";
  assert.match(mergePages([one, other]), /own_total 1\n/);
  assert.equal(mergePages([]), "");
});
