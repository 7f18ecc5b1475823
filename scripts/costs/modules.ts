// How many modules a program loads, those of the platform left aside: most of what a start takes.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const COMMAND = join(import.meta.dirname, "../../apps/cli/src/main.ts");
const COUNT = pathToFileURL(join(import.meta.dirname, "count-modules.ts")).href;
/** Nobody answers there: everything is loaded by then. */
const NOWHERE = "store=postgres://hallpass@127.0.0.1:1/none";

/** Exit codes of the command (apps/cli/src/exit-codes.ts). */
const [DONE, UNAVAILABLE] = [0, 4];

/** By what it is called in the table; of what serves, until it was told to stop. Rejects when a program ends otherwise than it should. */
export async function modulesOfAll(): Promise<ReadonlyMap<string, readonly number[]>> {
  const data = mkdtempSync(join(tmpdir(), "hallpass-modules-"));
  const asking = ["--url", "http://127.0.0.1:1", "--data", join(data, "asker")];
  const serving = (...keys: readonly string[]): readonly string[] => [
    "serve",
    "--development",
    "--no-demo-api",
    "--set",
    `data=${data}`,
    "listen=127.0.0.1:0",
    ...keys,
  ];
  const wanted: readonly (readonly [name: string, words: readonly string[], exit: number])[] = [
    ["`hallpass --help`", ["--help"], DONE],
    ["`hallpass sessions search`, and no server", [...asking, "sessions", "search"], UNAVAILABLE],
    ["`hallpass serve`, memory", serving("store=memory"), DONE],
    ["`hallpass serve`, SQLite", serving(), DONE],
    ["`hallpass serve`, PostgreSQL, which is not there", serving(NOWHERE), UNAVAILABLE],
  ];
  try {
    mkdirSync(join(data, "asker"));
    writeFileSync(join(data, "asker", "operator-credentials"), "operator:of-nobody\n", { mode: 0o600 });
    const all = new Map<string, readonly number[]>();
    for (const [name, words, exit] of wanted) all.set(name, [await modulesOf(words, exit)]);
    return all;
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

async function modulesOf(args: readonly string[], exit: number): Promise<number> {
  const given = ["--import", COUNT, "--conditions=hallpass-source", COMMAND, ...args];
  const env = { PATH: process.env["PATH"] };
  const child = spawn(process.execPath, given, { env, stdio: ["ignore", "ignore", "pipe", "pipe"] });
  const counted = text(child.stdio[3] as Readable);
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (words: string) => {
    said += words;
    // Told twice it would not wait for what it drains.
    if (words.includes("Hallpass serves")) child.kill("SIGTERM");
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== exit) throw new Error(`hallpass ${args.join(" ")} ended with ${code}: ${said}`);
  return Number(await counted);
}
