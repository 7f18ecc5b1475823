import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Change, type Instant, type Outcome, type RowKey, type TenantId } from "@hallpass/core";
import { Acknowledged, type ComparedChange } from "./acknowledged.ts";

const key: RowKey = { tenant: "t" as TenantId, kind: "client", id: "web" };
const at = 1000 as Instant;

function committed(seq: number): Outcome {
  return { kind: "committed", pos: { epoch: 1, seq }, at };
}

function writing(value: string, expect: number | "absent", raise = false): Change {
  const notice = { tenant: key.tenant, mark: "AAECAwQFBgc", body: "{}", livesMs: 1 };
  return {
    attempt: `try ${value}`,
    rows: [{ key, expect, next: { value, expires: null }, ...(raise ? { raise: true as const } : {}) }],
    notices: raise ? [notice] : [],
    facts: [],
  };
}

function after(...steps: readonly (readonly [Change, Outcome])[]): Acknowledged {
  const acknowledged = new Acknowledged();
  for (const [change, outcome] of steps) {
    acknowledged.settle(begun(acknowledged, change), [outcome], 0);
  }
  return acknowledged;
}

/** A batch of changes that fit. */
function begun(acknowledged: Acknowledged, ...changes: readonly Change[]): readonly ComparedChange[] {
  return acknowledged.begin(changes).filter((change) => change !== "conflict");
}

/** What of a batch goes to the writer. */
function sent(acknowledged: Acknowledged, changes: readonly Change[]): readonly unknown[] {
  return acknowledged.begin(changes).map((change) => {
    if (change === "conflict") return change;
    const rows = change.rows.map((row) => {
      const { before: _, refsStay, ...written } = row;
      return { ...written, ...(refsStay && { refsStay }) };
    });
    return { ...change, rows };
  });
}

