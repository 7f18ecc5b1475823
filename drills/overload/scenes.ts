// The scenes of the drill: one server each, a load in another process, and revocations that go on all the while.

import { spawn } from "node:child_process";
import { join } from "node:path";
import type { LoadJob, LoadReport } from "./load.ts";
import { type Opened, type Operated, operated } from "./operated.ts";
import type { ShedTimes } from "./shed-times.ts";
import type { StampedeJob, StampedeReport } from "./stampede.ts";

/** What there is to press through. */
export interface Node {
  /** `open`: nobody is ever turned away. */
  readonly door: "as it is" | "open";
  /** Changes that its store takes in a second; 0 for as many as it can, so that the processor is what is missing. */
  readonly changesPerSecond: number;
}

export interface Sizes {
  readonly connections: number;
  readonly seconds: number;
  /** How many times the capacity is offered. */
  readonly times: number;
  readonly stampede: number;
}

export interface Revocations {
  readonly ms: readonly number[];
  readonly serverMs: readonly number[];
  /** Other answers than 201. */
  readonly failed: number;
}

export interface Overloaded {
  /** Refreshes a second with 32 clients that wait for their answers, and what revocations took beside them. */
  readonly capacity: number;
  readonly calm: Revocations;
  readonly load: LoadReport;
  readonly during: Revocations;
  readonly shed: ShedTimes;
  /** Bytes that the server's memory grew by at most. */
  readonly grewBy: number;
  /** From the end of the load until twenty refreshes in a row were served, none slower than 500 ms. */
  readonly recoveredMs: number;
}

const PROGRAM = join(import.meta.dirname, "server.ts");
export const CALM_CLIENTS = 32;
const CALM_SECONDS = 2;
const VICTIMS_PER_SECOND = 20;
const REVOKE_EVERY_MS: number = 1000 / VICTIMS_PER_SECOND;
/** For a load that takes longer than it should. */
const SLACK_SECONDS = 8;
const IN_A_ROW = 20;
/** Several times what is usual: a machine that does other things besides is no server that has not recovered. */
const QUICK_MS = 500;
const PATIENCE_MS = 30_000;

/** One server, and the floods one after the other. */
export async function floods(
  sizes: Sizes,
  { door, changesPerSecond }: Node,
  clients: readonly ("impatient" | "patient")[],
): Promise<readonly Overloaded[]> {
  const server = await operated("overload", PROGRAM, [door, String(changesPerSecond)]);
  try {
    const opened = await server.open(sizes.connections);
    const victims = await server.open(
      VICTIMS_PER_SECOND * (CALM_SECONDS + clients.length * (sizes.seconds + SLACK_SECONDS)),
    );
    const at = { port: server.port, pid: server.pid, authorization: server.authorization };
    let refreshTokens: readonly string[] = opened.map(({ refresh }) => refresh);
    const alone = async (): Promise<LoadReport> => {
      const few = { refreshTokens: refreshTokens.slice(0, CALM_CLIENTS), rate: 0, seconds: CALM_SECONDS };
      const report = await child<LoadReport>("load.ts", { ...at, ...few, isPatient: false } satisfies LoadJob);
      refreshTokens = [...report.refreshTokens, ...refreshTokens.slice(CALM_CLIENTS)];
      return report;
    };
    // What limits it is no code that has to be warm.
    if (changesPerSecond === 0) await alone();
    const [calmLoad, calm] = await beside(server, victims, alone);
    const capacity = calmLoad.ok / CALM_SECONDS;
    const seen: Overloaded[] = [];
    for (const kind of clients) {
      const job = { ...at, refreshTokens, rate: capacity * sizes.times, seconds: sizes.seconds };
      const one = await flood(server, victims, { ...job, isPatient: kind === "patient" });
      ({ refreshTokens } = one.load);
      seen.push({ capacity, calm, ...one });
    }
    return seen;
  } finally {
    await server.end();
  }
}

async function flood(
  server: Operated,
  victims: Opened[],
  job: LoadJob,
): Promise<Pick<Overloaded, "load" | "during" | "shed" | "grewBy" | "recoveredMs">> {
  const before = server.residentBytes();
  await server.shed();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, server.residentBytes());
  }, 100);
  const [load, during] = await beside(server, victims, () => child<LoadReport>("load.ts", job));
  clearInterval(watch);
  const shed = await server.shed();
  const recovered = await recovery(server, load.refreshTokens[0] ?? "");
  const refreshTokens = [recovered.token, ...load.refreshTokens.slice(1)];
  return { load: { ...load, refreshTokens }, during, shed, grewBy: most - before, recoveredMs: recovered.ms };
}

export async function stampede(sizes: Sizes): Promise<StampedeReport & { readonly during: Revocations }> {
  const server = await operated("stampede", PROGRAM, []);
  try {
    const clients = await server.open(sizes.stampede);
    const victims = await server.open(VICTIMS_PER_SECOND * SLACK_SECONDS * 2);
    const refreshTokens = clients.map(({ refresh }) => refresh);
    const job: StampedeJob = {
      port: server.port,
      authorization: server.authorization,
      refreshTokens,
      patienceMs: 60_000,
    };
    const [report, during] = await beside(server, victims, () => child<StampedeReport>("stampede.ts", job));
    return { ...report, during };
  } finally {
    await server.end();
  }
}

/** Revokes a session every 50 ms, whatever became of the one before, while the work is done. */
async function beside<T>(
  server: Operated,
  victims: Opened[],
  work: () => Promise<T>,
): Promise<readonly [T, Revocations]> {
  const under: Promise<{ readonly status: number; readonly ms: number; readonly serverMs: number }>[] = [];
  const timer = setInterval(() => {
    const victim = victims.pop();
    if (victim !== undefined) under.push(server.revoke(victim.sid));
  }, REVOKE_EVERY_MS);
  const done = await work();
  clearInterval(timer);
  const all = await Promise.all(under);
  const failed = all.filter(({ status }) => status !== 201).length;
  return [done, { ms: all.map(({ ms }) => ms), serverMs: all.map(({ serverMs }) => serverMs), failed }];
}

async function recovery(server: Operated, first: string): Promise<{ readonly ms: number; readonly token: string }> {
  const began = performance.now();
  let token = first;
  for (let inRow = 0; inRow < IN_A_ROW; ) {
    const started = performance.now();
    if (started - began > PATIENCE_MS) return { ms: Number.POSITIVE_INFINITY, token };
    const answer = await fetch(`http://127.0.0.1:${server.port}/oauth2/token`, {
      method: "POST",
      headers: { authorization: server.authorization },
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: token }),
    });
    const body = (await answer.json()) as { readonly refresh_token?: string };
    token = body.refresh_token ?? token;
    inRow = answer.status === 200 && performance.now() - started <= QUICK_MS ? inRow + 1 : 0;
  }
  return { ms: performance.now() - began, token };
}

/** A program of this folder, with its job on stdin; its report. */
export async function child<Report>(program: string, job: unknown): Promise<Report> {
  const path = join(import.meta.dirname, program);
  const started = spawn(process.execPath, ["--conditions=hallpass-source", path], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  started.stdin.end(JSON.stringify(job));
  const kill = (): void => void started.kill("SIGKILL");
  process.once("exit", kill);
  let out = "";
  for await (const chunk of started.stdout) out += String(chunk);
  process.off("exit", kill);
  return JSON.parse(out) as Report;
}
