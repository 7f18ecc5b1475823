// `node --conditions=hallpass-source drills/races/main.ts [--store memory|sqlite|postgres …] [--families 20] [--from 0] [--parallel 64] [--objects 2]
// [--processes 3]`
// So many requests at once, from several processes, show the same refresh token, the same idempotency key, the same client assertion, replace
// the same session, or open more than a policy allows; on PostgreSQL at three nodes. Of a family exactly one may be rotated, all others get
// the same successor byte for byte, which then works; every other prize has as many winners as it may (heats.ts). Nobody is logged out and
// nothing is a 5xx. Then the same before a store that writes over a later version, which has to be caught at each. Exits with 1 if it is
// otherwise, and leaves what was answered. `--from` numbers the families: a large run in ranges.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort, type PostgresServer, startPostgres } from "@hallpass/store-postgres/testing";
import { sayProof } from "../../proof/line.ts";
import { operatorOf } from "../nodes/operator.ts";
import { type ServingProcess, servingProcess } from "../nodes/serving-process.ts";
import { type Field, ONCE, prepare, refreshed } from "./heats.ts";
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
  },
});
const stores = values.store.map((text): StoreName => {
  const found = STORES.find((one) => one === text);
  if (found === undefined) throw new Error(`"${text}" is none of ${STORES.join(", ")}`);
  return found;
});
const { families, from, parallel, objects, processes } = values;
const sizes = {
  families: Number(families),
  from: Number(from),
  parallel: Number(parallel),
  objects: Number(objects),
  processes: Number(processes),
};
const NODES_OF_POSTGRES = 3;
const CONTROL_FAMILIES = 5;
const CONTROL_OBJECTS = 2;

interface Raced {
  readonly families: number;
  readonly objects: number;
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
        HALLPASS_LOG_LEVEL: "info",
      };
      nodes.push(await servingProcess(join(import.meta.dirname, "node.ts"), args, env));
    }
    const urls = nodes.map(({ url }) => url);
    const { parallel: many } = sizes;
    const racing = racers(sizes.processes, many, urls);
    const field: Field = {
      issuer,
      first: urls[0] ?? "",
      operator: operatorOf(join(directory, "0")),
      racers: racing,
      parallel: many,
    };
    try {
      await prepare(field);
      return {
        families: count,
        objects: times * Object.keys(ONCE).length,
        wrong: await heats(name, field, count, times),
      };
    } finally {
      racing.end();
    }
  } finally {
    await Promise.all(nodes.map((node) => node.end()));
    await database?.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function heats(name: StoreName, field: Field, count: number, times: number): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (let n = sizes.from; n < sizes.from + count; n += 1) {
    wrong.push(...(await refreshed(field, n)).map((text) => `${name}, family ${n}: ${text}`));
    if (n % 100 === 99) console.error(`${name}: families up to ${n}`);
  }
  for (let n = 0; n < times; n += 1)
    for (const [what, heat] of Object.entries(ONCE))
      wrong.push(...(await heat(field, n)).map((text) => `${name}, ${what} ${n}: ${text}`));
  return wrong;
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
sayProof({
  id: "races",
  promise: "P4 P6 P7",
  figure: `${stores.join(", ")}: ${sizes.parallel} parallel refreshes, from ${sizes.processes} processes, of each of ${sum((one) => one.families).toLocaleString("en")} families, one rotated and all the same successor; ${sum((one) => one.objects)} other prizes (${Object.keys(ONCE).join(", ")}), as many winners as each may have; ${wrong.length} otherwise`,
  control: `before a store that does not compare: ${control.wrong.length} findings at ${control.families} families and ${control.objects} other prizes, at each kind`,
  seeds: sizes.from === 0 ? "none" : `families from ${sizes.from} on`,
  counted: {
    sums: {
      ...Object.fromEntries(stores.map((store, n) => [`families on ${store}`, raced[n]?.families ?? 0])),
      "other prizes": sum((one) => one.objects),
      "won otherwise than they may be": wrong.length,
    },
    ground: { of: stores.join(", "), from: sizes.from, end: sizes.from + sizes.families },
  },
  notShown: ["more than three nodes; more than one machine"],
  passed: wrong.length === 0,
  ...(kept === undefined ? {} : { kept }),
});
