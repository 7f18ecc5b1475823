#!/usr/bin/env node
// The command `hallpass`: the one file that touches the process.

import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { EXIT } from "./exit-codes.ts";
import { run } from "./run.ts";

const stops: (() => void)[] = [];
let isTold = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // A second signal, or one that nobody waits for, ends it at once.
    if (stops.length === 0) process.exit(signal === "SIGINT" ? 130 : 143);
    isTold = true;
    for (const stop of stops.splice(0)) stop();
  });
}

// Whoever reads us may stop reading: `hallpass … | head`. What was not said may not have been done either, so it ends like a program that
// SIGPIPE has ended, and not like one that is done.
process.stdout.on("error", () => process.exit(EXIT.unread));
// What is said beside may be lost: it ends nothing, and no drain.
process.stderr.on("error", () => undefined);

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

process.exitCode = await run(
  process.argv.slice(2),
  {
    out: (words) => void process.stdout.write(words),
    say: (words) => void process.stderr.write(words),
    readInput: () => text(process.stdin),
    ...(process.stdin.isTTY && process.stderr.isTTY ? { ask } : {}),
    env: process.env,
    now: () => Date.now(),
  },
  (stop) => void stops.push(stop),
);

// What a drain had to leave behind keeps no process that was told to end.
if (isTold) process.exit();
