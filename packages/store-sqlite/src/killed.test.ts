// kill -9 in the middle of commits, again and again on one file. HALLPASS_KILLS says how often; five without it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import { instantOf, type Store } from "@hallpass/core";
import { type Acknowledged, commitUntilKilled, mustHoldAll, runUntilKilled } from "@hallpass/store-contract";
import { openSqliteStore } from "./sqlite-store.ts";

const [role, path] = process.argv.slice(2);
if (role === "commit until killed" && path !== undefined) await commitUntilKilled(await open(path));
else register();

function register(): void {
  const kills = Number(process.env["HALLPASS_KILLS"] ?? 5);
  test(`of all commits answered before ${kills} kills none is lost, and the file stays whole [G-04]`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "hallpass-killed-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const file = join(directory, "hallpass.db");
    const committer = ["--conditions=hallpass-source", import.meta.filename, "commit until killed", file];
    const acknowledged: Acknowledged[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      acknowledged.push(...(await runUntilKilled(committer, 100 * kill)));
      const store = await open(file);
      try {
        await mustHoldAll(store, acknowledged.slice(-1000));
      } finally {
        await store.close();
      }
      const db = new DatabaseSync(file, { readOnly: true });
      assert.deepEqual({ ...db.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
      db.close();
    }
    t.diagnostic(`${acknowledged.length} answered, none lost`);
  });
}

function open(file: string): Promise<Store> {
  const clock = { now: () => instantOf(Date.now()) };
  return openSqliteStore({ file, clock, dice: { bytes: (length) => new Uint8Array(length) } });
}
