// How long a turn of the server's event loop takes while as many refresh as it can serve: whatever arrives in a turn waits for its end.
//
//   node --conditions=hallpass-source bench/token/turns.ts [--connections 16,64,256] [--rounds 3] [--seconds 4] [--store sqlite|postgres]
//
// Server and load on different cores, the numbers of connections in turns. Figures are medians of the rounds.

import { parseArgs } from "node:util";
import { type Contender, cpuSecondsOf, here } from "./contender.ts";
import { startBenchPostgres } from "./databases.ts";
import { startHallpass } from "./hallpass.ts";
import { runLoad } from "./job.ts";
import { OPERATIONS } from "./operations.ts";
import type { TurnTimes } from "./turn-times.ts";

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "16,64,256" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "4" },
    store: { type: "string", default: "sqlite" },
  },
});
const sizes = values.connections.split(",").map(Number);
const seconds = Number(values.seconds);

interface Seen {
  readonly connections: number;
  readonly turns: TurnTimes;
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly p50: number;
  readonly p99: number;
  readonly bad: number;
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
    bad,
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

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
}

process.setMaxListeners(32);
const database = values.store === "postgres" ? await startBenchPostgres() : undefined;
const server = await startHallpass(database, undefined, ["--import", here("./turn-times.ts")]);
const seen: Seen[] = [];
try {
  for (const connections of sizes) await pass(server, connections);
  for (let round = 1; round <= Number(values.rounds); round += 1)
    for (const connections of sizes) {
      const one = await pass(server, connections);
      seen.push(one);
      process.stderr.write(`round ${round}: ${JSON.stringify(one)}\n`);
    }
} finally {
  server.process.kill("SIGKILL");
  await database?.stop();
}
console.log(
  "| connections | turn p50 | p99 | p99.9 | longest ms | refreshes/s | server CPU µs each | refresh p50 | p99 ms |",
);
console.log("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
for (const [connections, all] of Map.groupBy(seen, (one) => one.connections)) {
  const of = (value: (one: Seen) => number, digits: number): string => median(all.map(value)).toFixed(digits);
  const turns = (["p50", "p99", "p999", "longest"] as const).map((name) => of((one) => one.turns[name], 1));
  const rest = [of((one) => one.perSecond, 0), of((one) => one.cpuMicros, 0), of((one) => one.p50, 1)];
  console.log(`| ${[connections, ...turns, ...rest, of((one) => one.p99, 1)].join(" | ")} |`);
}
process.exitCode = seen.some((one) => one.bad > 0) ? 1 : 0;
