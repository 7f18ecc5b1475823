// What goes on beside a stampede: sessions are revoked, and a verifier is asked about their tokens, and about one that lives, every 10 ms.

import { setTimeout as wait } from "node:timers/promises";
import type { Verifier } from "@hallpass/verifier";
import type { Operated } from "../disk/operated.ts";

export interface Victim {
  readonly sid: string;
  readonly access: string;
}

export interface Beside {
  /** How long each revocation took that was answered. */
  readonly revokedMs: readonly number[];
  /** Other answers than 201. */
  readonly failed: number;
  /** From the acknowledgement to the first refusal; 0 where it came before. */
  readonly refusedMs: readonly number[];
  /** Tokens that were accepted later than M after the acknowledgement. */
  readonly late: number;
  /** How often nobody knew of the live token whether it lives. */
  readonly unsaid: number;
}

export interface Scene {
  readonly server: Operated;
  readonly verifier: Verifier;
  /** The first lives on. */
  readonly victims: readonly Victim[];
  readonly everyMs: number;
}

const ASKED_EVERY_MS = 10;
const M = 5000;

export async function beside<T>(
  { server, verifier, victims, everyMs }: Scene,
  work: () => Promise<T>,
): Promise<readonly [T, Beside]> {
  const [living, ...doomed] = victims;
  if (living === undefined) throw new Error("nobody lives");
  const revokedMs: number[] = [];
  const refusedMs: number[] = [];
  const seen = { failed: 0, late: 0, unsaid: 0 };
  const state = { over: false };

  async function watch({ access }: Victim, acknowledged: number): Promise<void> {
    for (;;) {
      const asked = performance.now();
      if ((await verifier.verify(access)).kind !== "accepted") {
        refusedMs.push(Math.max(0, asked - acknowledged));
        return;
      }
      if (asked > acknowledged + M) seen.late += 1;
      if (asked > acknowledged + 2 * M) return;
      await wait(ASKED_EVERY_MS);
    }
  }
  async function revoke(victim: Victim): Promise<void> {
    const started = performance.now();
    const status = await server.revoke(victim.sid);
    const acknowledged = performance.now();
    if (status === 201) {
      revokedMs.push(acknowledged - started);
      await watch(victim, acknowledged);
    } else seen.failed += 1;
  }
  async function liveOn(): Promise<void> {
    while (!state.over) {
      if ((await verifier.verify(living?.access ?? "")).kind !== "accepted") seen.unsaid += 1;
      await wait(ASKED_EVERY_MS);
    }
  }
  const under: Promise<void>[] = [liveOn()];
  const timer = setInterval(() => {
    const victim = doomed.pop();
    if (victim !== undefined) under.push(revoke(victim));
  }, everyMs);
  const done = await work();
  clearInterval(timer);
  state.over = true;
  await Promise.all(under);
  return [done, { revokedMs, refusedMs, ...seen }];
}
