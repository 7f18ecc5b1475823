// A real server in a process of its own (serve-process.ts), for tests that end it.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

const SERVE = join(import.meta.dirname, "serve-process.ts");

export interface ServingProcess {
  readonly child: ChildProcess;
  readonly data: string;
  readonly url: string;
  /** Its exit code; null when a signal ended it. */
  readonly left: Promise<number | null>;
  /** What it has written to its log. */
  readonly output: () => string;
  /** Nobody reads its log any more. */
  readonly stopReading: () => void;
}

/** Settles when it listens. Whatever is left of it ends with the test. */
export async function startServing(t: TestContext, store = "sqlite"): Promise<ServingProcess> {
  const data = mkdtempSync(join(tmpdir(), "hallpass-signal-"));
  const child = spawn(process.execPath, ["--conditions=hallpass-source", SERVE, data, store], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => {
    child.kill("SIGKILL");
    rmSync(data, { recursive: true, force: true });
  });
  let output = "";
  child.stdout.setEncoding("utf8");
  const left = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error("the process left before it listened")));
    child.stdout.on("data", (chunk: string) => {
      output += chunk;
      const found = /"url":"([^"]+)"/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  return { child, data, url, left, output: () => output, stopReading: () => child.stdout.destroy() };
}
