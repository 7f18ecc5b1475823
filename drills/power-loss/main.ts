// `node --conditions=hallpass-source drills/power-loss/main.ts [--cuts 200] [--seed 1] [--acknowledged 250] [--workers 2]`
// Records every write, truncation, flush and name that a whole server on SQLite gives its files under load, through two new starts, and
// what was acknowledged in between; then cuts the power at so many moments by the model of disk.ts, opens what is left with the store, and
// looks for everything that had been acknowledged. Exits with 1 if something is lost, damaged or half there; if the recording, played again, is
// not what lies on the disk; or if nothing is lost with `synchronous=NORMAL`, or lost or damaged with `synchronous=OFF` and on a disk that lies
// about its flushes. Needs gcc.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort } from "@hallpass/store-postgres/testing";
import { sayProof } from "../../proof/line.ts";
import { MutatedTree } from "../simulation/mutated-tree.ts";
import { wholeNumber } from "../whole-number.ts";
import { Disk } from "./disk.ts";
import type { Judged } from "./judging.ts";
import { recordingOf } from "./recording.ts";

const given = parseArgs({
  options: {
    cuts: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    acknowledged: { type: "string", default: "250" },
    workers: { type: "string", default: "2" },
  },
}).values;
const [cuts, seed, acknowledged, workers] = [given.cuts, given.seed, given.acknowledged, given.workers].map(
  wholeNumber,
) as [number, number, number, number];
const CONTROL_CUTS = 20;
const CONTROL_ACKNOWLEDGED = 100;
/** How each server ends: in the middle of its work, or after it has closed the store. */
const ENDS = ["exit", "close", "exit"] as const;

type Counts = Readonly<Record<"opened" | "rotations" | "revocations" | "keys", number>>;

