// Export, checkpoint and proof, from a running server to files, and what is found when a file was touched.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadConfig, type RunningServer, startServer } from "@hallpass/server";
import { run } from "../run.ts";

const data = mkdtempSync(join(tmpdir(), "hallpass-audit-"));
let server: RunningServer;
const files = { export: join(data, "audit.jsonl"), kept: join(data, "kept.json") };

interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly said: string;
}

async function hallpass(...words: readonly string[]): Promise<Ran> {
  const written = { out: "", said: "" };
  const exit = await run(words, {
    out: (text) => void (written.out += text),
    say: (text) => void (written.said += text),
    readInput: async () => "",
    env: { HALLPASS_DATA: data },
    now: () => Date.now(),
  });
  return { exit, ...written };
}

before(async () => {
  const over = { development: "true", data, listen: "127.0.0.1:0", log_level: "silent" };
  const loaded = loadConfig({ env: {}, over });
  assert.ok(loaded.ok);
  server = await startServer(loaded.config);
  for (const subject of ["ada", "bob", "eve"])
    await hallpass("sessions", "open", "--subject", subject, "--client", "demo");
  writeFileSync(files.kept, (await hallpass("audit", "checkpoint")).out);
  writeFileSync(files.export, (await hallpass("audit", "export")).out);
});
after(async () => {
  await server.close();
  rmSync(data, { recursive: true });
});

function spoiled(name: string, change: (lines: string[]) => void): string {
  const lines = readFileSync(files.export, "utf8").trimEnd().split("\n");
  change(lines);
  const path = join(data, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

describe("audit verify", () => {
  it("finds an export whole that nobody touched, with the checkpoint that was kept", async () => {
    const { exit, out } = await hallpass("audit", "verify", files.export, "--checkpoint", files.kept);
    assert.equal(exit, 0, out);
    assert.match(out, /^records 1 to (\d+) are whole; signed up to \1\n$/);
  });

  const touched: readonly [title: string, change: (lines: string[]) => void, fault: RegExp][] = [
    [
      "changed",
      (lines) => void lines.splice(2, 1, (lines[2] ?? "").replace('at_ms\\":1', 'at_ms\\":2')),
      /record 2 was changed/,
    ],
    ["removed", (lines) => void lines.splice(2, 1), /record 2 is not the record of its place/],
    ["reordered", (lines) => void lines.splice(2, 2, lines[3] ?? "", lines[2] ?? ""), /record 2 is not the record/],
    ["truncated", (lines) => void lines.pop(), /was signed and is missing/],
    ["inserted", (lines) => void lines.splice(3, 0, lines[2] ?? ""), /record 3 is not the record of its place/],
  ];
  for (const [title, change, fault] of touched) {
    it(`finds a record that was ${title} [AUD-8]`, async () => {
      const path = spoiled(`${title}.jsonl`, change);
      const { exit, out } = await hallpass("audit", "verify", path, "--checkpoint", files.kept);
      assert.equal(exit, 3, out);
      assert.match(out, fault);
    });
  }

  it("calls an export malformed, with the line, that has a member of another kind than an export has [AUD-8]", async () => {
    const lines = readFileSync(files.export, "utf8").trimEnd().split("\n");
    const [head, record] = [0, 2].map((at) => JSON.parse(lines[at] ?? "") as Readonly<Record<string, unknown>>);
    const person = { name: "subject", value: "ada", salt: "AA" };
    const odd: readonly (readonly [at: number, spoiled: object, said: string])[] = [
      ...[{ persons: [null] }, { persons: ["ada"] }, { persons: [{ ...person, salt: 1 }] }, { persons: {} }].map(
        (members) => [2, { ...record, ...members }, "line 3 of "] as const,
      ),
      ...[{ hash: null }, { entry: {} }].map((members) => [2, { ...record, ...members }, "line 3 of "] as const),
      [2, [], "line 3 of "],
      ...[{ before: 1 }, { issuer: null }, { tenant: [] }, { from: 0 }, { from: 1.5 }, { from: "1" }].map(
        (members) => [0, { ...head, ...members }, ""] as const,
      ),
    ];
    for (const [at, members, said] of odd) {
      const text = JSON.stringify(members);
      const path = spoiled("odd.jsonl", (all) => void all.splice(at, 1, text));
      const ran = await hallpass("audit", "verify", path, "--checkpoint", files.kept);
      const what = at === 0 ? "export of the audit" : "record of an audit";
      assert.deepEqual([ran.exit, ran.out], [2, ""], text);
      assert.ok(ran.said.startsWith(`error: ${said}${path} is no ${what}\nhint: `), ran.said);
    }
    const none = spoiled("none.jsonl", (all) => void all.splice(1, 0, "", "null"));
    const ran = await hallpass("audit", "verify", none, "--checkpoint", files.kept);
    assert.deepEqual([ran.exit, ran.said.split("\n")[0]], [3, `error: line 3 of ${none} is no JSON object`]);
  });

  it("refuses a checkpoint that no key signed, one that is cut, and files that are none", async () => {
    const kept = JSON.parse(readFileSync(files.kept, "utf8")) as { checkpoint: string; keys: object[] };
    const bad: readonly [text: string, exit: number][] = [
      [JSON.stringify({ ...kept, keys: [] }), 3],
      [JSON.stringify({ ...kept, checkpoint: kept.checkpoint.slice(0, -4) }), 3],
      [JSON.stringify({ ...kept, keys: [null] }), 3],
      ["{}", 3],
      ["{", 3],
      ["", 3],
    ];
    for (const [index, [text, exit]] of bad.entries()) {
      const path = join(data, `bad-${index}.json`);
      writeFileSync(path, text);
      assert.equal((await hallpass("audit", "verify", files.export, "--checkpoint", path)).exit, exit, text);
    }
    assert.equal((await hallpass("audit", "verify", join(data, "none"), "--checkpoint", files.kept)).exit, 2);
    assert.equal((await hallpass("audit", "verify", files.kept, "--checkpoint", files.kept)).exit, 2);
    assert.equal((await hallpass("audit", "verify", files.export)).exit, 2);
  });
});

describe("audit export", () => {
  it("writes a line for each record in every format, and refuses one that it does not know", async () => {
    const { out } = await hallpass("audit", "export", "--format", "jsonl");
    const records = out.trimEnd().split("\n").length - 1;
    for (const format of ["ecs", "cef", "ocsf"]) {
      const lines = (await hallpass("audit", "export", "--format", format)).out.trimEnd().split("\n");
      assert.equal(lines.length, records, format);
      assert.ok(lines.some((line) => line.includes("ada")));
    }
    assert.equal((await hallpass("audit", "export", "--format", "xml")).exit, 2);
    assert.equal((await hallpass("audit", "export", "--from", "0")).exit, 2);
    assert.equal((await hallpass("audit", "export", "--from", "99999")).exit, 3);
  });

  it("begins where it is asked to, and is proven from there", async () => {
    const { out } = await hallpass("audit", "export", "--from", "3");
    const path = join(data, "tail.jsonl");
    writeFileSync(path, out);
    const { exit, out: said } = await hallpass("audit", "verify", path, "--checkpoint", files.kept);
    assert.equal(exit, 0, said);
    assert.match(said, /^records 3 to /);
  });
});
