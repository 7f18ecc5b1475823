// Requests, side by side in one run: contenders alternate in rounds, server and load on different cores,
// the figure is requests per CPU-second of the server (all its threads), because wall time on a shared machine is the neighbour's.
// Databases run on the core of the load; what they use of it for each request stands in a column of its own.
//
//   npm run bench -- --only refresh,introspect,… [--rounds 5] [--seconds 4] [--connections 16] [--quick]
//     [--requests 6000, of an operation that uses tokens up]
//     [--prefix TEXT, of the results' names] [--contenders memory,redis,sqlite,postgres,express,fastify,verifier,…; NAME@N has N live notices]
//
// A contender whose database is not installed is left out, and said so (apt-get install redis-server postgresql).

import { parseArgs } from "node:util";
import { type Contender, cpuSecondsOf, residentBytes } from "./contender.ts";
import { CONTENDERS, leftOut, startContenders } from "./contenders.ts";
import { runLoad } from "./job.ts";
import { OPERATIONS, TITLES } from "./operations.ts";
import { type Pass, sayPasses } from "./table.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    seconds: { type: "string" },
    connections: { type: "string", default: "16" },
    requests: { type: "string" },
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    contenders: { type: "string" },
    prefix: { type: "string", default: "" },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
const seconds = Number(values.seconds ?? (values.quick ? 0.5 : 4));
const connections = Number(values.connections);
const requests = Number(values.requests ?? (values.quick ? 500 : 6000));
/** Until so many have been answered, a quarter of an opening's time is V8's compiler. */
const WARM_UP = 25_000;
const MOST_WARM_UPS = values.quick ? 1 : 5;
const operations = values.only?.split(",") ?? Object.keys(OPERATIONS);
for (const name of operations)
  if (OPERATIONS[name] === undefined) throw new Error(`--only are of ${Object.keys(OPERATIONS).join(", ")}`);

async function pass(contender: Contender, operation: string): Promise<Pass | undefined> {
  const prepared = await OPERATIONS[operation]?.(contender, { connections, seconds, requests });
  if (prepared === undefined) return undefined;
  const pid = contender.process.pid ?? 0;
  const before = cpuSecondsOf([pid]);
  const databaseBefore = contender.database?.cpuSeconds();
  const load = await runLoad(prepared.job);
  const cpu = cpuSecondsOf([pid]) - before;
  const databaseCpu =
    databaseBefore === undefined ? undefined : (contender.database?.cpuSeconds() ?? 0) - databaseBefore;
  await prepared.check();
  const { p50, p99, p999, bad } = load;
  return {
    contender: contender.name,
    requests: load.requests,
    bad,
    perCpuSecond: load.requests / cpu,
    perSecond: load.requests / load.seconds,
    databaseMicros: databaseCpu === undefined ? undefined : (databaseCpu * 1_000_000) / load.requests,
    p50,
    p99,
    p999,
    rss: residentBytes(pid),
  };
}

/** Not counted: until every contender has answered as many, or it takes too long. Code that was seen too seldom is not compiled yet. */
async function warmUp(contender: Contender, operation: string): Promise<void> {
  let answered = 0;
  for (let passes = 0; answered < WARM_UP && passes < MOST_WARM_UPS; passes += 1) {
    const done = await pass(contender, operation);
    if (done === undefined) return;
    answered += done.requests;
  }
}

// Every process that is started ends with this one.
process.setMaxListeners(32);
const chosen = values.contenders?.split(",") ?? Object.keys(CONTENDERS);
const started = await startContenders(chosen, operations);
const contenders = [...started.values()];
let bad = 0;
try {
  for (const operation of operations) {
    const passes: Pass[] = [];
    for (const contender of contenders) await warmUp(contender, operation);
    for (let round = 1; round <= rounds; round += 1) {
      const order = round % 2 === 0 ? contenders.toReversed() : contenders;
      for (const contender of order) {
        const done = await pass(contender, operation);
        if (done === undefined) continue;
        passes.push(done);
        process.stderr.write(
          `${operation} round ${round}/${rounds} ${contender.name}: ${Math.round(done.perCpuSecond)} per CPU-second, ${done.bad} bad\n`,
        );
      }
    }
    const id = `${values.prefix}${operation}`;
    const title = `${TITLES[operation] ?? operation}${values.prefix === "" ? "" : ", while notices live"}`;
    sayPasses({ id, title, leftOut: values.prefix === "" ? leftOut(operation, started) : [] }, passes);
    bad += passes.reduce((sum, one) => sum + one.bad, 0);
  }
} finally {
  for (const { process: server, database } of contenders) {
    server.kill("SIGKILL");
    await database?.stop();
  }
}
if (bad > 0) throw new Error(`${bad} answers were wrong`);
