// How long a node takes until it listens, by what its store holds, and what so many sessions take: on disk, and of the node's memory once it
// has been asked for a part of them.
//   npm run bench -- --only server-start [--stores sqlite,postgres] [--sizes 0,1000000] [--starts 9] [--asked 100000] [--quick]
// The floor is a new process with a bare node:http that listens. Nodes of all stores start in turns. 1,000,000 sessions take 1 GB.

import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { postgresBinaries } from "@hallpass/store-postgres/testing";
import { type ServingProcess, servingProcess } from "../../drills/nodes/serving-process.ts";
import { say } from "../measured.ts";
import { figureOf, type Said, sayResult, timesOf } from "../result.ts";
import { cpuSecondsOf, residentBytes } from "../token/contender.ts";
import { Asker } from "./asker.ts";
import { type Filled, filled, started } from "./started.ts";

const { values } = parseArgs({
  options: {
    stores: { type: "string", default: "sqlite,postgres" },
    sizes: { type: "string", default: "0,1000000" },
    starts: { type: "string" },
    asked: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const sizes = values.sizes.split(",").map(Number);
const starts = Number(values.starts ?? (values.quick ? 2 : 9));
const asked = Number(values.asked ?? (values.quick ? 2000 : 100_000));
/** Milliseconds after which a node that nobody asks has done what it does after its start. */
const SETTLING = values.quick ? 300 : 1500;
const AT_ONCE = 8;

interface Measured {
  readonly name: string;
  readonly store: Filled | undefined;
  readonly start: () => Promise<ServingProcess>;
  readonly wall: number[];
  readonly cpu: number[];
  readonly rss: number[];
  /** After it was asked for `asked` sessions. */
  rssAsked: number;
}

const floor: Measured = {
  name: "floor: node:http listens",
  store: undefined,
  start: () => servingProcess(join(import.meta.dirname, "bare-node.ts"), [], {}),
  wall: [],
  cpu: [],
  rss: [],
  rssAsked: 0,
};
const all: Measured[] = [floor];
try {
  for (const kind of kinds()) for (const size of sizes) all.push(await measuredOf(kind, size));
  for (let round = 0; round < starts; round += 1) for (const one of all) await startOnce(one, round === starts - 1);
  await report();
} finally {
  for (const { store } of all) await store?.place.remove();
}

function kinds(): readonly string[] {
  const named = values.stores.split(",");
  if (!named.includes("postgres") || postgresBinaries() !== undefined) return named;
  say("left out: postgres, which is not installed");
  return named.filter((kind) => kind !== "postgres");
}

async function measuredOf(kind: string, size: number): Promise<Measured> {
  const store = await filled(kind, size);
  const name = `Hallpass, ${kind === "postgres" ? "PostgreSQL" : "SQLite"}, ${size.toLocaleString("en")} sessions`;
  return { name, store, start: () => started(store.place, store.issuer), wall: [], cpu: [], rss: [], rssAsked: 0 };
}

async function startOnce(one: Measured, isLast: boolean): Promise<void> {
  const from = performance.now();
  const node = await one.start();
  one.wall.push(performance.now() - from);
  one.cpu.push(cpuSecondsOf([node.pid]) * 1000);
  say(`${one.name}: ${one.wall.at(-1)?.toFixed(0)} ms`);
  await wait(SETTLING);
  one.rss.push(residentBytes(node.pid));
  if (isLast && one.store !== undefined && one.store.size > 0) await askForMany(one, one.store, node);
  await node.end("SIGTERM");
}

/** Each once, evenly from all: the step has no divisor in common with a power of ten. */
async function askForMany(one: Measured, { crowd, size, place }: Filled, node: ServingProcess): Promise<void> {
  const askers = Array.from({ length: AT_ONCE }, () => new Asker(node.url, place.data));
  let n = 0;
  const ask = async (asker: Asker): Promise<void> => {
    while (n < Math.min(asked, size)) {
      n += 1;
      await asker.lookUp({ id: crowd.marks((n * 7_654_321) % size).id, refresh: "" });
    }
    asker.close();
  };
  await Promise.all(askers.map(ask));
  await wait(SETTLING);
  one.rssAsked = residentBytes(node.pid);
}

async function report(): Promise<void> {
  const leftOut = ["sqlite", "postgres"].filter((kind) => !kinds().includes(kind));
  sayResult({
    id: "server-start",
    title: "a node starts, until it listens",
    of: "",
    rows: all.map(({ name, wall, cpu, rss }) => ({
      name,
      figures: {
        "wall ms": wall,
        "CPU ms": cpu,
        "× the floor": [timesOf(figureOf(wall), figureOf(floor.wall))],
        "RSS MB": rss.map((bytes) => bytes / 1e6),
      },
    })),
    picture: { bars: "wall ms" },
    leftOut,
  });
  const rows: Said["rows"][number][] = [];
  for (const { name, store, rss, rssAsked } of all) {
    if (store === undefined || store.size === 0) continue;
    const bytes = Object.entries(await store.place.bytes());
    const sum = bytes.reduce((total, [, count]) => total + count, 0);
    rows.push({
      name,
      figures: {
        "bytes on disk for a session": [sum / store.size],
        ...Object.fromEntries(
          bytes.length < 2 ? [] : bytes.map(([table, count]) => [`of these in ${table}`, [count / store.size]]),
        ),
        "GB for a million": [sum / store.size / 1000],
        "RSS MB of the node before": rss.map((one) => one / 1e6),
        [`after look-ups of ${asked.toLocaleString("en")}`]: [rssAsked / 1e6],
      },
    });
  }
  if (rows.length > 0) sayResult({ id: "footprint", title: "what sessions take", of: "", rows, leftOut });
}
