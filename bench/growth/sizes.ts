// `node --conditions=hallpass-source bench/growth/sizes.ts [--store sqlite|postgres] [--sizes 10000,100000,1000000,10000000] [--rounds 9]`
// Stores of several sizes, each with a node of its own, all up at once and asked in turn: what a request costs where few sessions are kept and
// where many are. Every session that is asked for was chosen evenly from all of them, and is asked for once. Before it, how a node starts
// there, and how many bytes a session takes. Progress on stderr.
// 10,000,000 take 7 GB on SQLite and 14 GB on PostgreSQL.

import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { parseTenantId } from "@hallpass/core";
import { freePort } from "@hallpass/store-postgres/testing";
import { operatorOf } from "../../drills/nodes/operator.ts";
import { type ServingProcess, servingProcess } from "../../drills/nodes/serving-process.ts";
import { Asker, type Member } from "./asker.ts";
import { type Crowd, crowdIn, readUpTo } from "./crowd.ts";
import { type Place, postgresPlace, sqlitePlace } from "./place.ts";

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "sqlite" },
    sizes: { type: "string", default: "10000,100000,1000000,10000000" },
    rounds: { type: "string", default: "9" },
  },
});
const KINDS = ["open", "refresh", "look up", "revoke"] as const;
const sizes = values.sizes.split(",").map(Number);
const rounds = Number(values.rounds);
/** Requests of each kind in a round: enough for a p99 that is not the second longest of all. */
const PER_ROUND: Readonly<Record<Kind, number>> = { open: 300, refresh: 400, "look up": 2000, revoke: 400 };
const STARTS = 5;
/** Sessions of each store that are compared with what the code writes. */
const CHECKED = 200;
/** Look-ups before the first round: what a node keeps in memory is there, as far as it fits. */
const WARM = 5000;
/** Milliseconds between the filling and the first request, and between two rounds. */
const SETTLING = 5000;
const PAUSE = 500;
const KEK = Buffer.alloc(32, 7);
const NODE = join(import.meta.dirname, "../../drills/nodes/serve.ts");
type Kind = (typeof KINDS)[number];

interface Sized {
  readonly size: number;
  readonly place: Place;
  readonly issuer: string;
  readonly crowd: Crowd;
  node: ServingProcess;
  asker: Asker;
  readonly spans: Record<Kind, number[][]>;
  spent: number;
  lookedUp: number;
}

const all: Sized[] = [];
try {
  for (const size of sizes) all.push(await filled(size));
  await wait(SETTLING);
  for (const one of all) for (let n = 0; n < Math.min(WARM, one.size / 2); n += 1) await one.asker.lookUp(anyone(one));
  console.error("warm");
  for (let round = 0; round < rounds; round += 1) {
    for (const one of all) await oneRound(one, round);
    console.error(`round ${round + 1} of ${rounds}`);
    await wait(PAUSE);
  }
  report();
} finally {
  for (const { node, asker, place } of all) {
    asker.close();
    await node.end();
    await place.remove();
  }
}

