import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Change, type Instant, type Outcome, type RowKey, type TenantId } from "@hallpass/core";
import { Remembered } from "./remembered.ts";

const key: RowKey = { tenant: "t" as TenantId, kind: "client", id: "web" };
const subject: RowKey = { ...key, kind: "subject", id: "u" };
const at = 1000 as Instant;

function committed(seq: number): Outcome {
  return { kind: "committed", pos: { epoch: 1, seq }, at };
}

function writing(value: string, expect: number | "absent", raise = false): Change {
  const notice = { tenant: key.tenant, mark: "AAECAwQFBgc", body: "{}", livesMs: 1 };
  return {
    attempt: `try ${value}`,
    rows: [{ key, expect, next: { value, expires: null, refs: [subject] }, ...(raise ? { raise } : {}) }],
    notices: raise ? [notice] : [],
    facts: [],
  };
}

function after(...steps: readonly (readonly [Change, Outcome])[]): Remembered {
  const remembered = new Remembered();
  for (const [change, outcome] of steps) remembered.wrote(change, outcome);
  return remembered;
}

const made = [writing("a", "absent"), committed(0)] as const;

describe("what a node remembers of rows", () => {
  it("is what it wrote: value, version, attempt, refs, and a cut-off that later writes keep", () => {
    const raised = [writing("b", 1, true), committed(7)] as const;
    const found = after(made, raised, [writing("c", 2), committed(9)]).find(key);
    assert.deepEqual(found, {
      row: {
        key,
        value: "c",
        version: 3,
        attempt: "try c",
        expires: null,
        notBefore: { epoch: 1, seq: 7 },
        raisedAt: at,
      },
      refs: [subject],
    });
  });

  it("is nothing when what stood there before is not known, or was another version: its cut-off may be another", () => {
    assert.equal(after([writing("b", 4), committed(0)]).find(key), undefined);
    assert.equal(after(made, [writing("b", 2), committed(0)]).find(key), undefined);
  });

  it("stays as it was after a conflict, a failure and an outcome that nobody knows", () => {
    const others: readonly Outcome[] = [
      { kind: "conflict" },
      { kind: "failed", cause: null, full: true },
      { kind: "unknown", cause: null },
    ];
    for (const outcome of others) assert.equal(after(made, [writing("b", 1), outcome]).find(key)?.row.value, "a");
  });

  it("stays as it was for a row that a change only compared, and is nothing for one that it removed", () => {
    const only = (next: "same" | "gone"): Change => ({ ...writing("", 1), rows: [{ key, expect: 1, next }] });
    assert.equal(after(made, [only("same"), committed(0)]).find(key)?.row.attempt, "try a");
    assert.equal(after(made, [only("gone"), committed(0)]).find(key), undefined);
  });

  it("leaves out values of more than 16,384 characters, and forgets what stood there before", () => {
    assert.notEqual(after([writing("x".repeat(16_384), "absent"), committed(0)]).find(key), undefined);
    assert.equal(after(made, [writing("x".repeat(16_385), 1), committed(0)]).find(key), undefined);
  });

  it("is bounded: of many rows those are kept that were seen last", () => {
    const remembered = after(made);
    const numbered = (n: number): RowKey => ({ ...key, id: String(n) });
    const { row } = remembered.find(key) ?? assert.fail();
    const see = (from: number, to: number): void => {
      for (let n = from; n < to; n += 1) remembered.remember(numbered(n), { row, refs: [] });
    };
    see(0, 15_000);
    assert.notEqual(remembered.find(key), undefined, "asked for again in time");
    see(15_000, 35_000);
    assert.equal(remembered.find(numbered(0)), undefined);
    assert.notEqual(remembered.find(numbered(34_999)), undefined);
  });
});