const scratch = mkdtempSync(join(tmpdir(), "hallpass-power-"));
/** Every store that is opened has a thread of its own, whose modules need not be read anew. */
const compiled = { ...process.env, NODE_COMPILE_CACHE: join(scratch, "compiled") };
const library = join(scratch, "recorded-disk.so");
const source = join(import.meta.dirname, "recorded-disk.c");
const built = spawnSync("gcc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]);
if (built.status !== 0) throw new Error(`the library was not built: ${String(built.stderr ?? built.error)}`);

async function recorded(name: string, program: string, most: number, ends: readonly string[]): Promise<Counts> {
  const disk = join(scratch, name);
  mkdirSync(disk);
  const port = String(await freePort());
  const sums = { opened: 0, rotations: 0, revocations: 0, keys: 0 };
  for (const end of ends) {
    const env = {
      ...compiled,
      LD_PRELOAD: library,
      HALLPASS_DRILL_DISK: disk,
      HALLPASS_DRILL_RECORD: `${disk}.record`,
    };
    const args = ["--conditions=hallpass-source", program, disk, port, String(most), end];
    const counts = (await output(args, env)) as Counts;
    for (const key of ["opened", "rotations", "revocations", "keys"] as const) sums[key] += counts[key];
  }
  return sums;
}

async function cutOff(name: string, kind: "honest" | "lying", count: number): Promise<Judged> {
  const directory = mkdtempSync(join(scratch, `${name}-cuts-`));
  const program = join(import.meta.dirname, "judging.ts");
  const record = join(scratch, `${name}.record`);
  const judging = Array.from({ length: workers }, (_, part) => {
    const numbers = [seed, count, part, workers].map(String);
    return output(["--conditions=hallpass-source", program, record, kind, ...numbers, directory], compiled);
  });
  const parts = (await Promise.all(judging)) as readonly Judged[];
  const sum = (of: "cuts" | "losing" | "damaging"): number => parts.reduce((total, one) => total + one[of], 0);
  return {
    cuts: sum("cuts"),
    losing: sum("losing"),
    damaging: sum("damaging"),
    lost: parts.flatMap((one) => one.lost),
    damaged: parts.flatMap((one) => one.damaged),
  };
}

/** Its last line, as JSON. */
async function output(args: readonly string[], env: NodeJS.ProcessEnv): Promise<unknown> {
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const closed = once(child, "close");
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const [code] = await closed;
  process.off("exit", kill);
  if (code !== 0) throw new Error(`${args[1]} ended with ${code}`);
  return JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
}

/** The files in which the recording, played again, and the disk differ. */
function unlike(name: string): readonly string[] {
  const disk = new Disk("honest");
  const record = recordingOf(readFileSync(join(scratch, `${name}.record`)));
  for (const done of record) disk.do(done);
  const image = disk.image(
    () => 1,
    () => 0,
  );
  const root = join(scratch, name);
  const isPart = (path: string): boolean => !/-shm$|-lock$|^acknowledged$/.test(path);
  const there = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(isPart);
  const expected = [...image.keys()].filter(isPart);
  const all = new Set([...there, ...expected]);
  return [...all].filter((path) => {
    if (!there.includes(path) || !image.has(path)) return true;
    const content = image.get(path);
    return content !== undefined && !content.equals(readFileSync(join(root, path)));
  });
}

async function withSynchronous(level: "NORMAL" | "OFF"): Promise<Judged> {
  console.error(`the same with synchronous=${level}`);
  const tree = new MutatedTree();
  try {
    const find = "PRAGMA synchronous = FULL";
    tree.apply([{ file: "store-sqlite/src/writer.ts", find, replace: `PRAGMA synchronous = ${level}` }]);
    const program = join(tree.at, "drills/power-loss/recorded-server.ts");
    await recorded(level, program, CONTROL_ACKNOWLEDGED, ["exit"]);
  } finally {
    tree.remove();
  }
  return cutOff(level, "honest", CONTROL_CUTS);
}

const counts = await recorded("full", join(import.meta.dirname, "recorded-server.ts"), acknowledged, ENDS);
const total = Object.values(counts).reduce((sum, count) => sum + count);
console.error(`${total} acknowledgements are recorded`);
const different = unlike("full");
const real = await cutOff("full", "honest", cuts);
console.error("the same on a disk that lies about its flushes");
const lying = await cutOff("full", "lying", CONTROL_CUTS);
const normal = await withSynchronous("NORMAL");
const off = await withSynchronous("OFF");

const broken = [...real.lost, ...real.damaged];
if (different.length > 0) broken.push(`the recording is not what lies on the disk: ${different.join(", ")}`);
if (normal.damaging > 0) broken.push(...normal.damaged.map((text) => `synchronous=NORMAL: ${text}`));
if (normal.losing === 0) broken.push("nothing was lost with synchronous=NORMAL");
// What does not open, or not whole, is lost as well.
for (const [name, one] of Object.entries({ lying, off }))
  if (one.losing + one.damaging === 0) broken.push(`nothing was lost or damaged: ${name}`);
for (const one of broken.slice(0, 30)) console.log(`broken: ${one}`);
if (broken.length === 0) rmSync(scratch, { recursive: true });
else console.log(`recordings and images: ${scratch}`);
sayProof({
  id: "power-loss",
  promise: "P1",
  figure: `${real.cuts} power cuts of a recorded server with ${total} acknowledgements (${counts.rotations} rotations, ${counts.revocations} revocations, ${counts.keys} keys): ${real.losing} lost any, ${real.damaging} left anything damaged or half written`,
  control: `of ${CONTROL_CUTS} cuts lost what was acknowledged: ${normal.losing} with synchronous=NORMAL (${normal.damaging} damaged), ${off.losing} with OFF (${off.damaging} damaged), ${lying.losing} on a disk that lies about its flushes (${lying.damaging} damaged)`,
  seeds: String(seed),
  counted: {
    sums: {
      "power cuts": real.cuts,
      "acknowledgements recorded": total,
      "cuts that lost any": real.losing,
      "cuts that damaged": real.damaging,
    },
    ground: { of: `seed ${seed}`, from: 0, end: real.cuts },
  },
  notShown: [
    "real disks: sectors of 512 bytes are whole in the model, and a flush that came back is true",
    "PostgreSQL: its own log is taken at its word",
  ],
  passed: broken.length === 0,
  ...(broken.length === 0 ? {} : { kept: scratch }),
});
