// One scene: sessions are refreshed and revoked, the disk begins to fail, the disk is well again, the server is killed and started once more.
// What was answered is compared with what is there.

import type { Operated, Session } from "./operated.ts";

export interface Fault {
  readonly name: string;
  readonly begin: () => void;
  readonly end: () => void;
}

export interface Scene {
  /** Revocations that were answered 201, and those of them that are not there after the restart. */
  readonly revoked: number;
  readonly lost: number;
  /** Refused with 503, before and after; other answers. */
  readonly refused: number;
  readonly wrong: readonly string[];
  readonly refreshed: number;
  /** Clients whose token was refused: logged out by us. */
  readonly loggedOut: number;
  /** Reads during the fault, and those of them that were not answered. */
  readonly reads: number;
  readonly unread: number;
  /** Milliseconds from the beginning of the fault until readiness said so; undefined if it never did. */
  readonly saidAfter: number | undefined;
  /** From the end of the fault until a revocation was a success and the server was ready. */
  readonly recoveredAfter: number;
  readonly counted: number;
}

export interface SceneOptions {
  readonly clients: number;
  readonly victims: number;
  /** How long the fault lasts after its first effect. */
  readonly ms: number;
}

const CALM_MS = 500;
const EFFECT_WITHIN_MS = 15_000;
const RECOVERED_WITHIN_MS = 30_000;
const BETWEEN_MS = 5;
/** Of everybody who hammers, once the disk fails. */
const LOOK_EVERY_MS = 50;

export async function play(server: Operated, fault: Fault, options: SceneOptions): Promise<Scene> {
  await server.start();
  const clients = await server.open(options.clients);
  const victims = await server.open(options.victims);
  const known = victims[0]?.sid ?? "";
  const acknowledged: string[] = [];
  const tally = { refused: 0, refreshed: 0, loggedOut: 0, reads: 0, unread: 0 };
  const wrong: string[] = [];
  let saidAfter: number | undefined;
  const state = { failing: false, stopped: false };

  const [kept, ...others] = victims;
  async function revoking(): Promise<void> {
    for (let victim = others.pop(); victim !== undefined && !state.stopped; ) {
      // However quick the machine is, half of them are left for the fault.
      while (!state.failing && others.length < victims.length / 2) await pause(BETWEEN_MS);
      const status = await server.revoke(victim.sid);
      if (status === 201) acknowledged.push(victim.sid);
      else if (status === 503) tally.refused += 1;
      else wrong.push(`a revocation was answered ${status}`);
      // What was refused is asked for again.
      if (status === 201) victim = others.pop();
      else await pause(BETWEEN_MS);
    }
  }
  async function refreshing(session: Session): Promise<void> {
    while (!state.stopped) {
      const status = await server.refresh(session);
      if (status === 200) tally.refreshed += 1;
      else if (status === 400) tally.loggedOut += 1;
      else if (status === 503) tally.refused += 1;
      else wrong.push(`a refresh was answered ${status}`);
      if (status !== 200) await pause(BETWEEN_MS);
    }
  }
  const busy = [revoking(), revoking(), ...clients.map(refreshing)];

  await pause(CALM_MS);
  const refusedBefore = tally.refused;
  fault.begin();
  state.failing = true;
  const began = performance.now();
  await until(() => tally.refused > refusedBefore, EFFECT_WITHIN_MS);
  const effect = performance.now();
  while (performance.now() - effect < options.ms) {
    if ((await server.ready()) === 503) saidAfter ??= performance.now() - began;
    tally.reads += 1;
    if ((await server.stateOf(known)) !== "active") tally.unread += 1;
    await pause(LOOK_EVERY_MS);
  }
  fault.end();
  const ended = performance.now();
  const revokedThen = acknowledged.length;
  while (others.length > 0 && performance.now() - ended < RECOVERED_WITHIN_MS) {
    if (acknowledged.length > revokedThen && (await server.ready()) === 200) break;
    await pause(LOOK_EVERY_MS);
  }
  const recoveredAfter = performance.now() - ended;
  const [counted = 0] = await server.metrics("hallpass_store_failures_total");
  await pause(CALM_MS);
  state.stopped = true;
  await Promise.all(busy);

  await server.kill();
  await server.start();
  let lost = 0;
  for (const sid of acknowledged) if ((await server.stateOf(sid)) !== "ended") lost += 1;
  for (const session of clients) if ((await server.refresh(session)) !== 200) tally.loggedOut += 1;
  if (kept !== undefined && (await server.stateOf(kept.sid)) !== "active")
    wrong.push("a session ended that nobody ended");
  await server.kill();
  return { revoked: acknowledged.length, lost, wrong, ...tally, saidAfter, recoveredAfter, counted };
}

async function until(holds: () => boolean, withinMs: number): Promise<void> {
  const began = performance.now();
  while (!holds() && performance.now() - began < withinMs) await pause(BETWEEN_MS);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
