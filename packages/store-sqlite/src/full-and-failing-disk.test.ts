// A disk that is full or fails: nothing that was answered is lost, nothing is answered that was not written,
// and the store goes on by itself.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { type Change, type FactDraft, instantOf, parseTenantId, type RowKey, type Store } from "@hallpass/core";
import { openSqliteStore } from "./sqlite-store.ts";

const tenant = parseTenantId("main");
assert.ok(tenant !== undefined);
const home = tenant;

const [role, path] = process.argv.slice(2);
if (role === "commit on a failing disk" && path !== undefined) await commitOnFailingDisk(path);
else register();

function register(): void {
  test("a full file fails a commit as full, keeps what it holds, and takes commits again when there is room", async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "hallpass-full-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const store = await open(join(directory, "hallpass.db"), 400_000);
    let written = 0;
    for (;;) {
      const [outcome] = await store.commit([changeOf(written, factOf("x".repeat(4000)))]);
      if (outcome?.kind !== "committed") {
        assert.ok(outcome?.kind === "failed" && outcome.full);
        break;
      }
      written += 1;
    }
    assert.ok(written > 10);
    assert.equal((await store.read([keyOf(written)])).get(keyOf(written)), undefined);
    assert.equal((await store.facts({ tenant: home, limit: 1000 })).facts.length, written);
    await store.drop({ horizon: instantOf(0), factsBefore: instantOf(2), limit: 1000 });
    const [again] = await store.commit([changeOf(written, factOf("x".repeat(4000)))]);
    assert.equal(again?.kind, "committed");
    await store.close();
  });

  test("a write that fails inside COMMIT has an unknown outcome, and the store recovers and goes on", (t) => {
    const directory = mkdtempSync(join(tmpdir(), "hallpass-failing-"));
    t.after(() => rmSync(directory, { recursive: true }));
    // The kernel refuses to let any file grow beyond 300 KiB: the log meets that in the middle of a commit.
    const program = `ulimit -f 300; exec "${process.execPath}" "$@"`;
    const args = [
      "--conditions=hallpass-source",
      import.meta.filename,
      "commit on a failing disk",
      join(directory, "a.db"),
    ];
    const run = spawnSync("bash", ["-c", program, "bash", ...args], { encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    const [unknown, committed, lost] = run.stdout.trim().split(" ").map(Number);
    assert.ok(unknown !== undefined && unknown > 0, "the disk failed at least once");
    assert.deepEqual([committed, lost], [300, 0]);
  });
}

/** Counts up one row 300 times, resolving each unknown outcome by its attempt, as core does. */
async function commitOnFailingDisk(file: string): Promise<void> {
  const store = await open(file);
  let unknown = 0;
  let lost = 0;
  for (let n = 0; n < 300; ) {
    const one = changeOf(n);
    const [outcome] = await store.commit([one]);
    if (outcome?.kind === "unknown") unknown += 1;
    const row = (await store.read([keyOf(n)])).get(keyOf(n));
    const isThere = row?.attempt === one.attempt;
    if (outcome?.kind === "committed" && !isThere) lost += 1;
    if (isThere) n += 1;
    if (unknown > 100) break;
  }
  await store.close();
  const again = await open(file);
  let kept = 0;
  for (let n = 0; n < 300; n += 1) if ((await again.read([keyOf(n)])).get(keyOf(n)) !== undefined) kept += 1;
  await again.close();
  console.log(unknown, kept, lost);
}

function open(file: string, maxBytes?: number): Promise<Store> {
  const options = {
    file,
    clock: { now: () => instantOf(1000) },
    dice: { bytes: (length: number) => new Uint8Array(length) },
  };
  return openSqliteStore(maxBytes === undefined ? options : { ...options, maxBytes });
}

function keyOf(n: number): RowKey {
  return { tenant: home, kind: "session", id: `session ${n % 40}/${n}` };
}

function changeOf(n: number, ...facts: readonly FactDraft[]): Change {
  const next = { value: "v".repeat(200), expires: instantOf(n) };
  return { attempt: `attempt ${n}`, rows: [{ key: keyOf(n), expect: "absent", next }], notices: [], facts };
}

function factOf(body: string): FactDraft {
  return { tenant: home, kind: "session_opened", session: null, at: instantOf(1), body };
}
