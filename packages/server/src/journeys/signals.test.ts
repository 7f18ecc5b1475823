// A real process on a real signal.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const SERVE = join(import.meta.dirname, "../testing/serve-process.ts");

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} drains a process that has an idle connection, and it leaves with 0 and its last lines written`, async (t) => {
    const data = mkdtempSync(join(tmpdir(), "hallpass-signal-"));
    t.after(() => rmSync(data, { recursive: true }));
    const child = spawn(process.execPath, ["--conditions=hallpass-source", SERVE, data], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8");
    const left = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const listening = new Promise<string>((resolve, reject) => {
      child.once("exit", () => reject(new Error("the process left before it listened")));
      child.stdout.on("data", (chunk: string) => {
        output += chunk;
        const url = /"url":"([^"]+)"/.exec(output)?.[1];
        if (url !== undefined) resolve(url);
      });
    });
    const socket = connect(Number(new URL(await listening).port), "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    child.kill(signal);
    assert.equal(await left, 0);
    assert.match(output, /"event":"closed"/);
  });
}
