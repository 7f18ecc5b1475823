// `node --conditions=hallpass-source drills/storm/main.ts [--verifiers 2000] [--connected 600] [--revocations 60]`
// A storm: the node of many connected verifiers is killed and started again; half of them come back as new processes, which need a
// snapshot, while sessions go on being refreshed. Then a fleet that stays connected, with revocations under way. Exits with 1 if a verifier
// does not come back, misses a notice, or hammers the node while it is away, if a snapshot was built for each of them, if a refresh was
// refused; and if verifiers that come back without waiting are not told from those that wait.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sayProof } from "../../proof/line.ts";
import { type Operated, operated, type Session } from "../disk/operated.ts";
import { quantile } from "../quantile.ts";
import { wholeNumber } from "../whole-number.ts";
import type { Arrivals, FleetJob, FleetStatus } from "./fleet.ts";

const given = parseArgs({
  options: {
    verifiers: { type: "string", default: "2000" },
    connected: { type: "string", default: "600" },
    revocations: { type: "string", default: "60" },
  },
}).values;
const sizes = {
  verifiers: wholeNumber(given.verifiers),
  connected: wholeNumber(given.connected),
  revocations: wholeNumber(given.revocations),
};
/** Each process of the fleet holds at most as many sockets as one may have open, with room to spare. */
const MOST_PER_PROCESS = 2500;
const AWAY_MS = 500;
const BACK_WITHIN_MS = 90_000;
/** Tries for each verifier, from the kill until it has a lease again. */
const MOST_TRIES = 15;
const HASTY = 100;
const REVOKE_EVERY_MS = 100;
const LOOK_EVERY_MS = 100;
const REFRESHERS = 4;
const broken: string[] = [];
const shown = { storm: "nothing", steady: "nothing", control: "nothing" };

const data = mkdtempSync(join(tmpdir(), "hallpass-storm-"));
const server = await operated(data, { program: join(import.meta.dirname, "server.ts") });
await server.start();
await storm();
await steady();
await control();
await server.kill();
rmSync(data, { recursive: true });
for (const one of broken) console.log(`broken: ${one}`);
sayProof({
  id: "storm",
  promise: "P2 P6",
  figure: `${shown.storm}; ${shown.steady}`,
  control: shown.control,
  seeds: "none",
  notShown: ["TLS", "verifiers that judge: those of the fleet speak the feed only"],
  passed: broken.length === 0,
});
process.exit();

async function storm(): Promise<void> {
  const fleet = await fleetOf(sizes.verifiers, "storm", { pingEveryMs: 5000, hasty: false });
  const [victim, ...users] = await server.open(8);
  await fleet.status();
  await fleet.halfRestarts();
  const killed = performance.now();
  await server.kill();
  await pause(AWAY_MS);
  await server.start();
  const ready = performance.now();
  const refreshes = refreshing(users.slice(0, REFRESHERS));
  const last = await server.revoked(victim?.sid ?? "");
  const { ms: backMs, sum } = await fleet.allLeased(ready);
  const appliedMs = await fleet.allApplied(last.seq, ready);
  const { served, wrong, ms } = await refreshes.stop();
  const [built = 0, late = 0] = await server.metrics(
    "hallpass_feed_snapshots_built_total",
    "nodejs_eventloop_lag_max_seconds",
  );
  const triesEach = sum.tried / sizes.verifiers;
  console.log(
    [
      `${sizes.verifiers} verifiers lost their node for ${Math.round(ready - killed)} ms; every other one came back as a new process`,
      `half had a lease again ${Math.round(quantile(backMs, 0.5))} ms after the node was there, 99 % after ${Math.round(quantile(backMs, 0.99))} ms, all after ${Math.round(quantile(backMs, 1))} ms; the notice of meanwhile was applied by all after ${Math.round(appliedMs)} ms`,
      `${triesEach.toFixed(1)} tries each, ${sum.refused} came to nothing; ${sum.resumed} resumed, ${sum.snapshots} got a snapshot, ${built} snapshots were built`,
      `refreshes meanwhile: ${served}, p50 ${quantile(ms, 0.5).toFixed(1)} ms, p99 ${quantile(ms, 0.99).toFixed(1)} ms, ${wrong} refused; event loop late by ${Math.round(late * 1000)} ms at most; ${megabytes()} of memory`,
    ].join("\n  "),
  );
  shown.storm = `${sizes.verifiers} verifiers lost their node: all had a lease again ${Math.round(quantile(backMs, 1))} ms after it was there, ${built} snapshots built, ${wrong} of ${served + wrong} refreshes refused`;
  if (backMs.length < sizes.verifiers) broken.push(`${sizes.verifiers - backMs.length} verifiers did not come back`);
  if (appliedMs === Number.POSITIVE_INFINITY) broken.push("a notice was not applied by all");
  if (triesEach > MOST_TRIES) broken.push(`${triesEach.toFixed(1)} tries for each verifier`);
  // One for all who ask at the same place; a notice that comes meanwhile makes another place.
  if (built > 5) broken.push(`${built} snapshots were built`);
  if (wrong > 0) broken.push(`${wrong} refreshes were refused in the storm`);
  fleet.end();
}