async function filled(size: number): Promise<Sized> {
  const place = await (values.store === "postgres" ? postgresPlace() : sqlitePlace());
  const issuer = `http://127.0.0.1:${await freePort()}`;
  const first = await started(place, issuer);
  await operatorOf(place.data).open(first.url, "the-first");
  await wait(1000);
  await first.end("SIGTERM");
  const tenant = parseTenantId("default");
  if (tenant === undefined) throw new Error("there is no such tenant");
  const store = await place.open();
  const crowd = await crowdIn(store, { tenant, issuer, kek: KEK, size });
  await store.close();
  const began = performance.now();
  const cursor = await place.fill(crowd, size, (n) => console.error(`${n} of ${size}`));
  console.error(`${size} sessions in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  const full = await place.open();
  await readUpTo(full, tenant, cursor);
  for (let n = 0; n < size; n += Math.ceil(size / CHECKED)) await crowd.check(full, n);
  await full.close();
  const bytes = await place.bytes();
  const per = Object.entries(bytes).map(([name, count]) => `${name} ${Math.round(count / size)}`);
  console.log(`${values.store}, ${size} sessions: bytes on disk for each: ${per.join(", ")}`);
  const starts: number[] = [];
  let node: ServingProcess | undefined;
  for (let n = 0; n < STARTS; n += 1) {
    await node?.end("SIGTERM");
    const from = performance.now();
    node = await started(place, issuer);
    starts.push(performance.now() - from);
  }
  if (node === undefined) throw new Error("no node was started");
  console.log(`  a node listens ${middle(starts).toFixed(0)} ms after its start, median of ${STARTS}`);
  const spans = { open: [], refresh: [], "look up": [], revoke: [] };
  return { size, place, issuer, crowd, node, asker: new Asker(node.url, place.data), spans, spent: 0, lookedUp: 0 };
}

function started(place: Place, issuer: string): Promise<ServingProcess> {
  return servingProcess(NODE, [], {
    HALLPASS_DEVELOPMENT: "true",
    HALLPASS_ISSUER: issuer,
    HALLPASS_LISTEN: issuer.slice("http://".length),
    HALLPASS_DATA: place.data,
    HALLPASS_KEK: KEK.toString("base64url"),
    HALLPASS_LOG_LEVEL: "info",
    ...place.env,
  });
}

/** Evenly from all: the step has no divisor in common with a power of ten, so none comes twice before all have come. */
function member({ crowd, size }: Sized, turn: number): Member {
  const n = (turn * 7_654_321) % size;
  return { id: crowd.marks(n).id, refresh: crowd.token(n) };
}

/** A session that was neither refreshed nor revoked here. */
function unspent(one: Sized): Member {
  one.spent += 1;
  if (one.spent > one.size) throw new Error(`${one.size} sessions are too few for ${rounds} rounds`);
  return member(one, one.spent);
}

function anyone(one: Sized): Member {
  one.lookedUp += 1;
  return member(one, one.lookedUp);
}

async function oneRound(one: Sized, round: number): Promise<void> {
  const { asker, spans } = one;
  const work: Readonly<Record<Kind, (n: number) => Promise<number>>> = {
    open: (n) => asker.open(`new-${round}-${n}`),
    refresh: () => asker.refresh(unspent(one)),
    "look up": () => asker.lookUp(anyone(one)),
    revoke: () => asker.revoke(unspent(one)),
  };
  for (const kind of KINDS) {
    const taken: number[] = [];
    for (let n = 0; n < PER_ROUND[kind]; n += 1) taken.push(await work[kind](n));
    spans[kind].push(taken.toSorted((a, b) => a - b));
  }
}

function report(): void {
  console.log(
    `${rounds} rounds of ${KINDS.map((kind) => `${PER_ROUND[kind]} × ${kind}`).join(", ")} in turn, one after another, in ms; p50 and p99 are medians of the rounds`,
  );
  console.log(
    `and the ratio is the median of those of each round's p99 to that of ${sizes[0]} sessions in the same round`,
  );
  console.log("request | sessions | p50 | p99 | ratio of p50 | ratio of p99");
  for (const kind of KINDS) {
    for (const { size, spans } of all) {
      const [p50, p99] = [0.5, 0.99].map((share) => spans[kind].map((taken) => at(taken, share))) as [
        number[],
        number[],
      ];
      const few = all[0]?.spans[kind] ?? [];
      const ratio = (of: readonly number[], share: number): string =>
        middle(of.map((ms, round) => ms / at(few[round] ?? [], share))).toFixed(2);
      console.log(
        [kind, size, middle(p50).toFixed(2), middle(p99).toFixed(2), ratio(p50, 0.5), ratio(p99, 0.99)].join(" | "),
      );
    }
  }
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}

function middle(numbers: readonly number[]): number {
  return at(
    numbers.toSorted((a, b) => a - b),
    0.5,
  );
}
