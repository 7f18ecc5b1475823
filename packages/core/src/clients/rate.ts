// How often something may happen: the generic cell rate algorithm (ITU-T I.371), which keeps one number for each that is counted. Whoever
// was quiet may do `burst` at once; whoever goes on without a rest, one for each interval.

export interface Rate {
  /** At once, after a rest. At least 1. */
  readonly burst: number;
  /** Milliseconds for which one counts. */
  readonly interval: number;
}

/** The instant, by a clock that never goes back, at which all that was counted is worked off; in the past: nothing counts any more. */
export type Level = number;

/** Milliseconds until one more is within the rate; 0: it is now. */
export function waitFor({ burst, interval }: Rate, level: Level, now: number): number {
  return Math.max(0, level - now - (burst - 1) * interval);
}

/** With one more. Never above what a full burst is, so that nobody is shut out for longer by trying harder. */
export function counted({ burst, interval }: Rate, level: Level, now: number): Level {
  return Math.min(Math.max(level, now) + interval, now + burst * interval);
}
