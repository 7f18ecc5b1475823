// `node --conditions=hallpass-source drills/races/main.ts [--store memory|sqlite|postgres …] [--families 20] [--from 0] [--parallel 64] [--objects 2]
// [--processes 3] [--abreast 4]`
// So many requests at once, from several processes, show the same refresh token, the same idempotency key, the same client assertion, replace
// the same session, or open more than a policy allows; on PostgreSQL at three nodes; so many of such heats side by side. Of a family exactly
// one may be rotated, all others get the same successor byte for byte, which then works; every other prize has as many winners as it may
// (heats.ts). Nobody is logged out and nothing is a 5xx but an honest 503. Every heat is judged, and counts where all its requests had been sent
// before any was answered and none was 503. Then the same before a store that writes over a later version, which has to be caught at each. Exits with 1 if it is otherwise, or
// if fewer than half of the heats count, and leaves what was answered. `--from` numbers the families: a large run in ranges.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort, type PostgresServer, startPostgres } from "@hallpass/store-postgres/testing";
import { sayProof } from "../../proof/line.ts";
import { operatorOf } from "../nodes/operator.ts";
import { type ServingProcess, servingProcess } from "../nodes/serving-process.ts";
import { type Came, type Field, ONCE, prepare, refreshed } from "./heats.ts";
import { racers } from "./racers.ts";

const STORES = ["memory", "sqlite", "postgres"] as const;
type StoreName = (typeof STORES)[number];
const { values } = parseArgs({
  options: {
    store: { type: "string", multiple: true, default: [...STORES] },
    families: { type: "string", default: "20" },
    from: { type: "string", default: "0" },
    parallel: { type: "string", default: "64" },
    objects: { type: "string", default: "2" },
    processes: { type: "string", default: "3" },
    abreast: { type: "string", default: "4" },
  },
});
const stores = values.store.map((text): StoreName => {
  const found = STORES.find((one) => one === text);
  if (found === undefined) throw new Error(`"${text}" is none of ${STORES.join(", ")}`);
  return found;
});
const { families, from, parallel, objects, processes, abreast } = values;
const sizes = {
  families: Number(families),
  from: Number(from),
  parallel: Number(parallel),
  objects: Number(objects),
  processes: Number(processes),
  abreast: Number(abreast),
};
const NODES_OF_POSTGRES = 3;
const CONTROL_FAMILIES = 5;
const CONTROL_OBJECTS = 2;

/** How many heats counted. */
interface Counts {
  families: number;
  objects: number;
}

interface Raced extends Readonly<Counts> {
  /** Commits that lost at the store, because somebody else had been faster since they had read. */
  readonly lost: number;
  readonly wrong: readonly string[];
}

