// Starts a committer, lets it answer a number of commits, kills it with SIGKILL in the middle of the next ones,
// and tells what it had answered.

import { spawn } from "node:child_process";
import { type Acknowledged, parseAcknowledged } from "./acknowledged.ts";

export type { Acknowledged } from "./acknowledged.ts";

/** Rejects when the committer ends by itself. */
export async function runUntilKilled(committer: readonly string[], answers: number): Promise<readonly Acknowledged[]> {
  const child = spawn(process.execPath, committer, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let lines = 0;
  let complaints = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    lines += text.split("\n").length - 1;
    if (lines >= answers) child.kill("SIGKILL");
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.on("error", reject);
  child.on("close", (code, signal) => {
    if (signal === "SIGKILL") resolve();
    else reject(new Error(`the committer ended by itself (${code}): ${complaints}`));
  });
  await promise;
  return parseAcknowledged(output);
}
