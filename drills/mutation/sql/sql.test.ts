// How statements are found and changed; whether anybody notices is judged by main.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOf } from "./mutators.ts";
import { SQL_REVIEWED } from "./reviewed.ts";
import { mutantsOf, STORES } from "./table.ts";
import { statementsIn } from "./words.ts";

function changed(sql: string): readonly string[] {
  const source = `const one = "${sql}";`;
  const [place] = statementsIn(source);
  assert.ok(place !== undefined);
  return changesOf(source, ...place).map(({ from, to, text }) =>
    `${source.slice(0, from)}${text}${source.slice(to)}`.slice(13, -2),
  );
}

test("each condition, comparison, order and limit of a question is changed alone, and no parameter is lost", () => {
  assert.deepEqual(changed("SELECT a FROM t WHERE b = ? AND c > ? ORDER BY d, e LIMIT ?"), [
    "SELECT a FROM t WHERE (b = ? OR TRUE) AND c > ? ORDER BY d, e LIMIT ?",
    "SELECT a FROM t WHERE b = ? AND (c > ? OR TRUE) ORDER BY d, e LIMIT ?",
    "SELECT a FROM t WHERE b <> ? AND c > ? ORDER BY d, e LIMIT ?",
    "SELECT a FROM t WHERE b = ? AND c >= ? ORDER BY d, e LIMIT ?",
    "SELECT a FROM t WHERE b = ? AND c > ?  LIMIT ?",
    "SELECT a FROM t WHERE b = ? AND c > ? ORDER BY d DESC, e LIMIT ?",
    "SELECT a FROM t WHERE b = ? AND c > ? ORDER BY d LIMIT ?",
    "SELECT a FROM t WHERE b = ? AND c > ? ORDER BY d, e LIMIT ? + 1000000",
    "SELECT a FROM t WHERE b = ? AND c > ? ORDER BY d, e LIMIT ? + 1",
  ]);
});

test("each assignment of an update is dropped alone, and what a nested question asks is changed once", () => {
  assert.deepEqual(changed("UPDATE t SET a = a + 1, b = max(b, ?) WHERE c IN (SELECT d FROM u WHERE e <= ?)"), [
    "UPDATE t SET a = a + 1, b = max(b, ?) WHERE (c IN (SELECT d FROM u WHERE e <= ?) OR TRUE)",
    "UPDATE t SET a = a + 1, b = max(b, ?) WHERE c IN (SELECT d FROM u WHERE (e <= ? OR TRUE))",
    "UPDATE t SET a = a + 1, b = max(b, ?) WHERE c IN (SELECT d FROM u WHERE e < ?)",
    "UPDATE t SET a = a + 1, b = min(b, ?) WHERE c IN (SELECT d FROM u WHERE e <= ?)",
    "UPDATE t SET a = a - 1, b = max(b, ?) WHERE c IN (SELECT d FROM u WHERE e <= ?)",
    "UPDATE t SET a = CASE WHEN TRUE THEN a ELSE a + 1 END, b = max(b, ?) WHERE c IN (SELECT d FROM u WHERE e <= ?)",
    "UPDATE t SET a = a + 1, b = CASE WHEN TRUE THEN b ELSE max(b, ?) END WHERE c IN (SELECT d FROM u WHERE e <= ?)",
  ]);
});

test("what was reviewed stands in a source, and nothing of it twice", () => {
  const told = STORES.flatMap(mutantsOf).map(({ file, at, says }) => `${file}\n${at}\n${says}`);
  const all = new Set(told);
  assert.equal(all.size, told.length, "a reason is of one change");
  const reviewed = SQL_REVIEWED.flatMap(({ changes }) =>
    Object.entries(changes).flatMap(([file, each]) => each.map(([at, says]) => `${file}\n${at}\n${says}`)),
  );
  assert.deepEqual(
    reviewed.filter((one) => !all.has(one)),
    [],
  );
  assert.equal(new Set(reviewed).size, reviewed.length);
});
