// `node --conditions=hallpass-source drills/kill/main.ts --store sqlite|postgres [--kills 10] [--acknowledged 0] [--seed 1]
// [--within-ms 500] [--clients 8] [--turns 2]`
// Kills a whole server with SIGKILL under load, 50 to so many ms after its first acknowledgement, and starts it again, until it was killed so often and so much was
// acknowledged. On PostgreSQL every other kill is one of PostgreSQL itself. Each start judges what had been acknowledged since the one before:
// a revocation has to hold, and the last token of a chain has to work; the last start judges every revocation again.
// Then the same with clients that take a revocation for acknowledged before it was committed, which has to lose some. Exits with 1 if it is
// otherwise, and leaves the store and what was acknowledged.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { freePort } from "@hallpass/store-postgres/testing";
import { sayProof } from "../../proof/line.ts";
import { type KilledStore, postgres, sqlite } from "./stores.ts";
import type { Judged } from "./worker.ts";

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "sqlite" },
    kills: { type: "string", default: "10" },
    acknowledged: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
    "within-ms": { type: "string", default: "500" },
    clients: { type: "string", default: "8" },
    turns: { type: "string", default: "2" },
  },
});
/** At most: the control ends when something was lost. */
const CONTROL_KILLS = 20;
const READY_WITHIN_MS = 120_000;
/** No kill comes sooner after the first acknowledgement. */
const SOONEST_MS = 50;
const [kills, most, seed, latestMs] = [values.kills, values.acknowledged, values.seed, values["within-ms"]].map(
  Number,
) as [number, number, number, number];

let running: ChildProcess | undefined;
process.once("exit", () => running?.kill("SIGKILL"));

interface Loop {
  readonly kills: number;
  readonly revocations: number;
  readonly rotations: number;
  readonly lost: readonly string[];
  readonly damaged: readonly string[];
  readonly directory: string;
}

async function loop(how: "as it is" | "before", wanted: number): Promise<Loop> {
  const store = values.store === "postgres" ? await postgres() : sqlite();
  const file = join(store.directory, "acknowledged");
  writeFileSync(file, "");
  const random = mulberry(seed);
  const sums = { kills: 0, revocations: 0, rotations: 0 };
  const isControl = how === "before";
  const flags = isControl ? ["--before"] : [];
  const acknowledged = (): number => sums.revocations + sums.rotations;
  const lost: string[] = [];
  const damaged: string[] = [];
  // The issuer has it in its name.
  const port = await freePort();
  let from = 0;
  try {
    while (isControl ? sums.kills < wanted && lost.length === 0 : sums.kills < wanted || acknowledged() < most) {
      const { child, judged } = await start(store, file, from, flags, port);
      from = statSync(file).size;
      add(judged);
      // However slow the machine is: the clock of a kill runs from the first acknowledgement on.
      const patience = performance.now() + READY_WITHIN_MS;
      while (statSync(file).size === from && performance.now() < patience) await pause(5);
      await pause(SOONEST_MS + random() * (latestMs - SOONEST_MS));
      const below = store.kill !== undefined && sums.kills % 2 === 1;
      if (below) await store.kill?.();
      await ended(child);
      sums.kills += 1;
      const damage = store.check();
      if (damage !== undefined) damaged.push(`after kill ${sums.kills}: ${damage}`);
      if (sums.kills % 10 === 0)
        console.error(`${how}: ${sums.kills} kills, ${sums.revocations} revocations, ${sums.rotations} rotations`);
    }
    const last = await start(store, file, from, isControl ? flags : ["--last"], port);
    add(last.judged);
    await ended(last.child);
  } finally {
    await store.end(how === "as it is" && lost.length + damaged.length > 0);
  }
  return { ...sums, lost, damaged, directory: store.directory };

  function add(judged: Judged): void {
    sums.revocations += judged.revocations;
    sums.rotations += judged.rotations;
    lost.push(...judged.lost);
  }
}

async function start(
  store: KilledStore,
  file: string,
  from: number,
  flags: readonly string[],
  port: number,
): Promise<{ readonly child: ChildProcess; readonly judged: Judged }> {
  const args = [
    "--conditions=hallpass-source",
    join(import.meta.dirname, "worker.ts"),
    file,
    String(from),
    values.clients,
    values.turns,
  ];
  const child = spawn(process.execPath, [...args, ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: join(store.directory, "compiled"),
      HALLPASS_DEVELOPMENT: "true",
      HALLPASS_DATA: store.directory,
      HALLPASS_LISTEN: `127.0.0.1:${port}`,
      HALLPASS_ISSUER: `http://127.0.0.1:${port}`,
      HALLPASS_KEK: Buffer.alloc(32, 7).toString("base64url"),
      HALLPASS_STORE: store.url(),
      HALLPASS_LOG_LEVEL: "silent",
    },
  });
  running = child;
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, "line").then(([text]) => String(text)),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`the server ended by itself: ${code}`))),
    new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error("the server did not start")), READY_WITHIN_MS).unref();
    }),
  ]);
  return { child, judged: JSON.parse(line) as Judged };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** The moments of the kills, by the seed; where in its work a server is then, the machine decides. */
function mulberry(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const real = await loop("as it is", kills);
console.error("the same with acknowledgements before the commit");
const control = await loop("before", CONTROL_KILLS);
const wrong = [...real.lost, ...real.damaged];
for (const one of wrong.slice(0, 20)) console.log(`wrong: ${one}`);
const name = values.store === "postgres" ? "postgres" : "sqlite";
sayProof({
  id: `kill-${name}`,
  promise: "P1 P6",
  figure: `${real.kills} kills, ${(real.revocations + real.rotations).toLocaleString("en")} acknowledged (${real.revocations} revocations, ${real.rotations} rotations), ${real.lost.length} lost${name === "sqlite" ? `, integrity_check ok ${real.kills - real.damaged.length} times` : ", every other kill one of PostgreSQL itself"}`,
  control: `acknowledged before the commit: ${control.lost.length} of ${control.revocations} revocations lost in ${control.kills} kills`,
  seeds: String(seed),
  counted: {
    sums: {
      kills: real.kills,
      "revocations and rotations acknowledged": real.revocations + real.rotations,
      "of them revocations": real.revocations,
      lost: real.lost.length,
      "damaged files": real.damaged.length,
    },
    ground: { of: `seed ${seed}`, from: 0, end: real.kills },
  },
  notShown: ["power loss: what a killed process wrote, the kernel still has"],
  passed: wrong.length === 0 && real.revocations > 0 && control.lost.length > 0,
  ...(wrong.length === 0 ? {} : { kept: real.directory }),
});
process.exit();
