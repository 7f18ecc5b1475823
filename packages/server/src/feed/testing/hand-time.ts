// Time that only a test moves: clock and timers, in one pair of hands.

import { afterMs, type Clock, type Instant, instantOf, type Scheduler } from "@hallpass/core";

export const START: Instant = instantOf(1_764_000_000_000);

export interface HandTime {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Moves both clocks, calling what falls due on the way, each after everything before it has settled. */
  pass(ms: number): Promise<void>;
  /** Moves the wall clock alone. */
  jump(ms: number): void;
  /** How many timers are set. */
  timers(): number;
}

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly task: () => void;
}

export function handTime(): HandTime {
  let monotonic = 0;
  let wall = START;
  let count = 0;
  const timers = new Set<Timer>();
  const next = (by: number): Timer | undefined =>
    [...timers].filter(({ due }) => due <= by).toSorted((a, b) => a.due - b.due || a.order - b.order)[0];
  function moveTo(due: number): void {
    wall = afterMs(wall, due - monotonic);
    monotonic = due;
  }
  return {
    clock: { now: () => wall, monotonic: () => monotonic },
    scheduler: {
      after: (ms, task) => {
        count += 1;
        const timer = { due: monotonic + Math.max(0, ms), order: count, task };
        timers.add(timer);
        return () => timers.delete(timer);
      },
    },
    pass: async (ms) => {
      await settled();
      const end = monotonic + ms;
      for (let timer = next(end); timer !== undefined; timer = next(end)) {
        timers.delete(timer);
        moveTo(Math.max(timer.due, monotonic));
        timer.task();
        await settled();
      }
      moveTo(end);
    },
    jump: (ms) => {
      wall = afterMs(wall, ms);
    },
    timers: () => timers.size,
  };
}

/** Lets everything go on that waits for no timer. */
export async function settled(steps = 2000): Promise<void> {
  for (let step = 0; step < steps; step += 1) await Promise.resolve();
}
