import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPERIMENTS, type Experiment } from "./experiments.ts";
import type { Piece } from "./kept.ts";
import { sumOf } from "./pieces.ts";
import { piecesTable, shortened } from "./pieces-page.ts";

const kill = EXPERIMENTS.find(({ id }) => id === "kill-sqlite") as Experiment;

function piece(seed: number, kills: number, { version = "1111111", passed = true, from = 0 } = {}): Piece {
  const counted = {
    sums: { kills, "revocations and rotations acknowledged": kills * 100 },
    most: { "ms until it served again": seed },
    ground: { of: `seed ${seed}`, from, end: from + kills },
  };
  const { id, promise } = kill;
  const line = { id, promise, figure: "f", control: "c", seeds: `${seed}`, notShown: [], passed, counted };
  return { line, command: "node", date: "2026-01-01", seconds: 1, version };
}

const killsOf = (...pieces: readonly Piece[]): number | undefined => sumOf(kill, pieces)?.sums.get("kills");

test("pieces with seeds of their own are added up, and of some figures the largest is taken", () => {
  const sum = sumOf(kill, [piece(1, 100), piece(7, 100)]);
  assert.equal(sum?.sums.get("kills"), 200);
  assert.equal(sum?.most.get("ms until it served again"), 7);
});

test("what is missing to the full size is named, and nothing is where it was reached", () => {
  assert.deepEqual(sumOf(kill, [piece(1, 299)])?.missing, [
    "299 of 300 kills",
    "29,900 of 100,000 revocations and rotations acknowledged",
  ]);
  assert.deepEqual(sumOf(kill, [piece(1, 700), piece(2, 300)])?.missing, []);
});

test("the same ground counts once, by the piece that went furthest over it", () => {
  assert.equal(killsOf(piece(1, 30), piece(1, 40)), 40);
  assert.equal(killsOf(piece(1, 30), piece(1, 30, { from: 29 })), 30);
  assert.equal(killsOf(piece(1, 30), piece(1, 30, { from: 30 })), 60);
});

test("pieces of two versions of the program are never added up", () => {
  const sum = sumOf(kill, [piece(1, 30), piece(2, 40, { version: "2222222" }), piece(3, 30)]);
  assert.equal(sum?.sums.get("kills"), 60);
  assert.equal(sum?.version, "1111111");
});

test("what is kept of other commits stands below, those that failed with it", () => {
  const other = { version: "2222222" };
  const page = piecesTable([piece(1, 300), piece(2, 40, other), piece(3, 30, { ...other, passed: false })]).join("\n");
  assert.match(page, /^- \*\*kill-sqlite\*\*, commit `2222222`: \*\*failed\*\*: f; 40 kills, .* in one piece$/m);
  assert.doesNotMatch(piecesTable([piece(1, 300), piece(2, 300)]).join("\n"), /^- /m);
});

test("a piece that failed counts for nothing and is named", () => {
  const sum = sumOf(kill, [piece(1, 30), piece(2, 40, { passed: false })]);
  assert.equal(sum?.sums.get("kills"), 30);
  assert.equal(sum?.failed.length, 1);
});

test("a piece that does not say what it went through counts for nothing", () => {
  const { counted: _, ...line } = piece(1, 30).line;
  assert.equal(killsOf({ ...piece(1, 30), line }, piece(2, 5)), 5);
});

test("few seeds are named, of many the first, the last and their number", () => {
  assert.equal(shortened(["seed 1", "seed 2", "seed 9"]), "seed 1, seed 2, seed 9");
  assert.equal(shortened(["a", "b", "c", "d"]), "a to d, 4 in all");
});
