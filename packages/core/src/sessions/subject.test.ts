import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Row } from "../store/store.ts";
import { aRow, at, sessionId, TENANT } from "../testing/builders.ts";
import {
  cutAnew,
  cutOffAfter,
  NO_SESSIONS,
  type Subject,
  subjectFromRow,
  subjectKey,
  subjectToRow,
} from "./subject.ts";

const ID = "019a9c3e-6f1a-7c41-9a52-0d7c2b1f9e10";
const KEY = subjectKey(TENANT, "u-81" as Parameters<typeof subjectKey>[1]);

function rowOf(subject: Subject, seq: number | null = null, raisedAt = seq): Row {
  const notBefore = seq === null ? null : { epoch: 1, seq };
  return { ...aRow(KEY, subjectToRow(subject)), notBefore, raisedAt: raisedAt === null ? null : at(raisedAt) };
}

const born = (seq: number) => ({ epoch: 1, seq });
const anew = (row: Row | undefined): Subject => cutAnew(row, { block: null, cut: null, by: null });

describe("a subject's row", () => {
  it("is a list of ids and times, with an object behind it only for what few subjects have", () => {
    const sessions = [{ id: sessionId(ID), until: at(7) }];
    assert.equal(subjectToRow(NO_SESSIONS).value, "[]");
    assert.equal(subjectToRow({ ...NO_SESSIONS, sessions }).value, JSON.stringify([ID, at(7)]));
    const cut = { ...NO_SESSIONS, sessions, cut: "subject_blocked" as const };
    assert.equal(subjectToRow(cut).value, JSON.stringify([ID, at(7), { cut: "subject_blocked" }]));
    assert.deepEqual(subjectFromRow(rowOf(cut)), cut);
    assert.deepEqual(subjectFromRow(undefined), { sessions: [], block: null, cut: null, by: null, earlier: [] });
  });

  it("keeps the last four cut-offs before the newest, the oldest first", () => {
    let row = rowOf(NO_SESSIONS);
    for (const seq of [1, 2, 3, 4, 5, 6]) row = rowOf(anew(row), seq);
    assert.deepEqual(
      subjectFromRow(row).earlier.map(({ pos }) => pos.seq),
      [2, 3, 4, 5],
    );
    assert.deepEqual(anew(row).sessions, []);
    assert.deepEqual(anew(undefined).earlier, []);
    assert.deepEqual(anew(rowOf(NO_SESSIONS, 3, null)).earlier, []);
  });
});

describe("what ended a session of a subject", () => {
  it("is the first cut-off after it was opened, and none that it was opened after", () => {
    const first = rowOf(cutAnew(rowOf(NO_SESSIONS), { block: null, cut: "subject_blocked", by: null }), 5);
    const second = rowOf(anew(first), 9);
    const whenAndWhy = (seq: number) => {
      const cutOff = cutOffAfter(second, born(seq), at(50));
      return cutOff === undefined ? undefined : [cutOff.at, cutOff.cut];
    };
    assert.deepEqual([4, 5, 8, 9].map(whenAndWhy), [
      [at(5), "subject_blocked"],
      [at(9), null],
      [at(9), null],
      undefined,
    ]);
  });

  it("is told as of now where no time is kept, and is nothing without a row or a cut-off", () => {
    assert.deepEqual(cutOffAfter(rowOf(NO_SESSIONS, 5, null), born(4), at(50))?.at, at(50));
    assert.equal(cutOffAfter(rowOf(NO_SESSIONS), born(4), at(50)), undefined);
    assert.equal(cutOffAfter(undefined, born(4), at(50)), undefined);
  });
});
