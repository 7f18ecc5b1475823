import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPERIMENTS } from "./experiments.ts";
import { type ProofLine, promisesOf, readProof } from "./line.ts";

const line: ProofLine = {
  id: "kill",
  promise: "P1 P6",
  figure: "3 kills, 0 lost",
  control: "2 were lost",
  seeds: "1..3",
  notShown: [],
  passed: true,
};
const said = (more: object): string => `figures\nproof: ${JSON.stringify({ ...line, ...more })}\n`;

test("the last line of an experiment is read, whatever stands before it", () => {
  assert.deepEqual(readProof(said({})), line);
});

const wrong: readonly [title: string, output: string][] = [
  ["nothing", ""],
  ["a line after it", `${said({})}done\n`],
  ["no JSON", "proof: yes\n"],
  ["no object", "proof: true\n"],
  ["an empty control", said({ control: "" })],
  ["a figure of two lines", said({ figure: "a\nb" })],
  ["passed as a text", said({ passed: "true" })],
  ["what was not shown as one text", said({ notShown: "power" })],
  ["a plot that leaves its folder", said({ plots: { "../x": {} } })],
  ["half a kill", said({ counted: { sums: { kills: 0.5 }, ground: { of: "seed 1", from: 0, end: 1 } } })],
  ["counts of no ground", said({ counted: { sums: { kills: 1 } } })],
  ["a ground without an end", said({ counted: { sums: { kills: 1 }, ground: { of: "seed 1", from: 0 } } })],
];
for (const [title, output] of wrong) {
  test(`an experiment that says ${title} is not read`, () => {
    assert.throws(() => readProof(output));
  });
}

test("several promises stand with one space between them, and others are refused", () => {
  assert.deepEqual(promisesOf(line), ["P1", "P6"]);
  assert.throws(() => promisesOf({ promise: "P1, P6" }));
  assert.throws(() => promisesOf({ promise: "P13" }));
});

test("every experiment has an id of its own and promises that exist", () => {
  assert.equal(new Set(EXPERIMENTS.map(({ id }) => id)).size, EXPERIMENTS.length);
  for (const one of EXPERIMENTS) {
    assert.match(one.id, /^[a-z0-9-]+$/);
    assert.ok(promisesOf(one).length > 0);
  }
});
