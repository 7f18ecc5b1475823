// A fixed number of seeds, each a pure function of itself; more of them with HALLPASS_SEEDS.

import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf, USUAL_STEPS } from "./plan.ts";
import { failureText } from "./report.ts";
import { runPlan } from "./run.ts";
import { Machine } from "./world/machine.ts";
import { SeededDice } from "./world/seeded-dice.ts";
import { TimeLine } from "./world/time-line.ts";

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

test("a jump of the store's clock between two tabs logs an owner out: it is set aside, and by the strict rule it is not", async () => {
  const plan = planOf(250, STEPS, { storeClockJumps: true });
  const steps = plan.steps.filter(({ id }) => [16, 23, 74, 101].includes(id));
  const strict = await runPlan({ ...plan, steps }, { strict: true });
  assert.equal(strict.violation?.invariant, "P6-nobody-logged-out");
  const judged = await runPlan({ ...plan, steps });
  assert.deepEqual([judged.violation, judged.aside.get("clock_jumped")], [undefined, 1]);
});

test("what a clock would have shown without its jumps is known of each stretch between them", async () => {
  const line = new TimeLine(new SeededDice("line"));
  const machine = new Machine(line, new SeededDice("machine"), "store", 0);
  const at = async (ms: number): Promise<number> => {
    await line.runUntil(ms);
    return machine.wall;
  };
  const first = await at(1000);
  const back = machine.jump(40_000);
  const ahead = await at(2000);
  back();
  const after = await at(3000);
  machine.jump(-10_000);
  const behind = await at(4000);
  machine.setRight();
  const right = await at(5000);
  assert.deepEqual(
    [first, ahead, after, behind, right].map((shown) => machine.steady(shown)),
    [first, ahead - 40_000, after, behind + 10_000, right],
  );
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
