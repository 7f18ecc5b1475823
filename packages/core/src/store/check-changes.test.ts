// Which changes no store may take: they throw before anything is written.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TenantId } from "../kernel/ids.ts";
import { TENANT } from "../testing/builders.ts";
import { checkChanges, MOST_ROWS } from "./check-changes.ts";
import type { Change, RowChange, RowKey } from "./store.ts";

const key = (id: string, more: Partial<RowKey> = {}): RowKey => ({ tenant: TENANT, kind: "lease", id, ...more });
const next = { value: "x", expires: null };
const aRow = (id: string, changes: Partial<RowChange> = {}): RowChange => ({
  key: key(id),
  expect: "absent",
  next,
  ...changes,
});
const same = (id: string): RowChange => aRow(id, { expect: 1, next: "same" });

function aChange(...rows: readonly RowChange[]): Change {
  return { attempt: "AAAAAAAAAAA", rows, notices: [], facts: [] };
}

const notice = { tenant: TENANT, mark: "AAAAAAAAAAA", body: "{}", livesMs: 1 };
const fact = (bytes: number) => ({ tenant: TENANT, session: null, at: 0, kind: "x", body: "x".repeat(bytes) });

describe("a change", () => {
  const cases: readonly [title: string, changes: readonly Change[], isTaken: boolean][] = [
    ["names a row once", [aChange(aRow("a"), aRow("b"), same("c"))], true],
    ["names a row twice", [aChange(aRow("a"), aRow("b"), aRow("a"))], false],
    ["compares and writes a row", [aChange(same("a"), aRow("a"))], false],
    [
      "names rows of other kinds and tenants with one id",
      [
        aChange(
          aRow("a"),
          aRow("a", { key: key("a", { kind: "client" }) }),
          aRow("a", { key: key("a", { tenant: "t" as TenantId }) }),
        ),
      ],
      true,
    ],
    ["is one of two that write a row", [aChange(aRow("a")), aChange(aRow("a"))], false],
    ["is one of two that compare a row", [aChange(same("a"), aRow("b")), aChange(same("a"), aRow("c"))], true],
    ["compares what another writes", [aChange(same("a")), aChange(aRow("a"))], false],
    ["writes what another compares", [aChange(aRow("a")), aChange(same("a"))], false],
    ["names a row twice, after another change", [aChange(aRow("a")), aChange(aRow("b"), aRow("b"))], false],
    ["has as many rows as may be", [aChange(...Array.from({ length: MOST_ROWS }, (_, n) => aRow(`${n}`)))], true],
    ["has one more", [aChange(...Array.from({ length: MOST_ROWS + 1 }, (_, n) => aRow(`${n}`)))], false],
    ["has nothing", [aChange()], false],
    ["has no attempt", [{ ...aChange(aRow("a")), attempt: "" }], false],
    ["has an empty id", [aChange(aRow(""))], false],
    ["has the longest id", [aChange(aRow("x".repeat(512)))], true],
    ["has a longer id", [aChange(aRow("x".repeat(513)))], false],
    ["has an id of fewer characters and more bytes", [aChange(aRow("é".repeat(257)))], false],
    ["has the longest fact", [{ ...aChange(), facts: [fact(4096)] } as unknown as Change], true],
    ["has a longer fact", [{ ...aChange(), facts: [fact(4097)] } as unknown as Change], false],
    ["raises without a notice", [aChange(aRow("a", { raise: true }))], false],
    ["raises what it only compares", [{ ...aChange({ ...same("a"), raise: true }), notices: [notice] }], false],
    ["raises with a notice", [{ ...aChange(aRow("a", { raise: true })), notices: [notice] }], true],
    ["removes what must not exist", [aChange(aRow("a", { next: "gone" }))], false],
    ["removes what exists", [aChange(aRow("a", { expect: 1, next: "gone" }))], true],
  ];
  for (const [title, changes, isTaken] of cases)
    it(`that ${title} is ${isTaken ? "taken" : "a defect"}`, () => {
      if (isTaken) checkChanges(changes);
      else assert.throws(() => checkChanges(changes), RangeError);
    });
});
