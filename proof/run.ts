// Runs one experiment as a program of its own and takes its last line.

import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { argumentsOf, commandOf, type Experiment, type Size } from "./experiments.ts";
import type { Kept, Piece, Ran } from "./kept.ts";
import { type ProofLine, readProof } from "./line.ts";

const root = join(import.meta.dirname, "..");
const MOST_MINUTES: Readonly<Record<Size, number>> = { quick: 10, ci: 20, full: 300 };

export async function run(experiment: Experiment, size: Size): Promise<Kept> {
  return { ...(await runWith(experiment, experiment.sizes[size], MOST_MINUTES[size])), size };
}

/** Throws where the sources are not those of a commit: pieces of different programs must not be added up. */
export async function runPiece(experiment: Experiment, flags: string): Promise<Piece> {
  const git = (...args: readonly string[]): string => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain", "--", ":!proof/results", ":!docs");
  if (changed !== "") throw new Error(`a piece is of a commit, and this is not in it:\n${changed}`);
  const version = git("rev-parse", "--short=7", "HEAD");
  return { ...(await runWith(experiment, flags, MOST_MINUTES.full)), version };
}

/** A program that ends otherwise than its last line says, or says none, has not passed; what it did say is in the figure. */
async function runWith(experiment: Experiment, flags: string, minutes: number): Promise<Ran> {
  const began = performance.now();
  const { output, ended } = await outputOf(argumentsOf(experiment, flags), minutes);
  return {
    line: judged(experiment, output, ended),
    command: commandOf(experiment, flags),
    date: new Date().toISOString().slice(0, 10),
    seconds: Math.round((performance.now() - began) / 1000),
  };
}

function judged(experiment: Experiment, output: string, ended: string): ProofLine {
  const { id, promise } = experiment;
  const failed = (why: string): ProofLine => ({
    id,
    promise,
    figure: `none: ${why}`,
    control: "none",
    seeds: "none",
    notShown: [],
    passed: false,
  });
  try {
    const line = readProof(output);
    if (line.id !== id || line.promise !== promise)
      return failed(`it says that it is ${line.id} of ${line.promise}, and the table ${id} of ${promise}`);
    if (line.passed !== (ended === "exit code 0")) return failed(`it ended with ${ended} and said "${line.figure}"`);
    return line;
  } catch (error) {
    return failed(`it ended with ${ended}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function outputOf(args: readonly string[], minutes: number): Promise<{ output: string; ended: string }> {
  const child = spawn(process.execPath, ["--conditions=hallpass-source", ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    timeout: minutes * 60_000,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    process.stderr.write(text);
  });
  const { promise, resolve } = Promise.withResolvers<string>();
  child.on("error", (error) => resolve(error.message));
  child.on("close", (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
  return { ended: await promise, output };
}
