// The token endpoint, side by side in one run: contenders alternate in rounds, server and load on different cores,
// the figure is requests per CPU-second of the server (all its threads), because wall time on a shared machine is the neighbour's.
//
// BENCH_STORE=postgres://… measures Hallpass on that database, whose own CPU is not counted.
//
//   node --conditions=hallpass-source bench/token/main.ts [--rounds 5] [--seconds 4] [--connections 16] [--only refresh|client_credentials] [--json FILE]

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Contender, cpuSeconds, here, LOAD_CORE, residentBytes } from "./contender.ts";
import { startHallpass } from "./hallpass.ts";
import { startOidcProvider } from "./oidc-provider.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    connections: { type: "string", default: "16" },
    only: { type: "string" },
    json: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const connections = Number(values.connections);

type Operation = "refresh" | "client_credentials";
const operations = (["refresh", "client_credentials"] as const).filter(
  (name) => values.only === undefined || values.only === name,
);

interface Pass {
  readonly contender: string;
  readonly operation: Operation;
  readonly requests: number;
  readonly bad: number;
  readonly perCpuSecond: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly rss: number;
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
  const before = cpuSeconds(pid);
  const started = performance.now();
  const load = await runLoad(job);
  const wall = (performance.now() - started) / 1000;
  const cpu = cpuSeconds(pid) - before;
  const { requests, bad, p50, p99, p999 } = load;
  return {
    contender: contender.name,
    operation,
    requests,
    bad,
    perCpuSecond: requests / cpu,
    perSecond: requests / wall,
    p50,
    p99,
    p999,
    rss: residentBytes(pid),
  };
}

async function runLoad(
  job: unknown,
): Promise<{ requests: number; bad: number; p50: number; p99: number; p999: number }> {
  const child = spawn(
    "taskset",
    ["-c", LOAD_CORE, process.execPath, "--conditions=hallpass-source", here("./load.ts"), JSON.stringify(job)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let out = "";
  for await (const chunk of child.stdout) out += String(chunk);
  return JSON.parse(out) as { requests: number; bad: number; p50: number; p99: number; p999: number };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].toSorted((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}

const contenders = [await startOidcProvider(), await startHallpass()];
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
  for (const contender of contenders) contender.process.kill("SIGKILL");
}

const base = contenders[0]?.name;
process.stdout.write(
  "| operation | contender | per CPU-second: median (spread) | ratio | wall/s | p50 ms | p99 ms | p99.9 ms | RSS MB | bad |\n|---|---|---|---|---|---|---|---|---|---|\n",
);
for (const operation of operations) {
  const of = (name: string | undefined): Pass[] =>
    passes.filter((one) => one.contender === name && one.operation === operation);
  const floor = median(of(base).map((one) => one.perCpuSecond));
  for (const { name } of contenders) {
    const mine = of(name);
    const rates = mine.map((one) => one.perCpuSecond);
    const cells = [
      operation,
      name,
      `${Math.round(median(rates))} (${Math.round(Math.min(...rates))}–${Math.round(Math.max(...rates))})`,
      `${(median(rates) / floor).toFixed(2)}×`,
      Math.round(median(mine.map((one) => one.perSecond))),
      ...(["p50", "p99", "p999"] as const).map((key) => median(mine.map((one) => one[key])).toFixed(2)),
      Math.round(median(mine.map((one) => one.rss)) / 1e6),
      mine.reduce((sum, one) => sum + one.bad, 0),
    ];
    process.stdout.write(`| ${cells.join(" | ")} |\n`);
  }
}
if (values.json !== undefined)
  writeFileSync(
    values.json,
    `${JSON.stringify({ rounds, seconds, connections, node: process.version, passes }, null, 1)}\n`,
  );
process.exitCode = passes.some((one) => one.bad > 0) ? 1 : 0;