async function steady(): Promise<void> {
  const fleet = await fleetOf(sizes.connected, "steady", { pingEveryMs: 1000, hasty: false });
  const victims = await server.open(sizes.revocations);
  const users = await server.open(8);
  const refreshes = refreshing(users.slice(0, REFRESHERS));
  await fleet.arrivals();
  await server.metrics();
  const acknowledged = new Map<number, number>();
  let highest = 0;
  for (const { sid } of victims) {
    const { status, seq } = await server.revoked(sid);
    acknowledged.set(seq, monotonicMs());
    highest = Math.max(highest, seq);
    if (status !== 201) broken.push(`a revocation was answered ${status}`);
    await pause(REVOKE_EVERY_MS);
  }
  await fleet.allApplied(highest, performance.now());
  const { served, wrong, ms } = await refreshes.stop();
  const seen = (await fleet.arrivals()).filter(({ seq }) => acknowledged.has(seq));
  const reached = seen.flatMap(({ seq, atMs }) => atMs.map((at) => at - (acknowledged.get(seq) ?? at)));
  const [late = 0] = await server.metrics("nodejs_eventloop_lag_p99_seconds");
  console.log(
    [
      `${sizes.connected} connected verifiers, ${victims.length} revocations: from the answer until one had applied it p50 ${quantile(reached, 0.5).toFixed(1)} ms, p99 ${quantile(reached, 0.99).toFixed(1)} ms, the last ${quantile(reached, 1).toFixed(1)} ms`,
      `refreshes meanwhile: ${served}, p50 ${quantile(ms, 0.5).toFixed(1)} ms, p99 ${quantile(ms, 0.99).toFixed(1)} ms, ${wrong} refused; event loop late by ${Math.round(late * 1000)} ms (p99); ${megabytes()} of memory`,
    ].join("\n  "),
  );
  shown.steady = `${sizes.connected} connected, ${victims.length} revocations: from the answer until one had applied it p99 ${quantile(reached, 0.99).toFixed(1)} ms`;
  const missing = sizes.connected * victims.length - reached.length;
  if (missing !== 0) broken.push(`${missing} notices did not arrive, or came twice`);
  if (wrong > 0) broken.push(`${wrong} refreshes were refused beside revocations`);
  fleet.end();
}

/** Verifiers that come back at once: while the node is away they have to be found out by their tries. */
async function control(): Promise<void> {
  const fleet = await fleetOf(HASTY, "hasty", { pingEveryMs: 5000, hasty: true });
  await fleet.status();
  await server.kill();
  await pause(AWAY_MS);
  await server.start();
  const { sum } = await fleet.allLeased(performance.now());
  const triesEach = sum.tried / HASTY;
  shown.control = `${HASTY} verifiers that do not wait: ${triesEach.toFixed(1)} tries each, more than the ${MOST_TRIES} that are allowed`;
  console.log(shown.control);
  if (triesEach <= MOST_TRIES) broken.push("verifiers that do not wait were not told from those that do");
  fleet.end();
}

