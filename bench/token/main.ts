// The token endpoint, side by side in one run: contenders alternate in rounds, server and load on different cores,
// the figure is requests per CPU-second of the server (all its threads), because wall time on a shared machine is the neighbour's.
// Databases run on the core of the load; what they use of it for each request stands in a column of its own.
//
//   node --conditions=hallpass-source bench/token/main.ts [--rounds 5] [--seconds 4] [--connections 16] [--quick]
//     [--only refresh|client_credentials] [--contenders memory,redis,sqlite,postgres] [--json FILE]
//
// A contender whose database is not installed is left out, and said so (apt-get install redis-server postgresql).

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Contender, cpuSecondsOf, here, LOAD_CORE, residentBytes } from "./contender.ts";
import { type Database, startBenchPostgres, startRedis } from "./databases.ts";
import { startHallpass } from "./hallpass.ts";
import { startOidcProvider } from "./oidc-provider.ts";
import { type Pass, printPasses } from "./table.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    seconds: { type: "string" },
    connections: { type: "string", default: "16" },
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    contenders: { type: "string", default: "memory,redis,sqlite,postgres" },
    json: { type: "string" },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 3 : 5));
const seconds = Number(values.seconds ?? (values.quick ? 2 : 4));
const connections = Number(values.connections);

const OPERATIONS = ["refresh", "client_credentials"] as const;
type Operation = (typeof OPERATIONS)[number];
const operations = OPERATIONS.filter((name) => values.only === undefined || values.only === name);
if (operations.length === 0) throw new Error(`--only is one of ${OPERATIONS.join(", ")}`);

const CONTENDERS: Readonly<Record<string, () => Promise<Contender | undefined>>> = {
  memory: () => startOidcProvider(),
  redis: () => withDatabase(startRedis, startOidcProvider),
  sqlite: () => startHallpass(),
  postgres: () => withDatabase(startBenchPostgres, startHallpass),
};

async function withDatabase(
  startDatabase: () => Promise<Database | undefined>,
  startOn: (database: Database) => Promise<Contender>,
): Promise<Contender | undefined> {
  const database = await startDatabase();
  return database === undefined ? undefined : startOn(database);
}

async function startContenders(): Promise<readonly Contender[]> {
  const started: Contender[] = [];
  for (const name of values.contenders.split(",")) {
    const startOne = CONTENDERS[name];
    if (startOne === undefined) throw new Error(`--contenders are of ${Object.keys(CONTENDERS).join(", ")}`);
    const contender = await startOne();
    if (contender === undefined) process.stderr.write(`left out: ${name}, whose database is not installed\n`);
    else started.push(contender);
  }
  return started;
}

async function pass(contender: Contender, operation: Operation): Promise<Pass> {
  const pid = contender.process.pid ?? 0;
  const job = {
    port: contender.port,
    path: "/oauth2/token",
    authorization: contender.authorization,
    connections,
    seconds,
    refreshTokens: operation === "refresh" ? await contender.refreshTokens(connections) : null,
    body: operation === "refresh" ? "grant_type=refresh_token" : contender.clientCredentials,
  };
  const before = cpuSecondsOf([pid]);
  const databaseBefore = contender.database?.cpuSeconds();
  const started = performance.now();
  const load = await runLoad(job);
  const wall = (performance.now() - started) / 1000;
  const cpu = cpuSecondsOf([pid]) - before;
  const { requests, bad, p50, p99, p999 } = load;
  return {
    contender: contender.name,
    operation,
    requests,
    bad,
    perCpuSecond: requests / cpu,
    perSecond: requests / wall,
    databaseMicros:
      databaseBefore === undefined
        ? null
        : (((contender.database?.cpuSeconds() ?? 0) - databaseBefore) * 1_000_000) / requests,
    p50,
    p99,
    p999,
    rss: residentBytes(pid),
  };
}

interface Load {
  readonly requests: number;
  readonly bad: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

async function runLoad(job: unknown): Promise<Load> {
  const child = spawn(
    "taskset",
    ["-c", LOAD_CORE, process.execPath, "--conditions=hallpass-source", here("./load.ts"), JSON.stringify(job)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let out = "";
  for await (const chunk of child.stdout) out += String(chunk);
  return JSON.parse(out) as Load;
}

const contenders = await startContenders();
const passes: Pass[] = [];
try {
  for (const operation of operations) {
    for (const contender of contenders) await pass(contender, operation); // warm-up, not counted
    for (let round = 1; round <= rounds; round += 1) {
      const order = round % 2 === 0 ? contenders.toReversed() : contenders;
      for (const contender of order) {
        const done = await pass(contender, operation);
        passes.push(done);
        process.stderr.write(
          `${operation} round ${round}/${rounds} ${contender.name}: ${Math.round(done.perCpuSecond)} per CPU-second, ${done.bad} bad\n`,
        );
      }
    }
  }
} finally {
  for (const { process: server, database } of contenders) {
    server.kill("SIGKILL");
    await database?.stop();
  }
}
printPasses(passes);
if (values.json !== undefined)
  writeFileSync(
    values.json,
    `${JSON.stringify({ rounds, seconds, connections, node: process.version, passes }, null, 1)}\n`,
  );
process.exitCode = passes.some((one) => one.bad > 0) ? 1 : 0;
