// The real clock, dice and timers: the one place that has them. Everything else is handed what it needs.

import { randomFillSync } from "node:crypto";
import type { Clock, Dice, Instant, Scheduler } from "@hallpass/core";

export const systemClock: Clock = {
  now: () => Date.now() as Instant,
  monotonic: () => performance.now(),
};

const POOL = 8192;

/** Randomness is fetched in pieces of 8 KiB, because a call for each token costs more than the token's MAC. No byte is handed out twice. */
export function systemDice(): Dice {
  const pool = new Uint8Array(POOL);
  let used = POOL;
  return {
    bytes: (length) => {
      if (length > POOL) return randomFillSync(new Uint8Array(length));
      if (used + length > POOL) {
        randomFillSync(pool);
        used = 0;
      }
      // By a loop: two calls of the platform take longer for the few bytes that are mostly asked for.
      const piece = new Uint8Array(length);
      for (let at = 0; at < length; at += 1, used += 1) {
        piece[at] = pool[used] ?? 0;
        pool[used] = 0;
      }
      return piece;
    },
  };
}

/** After everything that has arrived was looked at: what many requests need is then done in one go. */
export const systemNextTurn = (task: () => void): void => void setImmediate(task);

export const systemPause = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A timer never keeps the process alive by itself: only sockets and the store do. */
export const systemScheduler: Scheduler = {
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
