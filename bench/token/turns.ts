// How long a turn of the server's event loop takes while as many refresh as it can serve: whatever arrives in a turn waits for its end.
//
//   npm run bench -- --only turns [--connections 16,64,256] [--rounds 3] [--seconds 4] [--store sqlite|postgres] [--quick]
//
// Server and load on different cores, the numbers of connections in turns.

import { parseArgs } from "node:util";
import { sayResult } from "../result.ts";
import { type Contender, cpuSecondsOf, here } from "./contender.ts";
import { startBenchPostgres } from "./databases.ts";
import { startHallpass } from "./hallpass.ts";
import { runLoad } from "./job.ts";
import { OPERATIONS } from "./operations.ts";
import type { TurnTimes } from "./turn-times.ts";

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "16,64,256" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    store: { type: "string", default: "sqlite" },
    quick: { type: "boolean", default: false },
  },
});
const sizes = values.connections.split(",").map(Number);
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
const seconds = Number(values.seconds ?? (values.quick ? 1 : 4));

interface Seen {
  readonly connections: number;
  readonly turns: TurnTimes;
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly p50: number;
  readonly p99: number;
  /** Of all: with more connections than it can serve a server turns some away (LOAD-3). */
  readonly notServed: number;
}

async function pass(server: Contender, connections: number): Promise<Seen> {
  const prepared = await OPERATIONS["refresh"]?.(server, { connections, seconds, requests: 0 });
  if (prepared === undefined) throw new Error("nobody refreshes");
  const pid = server.process.pid ?? 0;
  await turnsOf(server);
  const before = cpuSecondsOf([pid]);
  const load = await runLoad(prepared.job);
  const cpu = cpuSecondsOf([pid]) - before;
  const turns = await turnsOf(server);
  const { requests, p50, p99, bad } = load;
  return {
    connections,
    turns,
    perSecond: requests / load.seconds,
    cpuMicros: (cpu * 1_000_000) / requests,
    p50,
    p99,
    notServed: bad / requests,
  };
}

/** Since it was asked last. */
function turnsOf({ process: server }: Contender): Promise<TurnTimes> {
  return new Promise((resolve, reject) => {
    let seen = "";
    const read = (chunk: unknown): void => {
      seen += String(chunk);
      const line = /^turns (.*)\n/m.exec(seen)?.[1];
      if (line === undefined) return;
      server.stdout?.off("data", read);
      server.off("exit", gone);
      resolve(JSON.parse(line) as TurnTimes);
    };
    server.stdout?.on("data", read);
    const gone = (): void => reject(new Error("the server ended"));
    server.once("exit", gone);
    server.kill("SIGUSR2");
  });
}

process.setMaxListeners(32);
const database = values.store === "postgres" ? await startBenchPostgres() : undefined;
const server = await startHallpass(database, undefined, ["--import", here("./turn-times.ts")]);
const seen: Seen[] = [];
try {
  for (const connections of sizes) await pass(server, connections);
  for (let round = 1; round <= rounds; round += 1)
    for (const connections of sizes) {
      const one = await pass(server, connections);
      seen.push(one);
      process.stderr.write(`round ${round}: ${JSON.stringify(one)}\n`);
    }
} finally {
  server.process.kill("SIGKILL");
  await database?.stop();
}
sayResult({
  id: `turns-${values.store}`,
  title: `a turn of the event loop while clients refresh (${values.store})`,
  of: "connections",
  rows: [...Map.groupBy(seen, (one) => one.connections)].map(([connections, all]) => ({
    name: String(connections),
    figures: {
      "turn p99 ms": all.map(({ turns }) => turns.p99),
      p50: all.map(({ turns }) => turns.p50),
      "p99.9": all.map(({ turns }) => turns.p999),
      longest: all.map(({ turns }) => turns.longest),
      "answers per second": all.map(({ perSecond }) => perSecond),
      "server's CPU µs each": all.map(({ cpuMicros }) => cpuMicros),
      "refresh p50 ms": all.map(({ p50 }) => p50),
      "p99 ms": all.map(({ p99 }) => p99),
      "not served %": all.map(({ notServed }) => notServed * 100),
    },
  })),
});
