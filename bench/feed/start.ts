// What a verifier waits for that has just started: from `createVerifier` to `ready()` with one verdict, while many notices live.
//   npm run bench -- --only verifier-start [--notices 100000] [--feed push,pull] [--starts 20, in a process that has run] [--processes 10]
//     [--quick]
// The server on SQLite on one core, verifiers in processes of their own on the other, HTTP on the loopback: a bearer, the feed, a signature.
// The floor is a new process that asks for the same bytes and does nothing with them.

import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { median, quantile, say } from "../measured.ts";
import { sayResult } from "../result.ts";
import { cpuSecondsOf, LOAD_CORE } from "../token/contender.ts";
import { AUDIENCE, startHallpass } from "../token/hallpass.ts";
import type { Span } from "./starting.ts";

const { values } = parseArgs({
  options: {
    notices: { type: "string", default: "100000" },
    feed: { type: "string", default: "push,pull" },
    starts: { type: "string" },
    processes: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const notices = Number(values.notices);
const starts = Number(values.starts ?? (values.quick ? 5 : 20));
const processes = Number(values.processes ?? (values.quick ? 3 : 10));

const server = await startHallpass(undefined, notices);
const issuer = `http://127.0.0.1:${server.tokens.port}`;
const [id = "", secret = ""] = readFileSync(join(server.data, "demo-api-credentials"), "utf8").trim().split(":");
const [access = ""] = await server.tokens.accessTokens(1);
const shown: { readonly name: string; readonly spans: readonly Span[]; readonly serverMs: number }[] = [];
try {
  for (const feed of values.feed.split(",")) await measure(feed);
} finally {
  server.process.kill("SIGKILL");
}

sayResult({
  id: `verifier-start-${notices}`,
  title: `a verifier starts while ${notices.toLocaleString("en")} notices live`,
  of: "from createVerifier to the first verdict",
  rows: shown.map(({ name, spans, serverMs }) => {
    const wall = spans.map((one) => one.wall);
    return {
      name,
      figures: {
        "wall p50 ms": wall,
        "p95 ms": [quantile(wall, 0.95)],
        "CPU p50 ms": spans.map(({ cpu }) => cpu),
        "server's CPU ms each": [serverMs],
        "RSS MB": spans.map(({ rss }) => rss / 1e6),
        "heap MB": spans.map(({ heap }) => heap / 1e6),
        "× its floor": [median(wall) / median(floorOf(name).map((one) => one.wall))],
      },
    };
  }),
  picture: { bars: "wall p50 ms" },
});

async function measure(feed: string): Promise<void> {
  const [cold, floor]: [Span[], Span[]] = [[], []];
  let [coldCpu, floorCpu] = [0, 0];
  // In turns, so that what else the machine does falls on both.
  for (let count = 0; count < processes; count += 1) {
    const before = serverSeconds();
    cold.push(...(await spansOf(feed, 1)));
    const between = serverSeconds();
    floor.push(...(await spansIn("asking.ts", [issuer, id, secret, feed])));
    coldCpu += between - before;
    floorCpu += serverSeconds() - between;
  }
  const before = serverSeconds();
  const warm = await spansOf(feed, starts);
  const warmCpu = serverSeconds() - before;
  const each = (seconds: number, of: readonly Span[]): number => (seconds * 1000) / of.length;
  shown.push(
    { name: `${feed}: floor, the same bytes in a new process`, spans: floor, serverMs: each(floorCpu, floor) },
    { name: `Hallpass ${feed}: first of a new process`, spans: cold, serverMs: each(coldCpu, cold) },
    { name: `Hallpass ${feed}: in a process that has run`, spans: warm, serverMs: each(warmCpu, warm) },
  );
  say(`${feed}: p50 ${median(cold.map(({ wall }) => wall)).toFixed(1)} ms in a new process`);
}

/** Those of its own feed. */
function floorOf(name: string): readonly Span[] {
  const feed = /pu[a-z]+/.exec(name)?.[0];
  return shown.find((one) => one.name.startsWith(`${feed}: floor`))?.spans ?? [];
}

function serverSeconds(): number {
  return cpuSecondsOf([server.process.pid ?? 0]);
}

function spansOf(feed: string, count: number): Promise<readonly Span[]> {
  return spansIn("starting.ts", [issuer, id, secret, feed, AUDIENCE, access, String(count)]);
}

async function spansIn(program: string, given: readonly string[]): Promise<readonly Span[]> {
  const child = fork(join(import.meta.dirname, program), given, {
    execPath: "/usr/bin/taskset",
    execArgv: ["-c", LOAD_CORE, process.execPath, "--conditions=hallpass-source"],
  });
  const [spans] = (await once(child, "message")) as [readonly Span[]];
  child.disconnect();
  await once(child, "exit");
  return spans;
}