async function race(name: StoreName, count: number, times: number, ...args: readonly string[]): Promise<Raced> {
  const directory = mkdtempSync(join(tmpdir(), "hallpass-races-"));
  const database: PostgresServer | undefined = name === "postgres" ? await startPostgres() : undefined;
  const nodes: ServingProcess[] = [];
  const issuer = `http://127.0.0.1:${await freePort()}`;
  try {
    for (let n = 0; n < (database === undefined ? 1 : NODES_OF_POSTGRES); n += 1) {
      const env = {
        HALLPASS_DEVELOPMENT: "true",
        HALLPASS_DATA: join(directory, String(n)),
        HALLPASS_LISTEN: n === 0 ? issuer.slice("http://".length) : "127.0.0.1:0",
        HALLPASS_ISSUER: issuer,
        HALLPASS_KEK: Buffer.alloc(32, 7).toString("base64url"),
        HALLPASS_STORE: database?.url ?? name,
        HALLPASS_LOG_LEVEL: "error",
      };
      nodes.push(await servingProcess(join(import.meta.dirname, "node.ts"), args, env));
    }
    const urls = nodes.map(({ url }) => url);
    const racing = racers(sizes.processes, sizes.parallel, urls);
    const field: Field = {
      issuer,
      first: urls[0] ?? "",
      operator: operatorOf(join(directory, "0")),
      racers: racing,
      parallel: sizes.parallel,
    };
    try {
      await prepare(field);
      const came = await heats(name, field, count, times);
      await Promise.all(nodes.map((node) => node.end("SIGTERM")));
      return { lost: lostAt(nodes), ...came };
    } finally {
      racing.end();
    }
  } finally {
    await Promise.all(nodes.map((node) => node.end()));
    await database?.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function lostAt(nodes: readonly ServingProcess[]): number {
  return nodes
    .map((node) => Number(/"event":"left","lost":(\d+)/.exec(node.output())?.[1]))
    .reduce((sum, lost) => sum + lost, 0);
}

async function heats(name: StoreName, field: Field, count: number, times: number): Promise<Omit<Raced, "lost">> {
  const wrong: string[] = [];
  const counts: Counts = { families: 0, objects: 0 };
  const judge = (what: string, kind: keyof Counts, { wrong: found, counts: isCounted }: Came): void => {
    if (isCounted) counts[kind] += 1;
    wrong.push(...found.map((text) => `${name}, ${what}: ${text}`));
  };
  const family = async (n: number): Promise<void> => {
    judge(`family ${n}`, "families", await refreshed(field, n));
    if (n % 100 === 99) console.error(`${name}: families up to ${n}`);
  };
  const kinds = Object.entries(ONCE);
  const prizes = (n: number): readonly (() => Promise<void>)[] =>
    kinds.map(
      ([what, heat]) =>
        async () =>
          judge(`${what} ${n}`, "objects", await heat(field, n)),
    );
  const waiting = [
    ...Array.from({ length: count }, (_, n) => () => family(sizes.from + n)),
    ...Array.from({ length: times }, (_, n) => prizes(n)).flat(),
  ].values();
  const oneByOne = async (): Promise<void> => {
    for (const next of waiting) await next();
  };
  await Promise.all(Array.from({ length: sizes.abreast }, oneByOne));
  const all = count + times * kinds.length;
  const counted = counts.families + counts.objects;
  if (counted * 2 < all)
    wrong.push(`${name}: of ${all} heats ${counted} had begun whole before an answer was there, and were served`);
  return { ...counts, wrong };
}

const raced: Raced[] = [];
for (const store of stores) raced.push(await race(store, sizes.families, sizes.objects));
console.error("the same before a store that does not compare");
const control = await race("memory", CONTROL_FAMILIES, CONTROL_OBJECTS, "--careless");
const wrong = raced.flatMap((one) => one.wrong);
for (const what of ["family", ...Object.keys(ONCE)])
  if (!control.wrong.some((text) => text.includes(`, ${what} `))) wrong.push(`control: nothing was found of ${what}`);
for (const one of wrong.slice(0, 20)) console.log(`wrong: ${one}`);
let kept: string | undefined;
if (wrong.length > 0) {
  kept = join(mkdtempSync(join(tmpdir(), "hallpass-races-")), "history.json");
  writeFileSync(kept, JSON.stringify({ raced, control }, null, 2));
}
const sum = (of: (one: Raced) => number): number => raced.reduce((total, one) => total + of(one), 0);
const each = (of: (one: Raced) => number): string => raced.map((one) => of(one).toLocaleString("en")).join(", ");
sayProof({
  id: "races",
  promise: "P4 P6 P7",
  figure: `${stores.join(", ")}: ${sizes.parallel} parallel refreshes, from ${sizes.processes} processes, of each of ${each((one) => one.families)} families, one rotated and all the same successor; ${each((one) => one.objects)} other prizes (${Object.keys(ONCE).join(", ")}), as many winners as each may have; ${each((one) => one.lost)} commits lost at the store; ${wrong.length} otherwise`,
  control: `before a store that does not compare: ${control.wrong.length} findings at ${CONTROL_FAMILIES} families and ${CONTROL_OBJECTS * Object.keys(ONCE).length} other prizes, at each kind`,
  seeds: sizes.from === 0 ? "none" : `families from ${sizes.from} on`,
  counted: {
    sums: {
      ...Object.fromEntries(stores.map((store, n) => [`families on ${store}`, raced[n]?.families ?? 0])),
      "other prizes": sum((one) => one.objects),
      "commits that lost at the store": sum((one) => one.lost),
      "won otherwise than they may be": wrong.length,
    },
    ground: { of: stores.join(", "), from: sizes.from, end: sizes.from + sizes.families },
  },
  notShown: ["more than three nodes; more than one machine"],
  passed: wrong.length === 0,
  ...(kept === undefined ? {} : { kept }),
});
