import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Change, Instant, TenantId } from "@hallpass/core";
import { type Journey, journey } from "../testing/journey.ts";
import { lineFromText, lineToText } from "./journal-line.ts";
import { JournalWriter } from "./journal-writer.ts";
import { lastKept, readJournal } from "./read-journal.ts";

const scratch = mkdtempSync(join(tmpdir(), "hallpass-journal-"));
after(() => rmSync(scratch, { recursive: true }));

let made = 0;
function fresh(): string {
  made += 1;
  return join(scratch, `j${made}`);
}

const header = { tenant: "default", store: "AAECAwQFBgc" };
const change = (attempt: string): Change => ({
  attempt,
  rows: [],
  notices: [{ tenant: "default" as TenantId, mark: "AAECAwQFBgc", body: "{}", livesMs: 1 }],
  facts: [],
});

interface Written {
  readonly directory: string;
  readonly writer: JournalWriter;
  readonly clock: { at: number };
  readonly files: () => readonly string[];
}

function aWriter(kept = 1000): Written {
  const directory = fresh();
  const clock = { at: 1_800_000_000_000 };
  const writer = new JournalWriter({
    directory,
    header,
    kept,
    clock: { now: () => clock.at as Instant },
    dice: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
  });
  return { directory, writer, clock, files: () => readdirSync(directory).map((name) => join(directory, name)) };
}

const line = (attempt: string) => ({ kind: "change", change: change(attempt), at: 1 as Instant }) as const;
const committed = (attempt: string, seq: number) =>
  ({ kind: "committed", attempt, pos: { epoch: 1, seq }, at: 2 as Instant, mark: "AAECAwQFBgc" }) as const;

describe("a journal's file", () => {
  it("gives back what was written, and tells a change by what became of it [JRN-4] [JRN-11]", async () => {
    const { directory, writer } = aWriter();
    await writer.append([line("a"), line("b"), line("c")]);
    writer.note([committed("a", 7), { kind: "void", attempt: "b" }]);
    await writer.close();
    const { changes, broken, files } = readJournal([directory], header);
    assert.deepEqual([files, broken], [1, []]);
    assert.deepEqual(
      changes.map(({ attempt, committed: end }) => [attempt, end?.pos.seq ?? null]),
      [
        ["a", 7],
        ["c", null],
      ],
    );
    assert.deepEqual(lastKept(directory, header), { pos: { epoch: 1, seq: 7 }, mark: "AAECAwQFBgc" });
  });

  it("of another store, another tenant or of another format is none of this one's [JRN-11]", async () => {
    const { directory, writer } = aWriter();
    await writer.append([line("a")]);
    await writer.close();
    assert.equal(readJournal([directory], { ...header, store: "BBECAwQFBgc" }).files, 0);
    assert.equal(readJournal([directory], { ...header, tenant: "shop" }).files, 0);
    writeFileSync(join(directory, "1800000000001-0000000000000000.journal"), "not a journal\n");
    assert.equal(readJournal([directory], header).files, 1);
  });

  it("may end within a line, and with a line that was changed elsewhere it is broken [JRN-11]", async () => {
    const { directory, writer, files } = aWriter();
    await writer.append([line("a"), line("b")]);
    await writer.close();
    const [file = ""] = files();
    const whole = readFileSync(file);
    truncateSync(file, whole.length - 5);
    const torn = readJournal([directory], header);
    assert.deepEqual([torn.changes.length, torn.broken.length], [1, 0]);
    const spoilt = Buffer.from(whole);
    spoilt[whole.length - 30] = 0x7e;
    writeFileSync(file, spoilt);
    assert.equal(readJournal([directory], header).broken.length, 1);
    writeFileSync(file, whole);
    appendFileSync(file, "\0\0\0\0");
    assert.deepEqual(readJournal([directory], header).broken, []);
  });

  it("is no line with another checksum, of another kind, or without a blank [JRN-11]", () => {
    const text = lineToText(line("a")).trimEnd();
    assert.equal(lineFromText(text)?.kind, "change");
    assert.equal(lineFromText(text.replace('"a"', '"b"')), undefined);
    assert.equal(lineFromText(`0${text}`), undefined);
    assert.equal(lineFromText(""), undefined);
  });

  it("is followed by another after a day, and goes when it was kept long enough [JRN-12]", async () => {
    const { writer, clock, files } = aWriter(1000);
    await writer.append([line("a")]);
    clock.at += 24 * 60 * 60 * 1000 - 1;
    await writer.append([line("b")]);
    assert.equal(files().length, 1);
    const [first = ""] = files();
    utimesSync(first, clock.at / 1000, clock.at / 1000);
    clock.at += 1;
    await writer.append([line("c")]);
    assert.equal(files().length, 2, "written less than what it is kept ago");
    for (const file of files()) utimesSync(file, clock.at / 1000, clock.at / 1000);
    clock.at += 24 * 60 * 60 * 1000;
    await writer.append([line("d")]);
    assert.equal(files().length, 1);
    await writer.close();
  });

  it("of one process is no other's: two may share a directory [JRN-12]", async () => {
    const forLong = 100 * 365 * 24 * 60 * 60 * 1000;
    const one = aWriter(forLong);
    const other = new JournalWriter({
      directory: one.directory,
      header,
      kept: forLong,
      clock: { now: () => one.clock.at as Instant },
      dice: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
    });
    await Promise.all([one.writer.append([line("a")]), other.append([line("b")])]);
    await Promise.all([one.writer.close(), other.close()]);
    assert.equal(readJournal([one.directory], header).changes.length, 2);
  });
});

