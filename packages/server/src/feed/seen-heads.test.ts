import assert from "node:assert/strict";
import { test } from "node:test";
import { instantOf } from "@hallpass/core";
import { lookedBy, SeenHeads } from "./seen-heads.ts";

const pos = (seq: number): { epoch: number; seq: number } => ({ epoch: 1, seq });

test("a position is shown since the first read that was at it or beyond it, and now at the latest [RCP-3]", () => {
  const seen = new SeenHeads();
  seen.note(pos(4), instantOf(100));
  seen.note(pos(6), instantOf(200));
  seen.note(pos(6), instantOf(300));
  assert.deepEqual(
    [pos(3), pos(4), pos(5), pos(6)].map((one) => seen.by(one, instantOf(900))),
    [100, 100, 200, 200],
  );
  assert.equal(seen.by(pos(7), instantOf(900)), 900);
  assert.equal(seen.by(pos(7), instantOf(1500)), 900);
  assert.equal(seen.by(pos(7), instantOf(800)), 800);
});

test("what was seen so long ago that it is forgotten is taken for shown later, never sooner [RCP-3]", () => {
  const seen = new SeenHeads();
  for (let seq = 1; seq <= 5000; seq += 1) seen.note(pos(seq), instantOf(seq));
  assert.equal(seen.by(pos(5000), instantOf(9000)), 5000);
  assert.equal(seen.by(pos(1), instantOf(9000)), 905);
});

test("a read has looked by the end of its duration, whatever its time has lost of a millisecond [RCP-3]", () => {
  assert.deepEqual(
    [0, 0.2, 1, 7.9].map((took) => lookedBy(instantOf(100), took)),
    [101, 102, 102, 109],
  );
});
