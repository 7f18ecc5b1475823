// Rings when facts were committed here. A follower that looked before asks with what it had heard then, so that nothing is missed in between;
// what another node commits is seen at the next look.

import type { Scheduler } from "@hallpass/core";

export interface FactBell {
  /** How often it has rung. */
  readonly rung: () => number;
  readonly ring: () => void;
  /** Settles when it has rung more often than `heard`, or after `ms`. */
  readonly next: (heard: number, ms: number) => Promise<void>;
}

export function createFactBell(scheduler: Scheduler): FactBell {
  let count = 0;
  let waiting = new Set<() => void>();
  return {
    rung: () => count,
    ring: () => {
      count += 1;
      if (waiting.size === 0) return;
      const woken = waiting;
      waiting = new Set();
      for (const wake of woken) wake();
    },
    next: (heard, ms) =>
      new Promise((resolve) => {
        if (count !== heard) return resolve();
        const settle = (): void => {
          cancel();
          waiting.delete(settle);
          resolve();
        };
        const cancel = scheduler.after(ms, settle);
        waiting.add(settle);
      }),
  };
}
