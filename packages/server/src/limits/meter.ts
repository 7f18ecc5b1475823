// Levels by key, in bounded memory: what is worked off is forgotten, and if that is not enough, what was first there.

import { counted, type Level, type Rate, waitFor } from "@hallpass/core";

/** Keys that are remembered. Somebody who makes up more of them makes us forget his own as well. */
const MOST_KEYS = 10_000;
/** What goes at once when all of them still count: so that making room is rare. */
const ROOM = MOST_KEYS / 10;

export interface Meter {
  /** Milliseconds until one more is within the rate; 0: it is now. Counts nothing. */
  wait(key: string, rate: Rate, now: number): number;
  count(key: string, rate: Rate, now: number): void;
  /** How many of the burst still count. */
  counting(key: string, rate: Rate, now: number): number;
  size(): number;
}

export function createMeter(): Meter {
  const levels = new Map<string, Level>();
  const levelOf = (key: string): Level => levels.get(key) ?? Number.NEGATIVE_INFINITY;

  function makeRoom(now: number): void {
    for (const [key, level] of levels) if (level <= now) levels.delete(key);
    if (levels.size < MOST_KEYS) return;
    let left = ROOM;
    for (const key of levels.keys()) {
      if (left === 0) return;
      levels.delete(key);
      left -= 1;
    }
  }

  return {
    wait: (key, rate, now) => waitFor(rate, levelOf(key), now),
    count: (key, rate, now) => {
      if (levels.size >= MOST_KEYS && !levels.has(key)) makeRoom(now);
      levels.set(key, counted(rate, levelOf(key), now));
    },
    counting: (key, { interval }, now) => Math.max(0, (levelOf(key) - now) / interval),
    size: () => levels.size,
  };
}
