import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter, Registry } from "prom-client";
import { talliedCounter } from "./tallied-counter.ts";

const CONFIGURATION = { name: "facts_total", help: "Facts.", labelNames: ["kind"] };

test("the page is that of prom-client's own counter, each time it is fetched", async () => {
  const theirs = new Registry();
  const ours = new Registry();
  const counter = new Counter({ ...CONFIGURATION, registers: [theirs] });
  const tally = talliedCounter({ ...CONFIGURATION, registers: [ours] });
  const tallies = { opened: tally({ kind: "opened" }), ended: tally({ kind: "ended" }) };
  assert.equal(await ours.metrics(), await theirs.metrics(), "nothing was counted");
  for (const kind of ["opened", "opened", "ended", "opened"] as const) {
    counter.inc({ kind });
    tallies[kind].inc();
  }
  assert.equal(await ours.metrics(), await theirs.metrics());
  assert.equal(await ours.metrics(), await theirs.metrics(), "nothing was counted twice");
  counter.inc({ kind: "ended" });
  tallies.ended.inc();
  assert.equal(await ours.metrics(), await theirs.metrics());
});
