import assert from "node:assert/strict";
import { test } from "node:test";
import { Histogram, Registry } from "prom-client";
import { TalliedHistogram } from "./tallied-histogram.ts";

const CONFIGURATION = { name: "waits_seconds", help: "Waits.", labelNames: ["kind"], buckets: [0.1, 0.5, 2] };
const VALUES = [0, 0.05, 0.1, 0.100001, 0.5, 0.7, 2, 2.000001, 9];

test("the page is that of prom-client's own histogram, at every bound", async () => {
  const theirs = new Registry();
  const ours = new Registry();
  const histogram = new Histogram({ ...CONFIGURATION, registers: [theirs] });
  const tallied = new TalliedHistogram({ ...CONFIGURATION, registers: [ours] });
  const tallies = { read: tallied.tally({ kind: "read" }), commit: tallied.tally({ kind: "commit" }) };
  for (const kind of ["read", "commit"] as const) {
    for (const value of VALUES) {
      histogram.observe({ kind }, value);
      tallies[kind].observe(value);
    }
  }
  assert.equal(await ours.metrics(), await theirs.metrics());
});

test("without labels, too, and with nothing observed", async () => {
  const theirs = new Registry();
  const ours = new Registry();
  const { labelNames: _, ...configuration } = CONFIGURATION;
  const histogram = new Histogram({ ...configuration, registers: [theirs] });
  const tally = new TalliedHistogram({ ...configuration, registers: [ours] }).tally();
  assert.equal(await ours.metrics(), await theirs.metrics());
  histogram.observe(0.3);
  tally.observe(0.3);
  assert.equal(await ours.metrics(), await theirs.metrics());
});
