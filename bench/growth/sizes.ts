//   npm run bench -- --only sizes [--store sqlite|postgres] [--sizes 10000,100000,1000000,10000000] [--rounds 9] [--quick]
// Stores of several sizes, each with a node of its own, all up at once and asked in turn: what a request costs where few sessions are kept and
// where many are. Every session that is asked for was chosen evenly from all of them. Before it, how many bytes
// a session takes. Progress on stderr.
// 10,000,000 take 7 GB on SQLite and 14 GB on PostgreSQL.

import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { ServingProcess } from "../../drills/nodes/serving-process.ts";
import { median, say } from "../measured.ts";
import { sayResult } from "../result.ts";
import { residentBytes } from "../token/contender.ts";
import { Asker, type Member } from "./asker.ts";
import { type Filled, filled, started } from "./started.ts";

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "sqlite" },
    sizes: { type: "string", default: "10000,100000,1000000,10000000" },
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const sizes = values.sizes.split(",").map(Number);
const rounds = Number(values.rounds ?? (values.quick ? 3 : 9));
/** Requests of each kind in a round: enough for a p99 that is not the second longest of all. */
const PER_ROUND: Readonly<Record<Kind, number>> = values.quick
  ? { open: 60, refresh: 60, "look up": 400, revoke: 60 }
  : { open: 300, refresh: 400, "look up": 2000, revoke: 400 };
/** Look-ups before the first round: what a node keeps in memory is there, as far as it fits. */
const WARM = values.quick ? 1000 : 5000;
/** Milliseconds between the filling and the first request, and between two rounds. */
const SETTLING = values.quick ? 1000 : 5000;
const PAUSE = 500;
const KINDS = ["open", "refresh", "look up", "revoke"] as const;
type Kind = (typeof KINDS)[number];

interface Sized extends Filled {
  node: ServingProcess;
  asker: Asker;
  readonly spans: Record<Kind, number[][]>;
  spent: number;
  lookedUp: number;
}

const all: Sized[] = [];
try {
  for (const size of sizes) all.push(await sized(size));
  await wait(SETTLING);
  for (const one of all) for (let n = 0; n < Math.min(WARM, one.size / 2); n += 1) await one.asker.lookUp(anyone(one));
  say("warm");
  for (let round = 0; round < rounds; round += 1) {
    for (const one of all) await oneRound(one, round);
    say(`round ${round + 1} of ${rounds}`);
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

async function sized(size: number): Promise<Sized> {
  const store = await filled(values.store, size);
  const bytes = Object.entries(await store.place.bytes());
  const per = bytes.map(([name, count]) => `${name} ${Math.round(count / size)}`);
  say(`${values.store}, ${size} sessions: bytes on disk for each: ${per.join(", ")}`);
  const node = await started(store.place, store.issuer);
  const spans = { open: [], refresh: [], "look up": [], revoke: [] };
  return { ...store, node, asker: new Asker(node.url, store.place.data), spans, spent: 0, lookedUp: 0 };
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

/** A ratio is that of each round to the fewest sessions in the same round. */
function report(): void {
  const rows = KINDS.flatMap((kind) => {
    const few = all[0]?.spans[kind] ?? [];
    return all.map(({ size, spans, node }) => {
      const of = (share: number): readonly number[] => spans[kind].map((taken) => at(taken, share));
      const times = (share: number): readonly number[] =>
        of(share).map((ms, round) => ms / at(few[round] ?? [], share));
      const flat = spans[kind].flat().toSorted((a, b) => a - b);
      return {
        name: `${kind}, ${size.toLocaleString("en")}`,
        figures: {
          "p50 ms": of(0.5),
          "p99 ms": of(0.99),
          "p99.9 ms of all rounds": [at(flat, 0.999)],
          "p50 × the fewest": times(0.5),
          "p99 × the fewest": times(0.99),
          "RSS MB of the node": [residentBytes(node.pid) / 1e6],
        },
      };
    });
  });
  sayResult({
    id: `sizes-${values.store}`,
    title: `requests by what the store holds (${values.store})`,
    of: "request, sessions",
    rows,
    picture: {
      plot: {
        title: `a request by what the store holds (${values.store})`,
        x: { name: "sessions", scale: "log" },
        y: { name: "p50 ms" },
        series: KINDS.map((kind) => ({
          name: kind,
          points: all.map(({ size, spans }) => [size, median(spans[kind].map((taken) => at(taken, 0.5)))] as const),
        })),
      },
    },
  });
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}
