import assert from "node:assert/strict";
import { test } from "node:test";
import type { Change } from "@hallpass/core";
import { outcomesOf } from "./outcomes.ts";

const one: Change = { attempt: "AAAAAAAAAAA", rows: [], notices: [], facts: [] };
const kindOf = (code: string, sent = true): string | undefined => outcomesOf({ code }, [one], sent)[0]?.kind;

test("an error in which the server says that it has undone the transaction is a failure that wrote nothing", () => {
  for (const code of ["23505", "40001", "40P01", "42501", "53100", "53300", "54000", "55P03", "57014"])
    assert.equal(kindOf(code), "failed", code);
});

test("an error that leaves open whether the transaction is there makes the outcome unknown", () => {
  for (const code of ["40003", "08006", "57P01", "57P02", "58030", "XX000", "ECONNRESET", "40", "400011"])
    assert.equal(kindOf(code), "unknown", code);
});

test("what was never sent is a failure, whatever the error says", () => {
  for (const code of ["40003", "08006", "ECONNREFUSED"]) assert.equal(kindOf(code, false), "failed", code);
});

test("of all failures only a full disk says that there is no room", () => {
  const isFull = (code: string): boolean => {
    const [outcome] = outcomesOf({ code }, [one], true);
    return outcome?.kind === "failed" && outcome.full;
  };
  assert.deepEqual([isFull("53100"), isFull("53200"), isFull("53300")], [true, false, false]);
});
