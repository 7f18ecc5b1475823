// Requests, side by side in one run: contenders alternate in rounds, server and load on different cores,
// the figure is requests per CPU-second of the server (all its threads), because wall time on a shared machine is the neighbour's.
// Databases run on the core of the load; what they use of it for each request stands in a column of its own.
//
//   npm run bench -- --only refresh,introspect,… [--rounds 5] [--seconds 4] [--connections 16] [--quick]
//     [--requests 6000, of an operation that uses tokens up] [--json FILE] [--pictures DIRECTORY]
//     [--prefix TEXT, of the pictures' names] [--contenders memory,redis,sqlite,postgres,express,fastify,verifier,…; NAME@N has N live notices]
//
// A contender whose database is not installed is left out, and said so (apt-get install redis-server postgresql).

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { barsOf } from "../bars.ts";
import { draw } from "../measured.ts";
import { type Contender, cpuSecondsOf, residentBytes } from "./contender.ts";
import { CONTENDERS, startContenders } from "./contenders.ts";
import { runLoad } from "./job.ts";
import { OPERATIONS } from "./operations.ts";
import { type Pass, printPasses } from "./table.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    seconds: { type: "string" },
    connections: { type: "string", default: "16" },
    requests: { type: "string" },
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    contenders: { type: "string" },
    json: { type: "string" },
    pictures: { type: "string" },
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
  const databaseCpu = databaseBefore === undefined ? null : (contender.database?.cpuSeconds() ?? 0) - databaseBefore;
  await prepared.check();
  const { p50, p99, p999, bad } = load;
  return {
    contender: contender.name,
    operation,
    requests: load.requests,
    bad,
    perCpuSecond: load.requests / cpu,
    perSecond: load.requests / load.seconds,
    databaseMicros: databaseCpu === null ? null : (databaseCpu * 1_000_000) / load.requests,
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
const contenders = await startContenders(values.contenders?.split(",") ?? Object.keys(CONTENDERS), operations);
const passes: Pass[] = [];
try {
  for (const operation of operations) {
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
    const measured = passes.filter((one) => one.operation === operation);
    printPasses(measured);
    const bars = [...Map.groupBy(measured, ({ contender }) => contender)].map(([name, mine]) => ({
      name,
      values: mine.map(({ perCpuSecond }) => perCpuSecond),
    }));
    draw(
      values.pictures,
      `${values.prefix}${operation}`,
      barsOf(operation, "requests per CPU-second of the server", bars),
    );
  }
} finally {
  for (const { process: server, database } of contenders) {
    server.kill("SIGKILL");
    await database?.stop();
  }
}
if (values.json !== undefined)
  writeFileSync(
    values.json,
    `${JSON.stringify({ rounds, seconds, connections, node: process.version, passes }, null, 1)}\n`,
  );
process.exitCode = passes.some((one) => one.bad > 0) ? 1 : 0;
