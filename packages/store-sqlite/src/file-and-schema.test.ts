// What the store asks of its file: alone, private, and of a schema that it knows.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test, { type TestContext } from "node:test";
import { Fault, instantOf, parseTenantId, type RowKey, type Store } from "@hallpass/core";
import { openSqliteStore } from "./sqlite-store.ts";

const [role, path] = process.argv.slice(2);
if (role === "hold" && path !== undefined) await hold(path);
else register();

async function hold(file: string): Promise<void> {
  await open(file);
  console.log("open");
}

function register(): void {
  test("a second process is refused while the first serves the file, and not a moment longer when it is killed", async (t) => {
    const file = fileFor(t);
    const args = ["--conditions=hallpass-source", import.meta.filename, "hold", file];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await assert.rejects(open(file), isRefusalNaming(file));
    child.kill("SIGKILL");
    await once(child, "exit");
    await (await open(file)).close();
  });

  test("a second store in the same process is refused, loosens nothing, and is served once the first is closed", async (t) => {
    const file = fileFor(t);
    const first = await open(file);
    await assert.rejects(open(file), isRefusalNaming(file));
    const args = ["--conditions=hallpass-source", import.meta.filename, "hold", file];
    const other = spawnSync(process.execPath, args, { encoding: "utf8" });
    assert.notEqual(other.status, 0);
    assert.match(other.stderr, /in use/);
    await first.close();
    await (await open(file)).close();
  });

  test("the directory and every file are the owner's alone", async (t) => {
    const file = fileFor(t);
    const store = await open(file);
    const mode = (name: string): number => statSync(name).mode & 0o777;
    assert.equal(mode(join(file, "..")), 0o700);
    for (const suffix of ["", "-wal", "-shm", "-lock"]) assert.equal(mode(file + suffix), 0o600, suffix);
    await store.close();
  });

  test("a file of another generation is refused and left as it was", async (t) => {
    const file = fileFor(t);
    await (await open(file)).close();
    alter(file, "PRAGMA user_version = 2000");
    await assert.rejects(open(file), isRefusalNaming(file));
    alter(file, "PRAGMA user_version = 1000");
    await (await open(file)).close();
  });

  test("a file to which a later release has added is served", async (t) => {
    const file = fileFor(t);
    await (await open(file)).close();
    alter(file, "ALTER TABLE rows ADD COLUMN later TEXT; PRAGMA user_version = 1007");
    const store = await open(file);
    assert.deepEqual((await store.read([])).head.pos, { epoch: 1, seq: 0 });
    await store.close();
  });

  test("a database of something else is refused and left as it was", async (t) => {
    const file = fileFor(t);
    await (await open(file)).close();
    const other = `${file}-other`;
    alter(other, "CREATE TABLE theirs (a)");
    await assert.rejects(open(other), isRefusalNaming(other));
    alter(other, "INSERT INTO theirs VALUES (1)");
  });

  test("a file whose pages were overwritten is a fault, never an answer [G-07]", async (t) => {
    const file = fileFor(t);
    const tenant = parseTenantId("main") ?? assert.fail();
    const keys = Array.from({ length: 400 }, (_, index): RowKey => ({ tenant, kind: "session", id: `s-${index}` }));
    const store = await open(file);
    for (const key of keys) {
      const next = { value: "x".repeat(500), expires: null, refs: [] };
      const attempt = Buffer.from(key.id.padStart(8)).toString("base64url");
      await store.commit([{ attempt, rows: [{ key, expect: "absent", next }], notices: [], facts: [] }]);
    }
    await store.close();
    const bytes = readFileSync(file);
    // Everything behind the pages that are read at the opening.
    bytes.fill(0xa5, bytes.length / 2);
    writeFileSync(file, bytes);
    const seen: string[] = [];
    try {
      const again = await open(file);
      t.after(() => again.close());
      for (const key of keys) {
        try {
          seen.push((await again.read([key])).get(key)?.value === "x".repeat(500) ? "whole" : "absent or another");
        } catch (error) {
          seen.push(error instanceof Fault ? "fault" : String(error));
        }
      }
    } catch (error) {
      seen.push(error instanceof Error ? "refused at the opening" : String(error));
    }
    assert.ok(
      seen.some((one) => one === "fault" || one === "refused at the opening"),
      "the damage was met",
    );
    assert.deepEqual(
      [...new Set(seen)].filter((one) => !["whole", "fault", "refused at the opening"].includes(one)),
      [],
    );
  });

  test("a file that is no database is refused", async (t) => {
    const file = import.meta.filename;
    await assert.rejects(open(file), isRefusalNaming(file));
    t.after(() => rmSync(`${file}-lock`));
  });
}

function open(file: string): Promise<Store> {
  const clock = { now: () => instantOf(Date.now()) };
  return openSqliteStore({ file, clock, dice: { bytes: (length) => new Uint8Array(length) } });
}

function fileFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-file-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, "made", "hallpass.db");
}

function alter(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

function isRefusalNaming(file: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof Fault &&
    error.code === "store_unavailable" &&
    error.cause instanceof Error &&
    error.cause.message.includes(file);
}