describe("a journal whose disk takes no more", () => {
  const refusedAppends = `
    const { JournalWriter } = await import(process.argv[1]);
    const { readdirSync } = await import("node:fs");
    const writer = new JournalWriter({
      directory: process.argv[2],
      header: { tenant: "default", store: "AAECAwQFBgc" },
      kept: 1e12,
      clock: { now: () => Date.now() },
      dice: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
    });
    const descriptors = () => readdirSync("/proc/self/fd").length;
    let refused = 0;
    const append = () => writer.append([{ kind: "void", attempt: "a".repeat(20000) }]).catch(() => (refused += 1));
    await append();
    const before = descriptors();
    for (let count = 0; count < 20; count += 1) await append();
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
    console.log(JSON.stringify({ refused, more: descriptors() - before, files: readdirSync(process.argv[2]).length }));
  `;

  /** A limit of the size of files: a write beyond it fails, as on a disk that is full. Blocks of 512 or 1,024 bytes. */
  function refusedAt(blocks: number): SpawnSyncReturns<string> {
    const writer = new URL("./journal-writer.ts", import.meta.url).href;
    const run = `ulimit -f ${blocks}; exec "$0" --expose-gc --conditions=hallpass-source --input-type=module -e "$@"`;
    const args = ["-c", run, process.execPath, refusedAppends, writer, fresh()];
    return spawnSync("sh", args, { encoding: "utf8", timeout: 20_000 });
  }

  it("refuses, keeps no file and no descriptor for what it refused, and lives, be there room for a first line or not [JRN-9]", () => {
    for (const blocks of [0, 4]) {
      const { status, stdout, stderr } = refusedAt(blocks);
      assert.equal(status, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), { refused: 21, more: 0, files: 0 }, `${blocks} blocks`);
    }
  });
});

describe("a server with a journal", () => {
  async function served(directory: string): Promise<Journey> {
    return journey({}, { revocation_journal: directory });
  }
  const revoke = (one: Journey, sid: string): ReturnType<Journey["operate"]> =>
    one.operate({ path: "/v1/revocations", json: { targets: [{ type: "session", sid }] } });

  it("has every revocation there when it is answered, and no refresh [JRN-1] [JRN-3] [JRN-9]", async () => {
    const directory = fresh();
    const one = await served(directory);
    const [{ sid }, other] = [await one.signIn(), await one.signIn("u-2")];
    const own = await headerIn(directory);
    const before = readJournal([join(directory, "default")], own).changes.length;
    assert.equal((await one.refresh(other.refresh)).status, 200);
    assert.equal(readJournal([join(directory, "default")], own).changes.length, before);
    const { json } = await revoke(one, sid);
    assert.equal(readJournal([join(directory, "default")], own).changes.length, before + 1);
    await one.end();
    const { changes } = readJournal([join(directory, "default")], own);
    assert.equal(`1.${changes.at(-1)?.committed?.pos.seq}`, json["pos"]);
  });

  it("answers 503 to a revocation that the journal can't take, commits nothing, and goes on by itself [JRN-9] [P10]", async () => {
    const directory = fresh();
    const one = await served(directory);
    const { sid, refresh } = await one.signIn();
    await one.restart();
    rmSync(directory, { recursive: true });
    writeFileSync(directory, "in the way");
    const refused = await revoke(one, sid);
    assert.deepEqual([refused.status, refused.json["code"]], [503, "store_unavailable"]);
    assert.notEqual(refused.headers.get("retry-after"), null);
    assert.equal((await one.refresh(refresh)).status, 200, "nothing was taken, and a refresh needs no journal");
    rmSync(directory);
    assert.equal((await revoke(one, sid)).status, 201);
    assert.equal(readJournal([join(directory, "default")], await headerIn(directory)).changes.length, 1);
    await one.end();
  });

  it("does not serve a store that is older than its journal, and says what to do [JRN-10]", async () => {
    const directory = fresh();
    const one = await served(directory);
    const { sid } = await one.signIn();
    await revoke(one, sid);
    const own = join(directory, "default");
    const [name = ""] = readdirSync(own);
    appendFileSync(join(own, name), lineToText(committed("later", 9)));
    await assert.rejects(one.restart(), /older than its revocation journal: it ends at 1\.1, the journal at 1\.9/);
    await one.end();
  });
});

async function headerIn(directory: string): Promise<typeof header> {
  const own = join(directory, "default");
  const [name = ""] = readdirSync(own);
  const first = lineFromText(readFileSync(join(own, name), "utf8").split("\n")[0] ?? "");
  assert.ok(first?.kind === "journal");
  return first;
}
