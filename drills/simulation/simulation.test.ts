// A fixed number of seeds, each a pure function of itself; more of them with HALLPASS_SEEDS.

import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, USUAL_STEPS } from "./plan.ts";
import { failureText } from "./report.ts";
import { runPlan } from "./run.ts";

const SEEDS = Number(process.env["HALLPASS_SEEDS"] ?? 20);
const STEPS = 300;

test("no seed breaks a promise", async () => {
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const plan = planOf(seed, STEPS);
    const result = await runPlan(plan);
    assert.equal(result.violation, undefined, failureText(plan, result));
    for (const [what, count] of result.counts) seen.set(what, (seen.get(what) ?? 0) + count);
  }
  // A world in which these never happen would prove nothing.
  const needed = ["rotated", "retried", "recovered", "superseded", "reused", "ended", "accepted", "rejected"];
  for (const what of [...needed, "unavailable", "frame lost", "receipt", "epoch_started", "key_compromised"])
    assert.ok((seen.get(what) ?? 0) > 0, `in ${SEEDS} seeds nothing was ${what}`);
});

test("no seed of the whole world breaks a promise", async () => {
  const plan = planOf(1, USUAL_STEPS.whole / 10, { world: "whole" });
  const result = await runPlan(plan);
  assert.equal(result.violation, undefined, failureText(plan, result));
  assert.ok((result.counts.get("read a session") ?? 0) > 0);
});

test("a run is a pure function of its seed", async () => {
  for (const seed of [3, 20]) {
    const [first, second] = [await runPlan(planOf(seed, STEPS)), await runPlan(planOf(seed, STEPS))];
    assert.equal(first.hash, second.hash);
    assert.equal(first.turns, second.turns);
  }
  const [one, other] = [await runPlan(planOf(1, 20)), await runPlan(planOf(2, 20))];
  assert.notEqual(one.hash, other.hash);
});