interface Fleet {
  status(): Promise<FleetStatus>;
  arrivals(): Promise<readonly Arrivals[]>;
  halfRestarts(): Promise<void>;
  /** When how many had a lease again, since `from`; and what was counted on the way. */
  allLeased(from: number): Promise<{ readonly ms: readonly number[]; readonly sum: FleetStatus }>;
  /** Infinity when it did not come to that. */
  allApplied(seq: number, from: number): Promise<number>;
  end(): void;
}

async function fleetOf(count: number, name: string, how: Pick<FleetJob, "pingEveryMs" | "hasty">): Promise<Fleet> {
  const children: ChildProcess[] = [];
  for (let left = count; left > 0; left -= MOST_PER_PROCESS) {
    const part = Math.min(left, MOST_PER_PROCESS);
    const job: FleetJob = { port: server.port, token: server.bearer(), name: `${name}-${left}`, count: part, ...how };
    const child = fork(join(import.meta.dirname, "fleet.ts"), [JSON.stringify(job)], {
      execArgv: ["--conditions=hallpass-source"],
    });
    child.setMaxListeners(0);
    children.push(child);
  }
  async function asked<T>(child: ChildProcess, what: string): Promise<T> {
    const told = once(child, "message");
    child.send(what);
    const [answer] = (await told) as [T];
    return answer;
  }
  async function status(): Promise<FleetStatus> {
    const parts = await Promise.all(children.map((child) => asked<FleetStatus>(child, "status")));
    const total = (of: (part: FleetStatus) => number): number => parts.reduce((sum, part) => sum + of(part), 0);
    return {
      connected: total(({ connected }) => connected),
      leased: total(({ leased }) => leased),
      tried: total(({ tried }) => tried),
      refused: total(({ refused }) => refused),
      resumed: total(({ resumed }) => resumed),
      snapshots: total(({ snapshots }) => snapshots),
      applied: Math.min(...parts.map(({ applied }) => applied)),
    };
  }
  const fleet: Fleet = {
    status,
    arrivals: async () => {
      const parts = await Promise.all(children.map((child) => asked<readonly Arrivals[]>(child, "arrivals")));
      return parts.flat();
    },
    halfRestarts: async () => {
      await Promise.all(children.map((child) => asked<null>(child, "restart half")));
    },
    allLeased: async (from) => {
      const ms: number[] = [];
      const sum = { tried: 0, refused: 0, resumed: 0, snapshots: 0 };
      for (;;) {
        const now = await status();
        for (const key of ["tried", "refused", "resumed", "snapshots"] as const) sum[key] += now[key];
        while (ms.length < now.leased) ms.push(performance.now() - from);
        if (now.leased === count || performance.now() - from > BACK_WITHIN_MS) return { ms, sum: { ...now, ...sum } };
        await pause(LOOK_EVERY_MS);
      }
    },
    allApplied: async (seq, from) => {
      while (performance.now() - from < BACK_WITHIN_MS) {
        if ((await status()).applied >= seq) return performance.now() - from;
        await pause(LOOK_EVERY_MS);
      }
      return Number.POSITIVE_INFINITY;
    },
    end: () => {
      for (const child of children) child.disconnect();
    },
  };
  await fleet.allLeased(performance.now());
  return fleet;
}

/** Each refreshes again and again, as a client does that was served. */
function refreshing(sessions: readonly Session[]): {
  stop(): Promise<{ readonly served: number; readonly wrong: number; readonly ms: readonly number[] }>;
} {
  const state = { stopped: false, wrong: 0 };
  const ms: number[] = [];
  const busy = sessions.map(async (session) => {
    while (!state.stopped) {
      const started = performance.now();
      const status = await (server satisfies Operated).refresh(session);
      if (status === 200) ms.push(performance.now() - started);
      else if (status !== 503) state.wrong += 1;
      await pause(10);
    }
  });
  return {
    stop: async () => {
      state.stopped = true;
      await Promise.all(busy);
      return { served: ms.length, wrong: state.wrong, ms };
    },
  };
}

function megabytes(): string {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid()}/status`, "latin1"));
  return `${Math.round(Number(line?.[1] ?? 0) / 1000)} MB`;
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