describe("what is acknowledged", () => {
  it("is remembered as the file holds it: value, version, attempt, and a cut-off that later writes keep", () => {
    const acknowledged = after(
      [writing("a", "absent"), committed(0)],
      [writing("b", 1, true), committed(7)],
      [writing("c", 2), committed(7)],
    );
    const row = acknowledged.find(key)?.row;
    assert.deepEqual(
      [row?.value, row?.version, row?.attempt, row?.notBefore, row?.raisedAt],
      ["c", 3, "try c", { epoch: 1, seq: 7 }, at],
    );
    assert.deepEqual(acknowledged.head, { pos: { epoch: 1, seq: 7 }, mark: "AAECAwQFBgc" });
  });

  it("is left to the file when what stood there before is not remembered, because its cut-off is not known", () => {
    assert.equal(after([writing("b", 4), committed(0)]).find(key), undefined);
  });

  it("does not change with a conflict or a failure", () => {
    const opened = [writing("a", "absent"), committed(0)] as const;
    const full: Outcome = { kind: "failed", cause: null, full: true };
    for (const outcome of [{ kind: "conflict" } as const, full]) {
      assert.equal(after(opened, [writing("b", 1), outcome]).find(key)?.row?.value, "a");
    }
  });

  it("is forgotten whole with an unknown outcome: only the file can tell", () => {
    const unknown: Outcome = { kind: "unknown", cause: null };
    const acknowledged = after([writing("a", "absent", true), committed(1)], [writing("b", 1), unknown]);
    assert.deepEqual([acknowledged.find(key), acknowledged.head], [undefined, undefined]);
  });

  it("says of a batch under way which rows, and whether the head, the file may show too early", () => {
    const acknowledged = new Acknowledged();
    const changes = begun(acknowledged, writing("a", "absent", true));
    assert.deepEqual([acknowledged.isUnderWay(key), acknowledged.isHeadUnderWay], [true, true]);
    acknowledged.settle(changes, [committed(1)], 0);
    assert.deepEqual([acknowledged.isUnderWay(key), acknowledged.isHeadUnderWay], [false, false]);
  });

  it("knows that a removed row is gone", () => {
    const gone: Change = { ...writing("", 1), rows: [{ key, expect: 1, next: "gone" }] };
    assert.deepEqual(after([writing("a", "absent"), committed(0)], [gone, committed(0)]).find(key)?.row, undefined);
    assert.notEqual(after([writing("a", "absent"), committed(0)], [gone, committed(0)]).find(key), undefined);
  });

  it("answers a conflict for a row that is remembered otherwise, without asking the file", () => {
    const acknowledged = after([writing("a", "absent"), committed(0)]);
    const comparing: Change = { ...writing("", 2), rows: [{ key, expect: 2, next: "same" }] };
    assert.deepEqual(sent(acknowledged, [writing("b", 2), comparing]), ["conflict", "conflict"]);
    assert.equal(acknowledged.isUnderWay(key), false);
  });

  it("spares the file a comparison that it knows to hold, and nothing that is written or not remembered", () => {
    const acknowledged = after([writing("a", "absent"), committed(0)]);
    const other: RowKey = { ...key, id: "other" };
    const comparing: Change = {
      ...writing("", 1),
      rows: [
        { key, expect: 1, next: "same" },
        { key: other, expect: 3, next: "same" },
      ],
    };
    assert.deepEqual(sent(acknowledged, [comparing]), [{ ...comparing, rows: comparing.rows.slice(1) }]);
    assert.deepEqual(sent(acknowledged, [writing("b", 1)]), [staying(writing("b", 1))]);
  });

  it("says of a row that goes on referring to the same rows that only its value is written, and of no other", () => {
    const acknowledged = after([writing("a", "absent"), committed(0)]);
    const referring = (refs: readonly RowKey[]): Change => ({
      ...writing("b", 1),
      rows: [{ key, expect: 1, next: { value: "b", expires: null, refs } }],
    });
    const elsewhere = referring([{ ...key, id: "elsewhere" }]);
    assert.deepEqual(sent(acknowledged, [elsewhere]), [elsewhere], "it referred to none before");
    const raising = writing("b", 1, true);
    assert.deepEqual(sent(acknowledged, [raising]), [raising], "all of it is written with a cut-off");
    acknowledged.settle(begun(acknowledged, elsewhere), [committed(0)], 0);
    const [row] = elsewhere.rows;
    assert.ok(row !== undefined);
    const again: Change = { ...elsewhere, rows: [{ ...row, expect: 2 }] };
    assert.deepEqual(sent(acknowledged, [again]), [staying(again)]);
    const none = { ...writing("c", 2) };
    assert.deepEqual(sent(acknowledged, [none]), [none], "it referred to one before");
  });

  it("is of a row that several changes of a batch write what the last one wrote, and nothing where nothing was before", () => {
    const both = [writing("b", 1), writing("c", 2)] as const;
    const acknowledged = after([writing("a", "absent"), committed(0)]);
    acknowledged.settle(begun(acknowledged, ...both), [committed(0), committed(0)], 0);
    assert.deepEqual([acknowledged.find(key)?.row?.value, acknowledged.find(key)?.row?.version], ["c", 3]);
    const empty = new Acknowledged();
    empty.settle(begun(empty, ...both), [committed(0), committed(0)], 0);
    assert.equal(empty.find(key), undefined);
  });

  it("is left to the file for a receipt, whether or not somebody had asked for it before there was one", () => {
    const receipt: RowKey = { ...key, kind: "revocation" };
    const made: Change = {
      ...writing("", 0),
      rows: [{ key: receipt, expect: "absent", next: { value: "r", expires: null } }],
    };
    for (const isAsked of [false, true]) {
      const acknowledged = new Acknowledged();
      if (isAsked) acknowledged.remember(receipt, { row: undefined, refs: [] });
      acknowledged.settle(begun(acknowledged, made), [committed(0)], 0);
      assert.equal(acknowledged.find(receipt), undefined);
    }
  });

  it("leaves to the file what an earlier change of the batch writes", () => {
    const acknowledged = after([writing("a", "absent"), committed(0)]);
    const comparing: Change = { ...writing("", 1), rows: [{ key, expect: 1, next: "same" }] };
    assert.deepEqual(sent(acknowledged, [writing("b", 1), comparing]), [staying(writing("b", 1)), comparing]);
  });
});

function staying(change: Change): Change {
  return { ...change, rows: change.rows.map((row) => ({ ...row, refsStay: true })) };
}
