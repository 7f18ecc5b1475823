// Runs every transcript against a real server on a fresh data directory.

import assert from "node:assert/strict";
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { loadConfig, startServer } from "@hallpass/server";
import { run } from "./run.ts";
import { joinSilently } from "./transcripts/silent-verifier.ts";
import { parseTranscript, Remembered, type Step } from "./transcripts/transcript.ts";

const KEK = "kek-kek-kek-kek-kek-kek-kek-kek-kek-kek-kkA";
const folder = join(import.meta.dirname, "transcripts");

for (const file of globSync(join(folder, "*.txt")).toSorted()) {
  test(`the transcript ${basename(file, ".txt")} is what happens`, async () => {
    const data = mkdtempSync(join(tmpdir(), "hallpass-cli-"));
    const over = { development: "true", data, listen: "127.0.0.1:0", log_level: "silent" };
    const loaded = loadConfig({ env: {}, over });
    assert.ok(loaded.ok);
    writeFileSync(join(data, "production.json"), JSON.stringify({ issuer: "https://auth.example", kek: KEK }));
    // What the transcripts apply.
    cpSync(join(folder, "files"), data, { recursive: true });
    const server = await startServer(loaded.config);
    const silent = file.endsWith("silent-verifier.txt") ? await joinSilently(server.url, data) : undefined;
    try {
      const remembered = new Remembered();
      remembered.set("data", data);
      for (const step of parseTranscript(readFileSync(file, "utf8"))) {
        await play(step, remembered, data, `${basename(file)}:${step.line}: ${step.command}`);
      }
    } finally {
      silent?.close();
      await server.close();
      rmSync(data, { recursive: true });
    }
  });
}

/** An access token begins with its header, `at+jwt`; a receipt's signature, which opens nothing, with another. */
const ANY_TOKEN = /hpr_|hps_|eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0/;

async function play(step: Step, remembered: Remembered, data: string, where: string): Promise<void> {
  const [command = "", input] = step.command.split(" < ");
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
  const set = words.splice(0, words.indexOf("hallpass")).map((word) => remembered.fill(word).split("="));
  assert.equal(words.shift(), "hallpass", where);
  const written = { out: "", said: "" };
  const exit = await run(
    words.map((word) => remembered.fill(word)),
    {
      out: (text) => void (written.out += text),
      say: (text) => void (written.said += text),
      readInput: async () => (input === undefined ? "" : remembered.fill(input)),
      env: { HALLPASS_DATA: data, ...Object.fromEntries(set) },
      now: () => Date.now(),
    },
  );
  const all = `${written.out}${written.said}`;
  assert.ok(!all.includes(KEK), `${where}: the key-encryption key is shown`);
  assert.doesNotMatch(all, /hpc_[\w-]{8}/, `${where}: a client's secret is shown nowhere`);
  if (!command.startsWith("hallpass sessions open ")) assert.doesNotMatch(all, ANY_TOKEN, `${where}: a token is shown`);
  remembered.match(step.said, written.said, `${where}: stderr`);
  remembered.match(step.out, written.out, `${where}: stdout`);
  assert.equal(exit, step.exit, `${where}: exit code`);
}
