// The writer alone, without the rows that are remembered before it: what it finds in the file decides.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { type Change, instantOf, type Outcome, parseTenantId, type RowChange, type RowKey } from "@hallpass/core";
import { Acknowledged } from "./acknowledged.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

const tenant = parseTenantId("t");
assert.ok(tenant !== undefined);
const now = instantOf(1_000);
const clock = { now: () => now };

function key(id: string): RowKey {
  assert.ok(tenant !== undefined);
  return { tenant, kind: "session", id };
}

function made(id: string): RowChange {
  return { key: key(id), expect: "absent", next: { value: "made", expires: null } };
}

function updated(id: string, expect: number): RowChange {
  return { key: key(id), expect, next: { value: "updated", expires: null } };
}

function change(...rows: readonly RowChange[]): Change {
  assert.ok(tenant !== undefined);
  return {
    attempt: "AAAAAAAAAAA",
    rows,
    notices: [{ tenant, mark: "AAAAAAAAAAA", body: "{}", livesMs: 1 }],
    facts: [{ tenant, kind: "told", session: null, at: now, body: "{}" }],
  };
}

function stage(t: TestContext): {
  readonly file: string;
  readonly commit: (...changes: readonly Change[]) => readonly Outcome[];
} {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-writer-"));
  const file = join(directory, "store.sqlite");
  const writer = new Writer({ file, birthMark: "AAAAAAAAAAA", maxBytes: undefined });
  t.after(() => {
    writer.close();
    rmSync(directory, { recursive: true });
  });
  return { file, commit: (...changes) => writer.commit(changes, now).outcomes };
}

test("a change that conflicts in its last row leaves nothing of itself: no row, no notice, no fact", async (t) => {
  const { file, commit } = stage(t);
  const kinds = commit(
    change(made("there")),
    change(made("a"), updated("there", 2)),
    change(made("b"), made("there")),
    change(made("c"), updated("nowhere", 1)),
    change(made("d"), updated("there", 1)),
  ).map(({ kind }) => kind);
  assert.deepEqual(kinds, ["committed", "conflict", "conflict", "conflict", "committed"]);
  const reader = new Reader(file);
  t.after(() => reader.close());
  const keys = ["there", "a", "b", "c", "d", "nowhere"].map(key);
  const snapshot = reader.read(keys, clock, new Acknowledged());
  assert.deepEqual(
    keys.map((one) => snapshot?.get(one)?.value),
    ["updated", undefined, undefined, undefined, "made", undefined],
  );
  assert.equal(snapshot?.get(key("there"))?.version, 2);
  assert.equal(snapshot?.head.pos.seq, 2);
  assert.ok(tenant !== undefined);
  assert.equal(reader.facts({ tenant, limit: 10 }).facts.length, 2);
});
