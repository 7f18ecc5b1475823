import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredFact } from "../store/store.ts";
import { aRow, at, SID, START, TENANT } from "../testing/builders.ts";
import { deadLetterChange, deadLetterFromRow } from "./dead-letter.ts";

const FACT: StoredFact = { tenant: TENANT, kind: "session_opened", session: SID, at: START, body: "{}", cursor: "7" };
const DAY = 86_400_000;

test("a fact that is laid aside says who could not take it, and since when, for thirty days [AUD-10]", () => {
  const { key, expect, next } = deadLetterChange(FACT, "audit", at(5));
  assert.deepEqual([key, expect], [{ tenant: TENANT, kind: "dead_letter", id: "audit/7" }, "absent"]);
  assert.ok(typeof next === "object");
  assert.equal(next.expires, at(5 + 30 * DAY));
  const letter = { reader: "audit", kind: "session_opened", session: SID, at: START, laidAside: at(5) };
  assert.deepEqual(deadLetterFromRow(aRow(key, next)), letter);
});

test("a fact that another release has laid aside in a layout of its own is not read as if it were known [AUD-10]", () => {
  const { key } = deadLetterChange(FACT, "audit", START);
  assert.throws(() => deadLetterFromRow(aRow(key, { value: '{"layout":2,"reader":"audit"}', expires: null })), Error);
});
