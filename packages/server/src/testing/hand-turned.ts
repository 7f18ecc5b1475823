// A scheduler whose timers of one length wait for the test instead of for time; all others run as they do.

import type { Scheduler } from "@hallpass/core";
import { systemScheduler } from "../host/system-ports.ts";

export interface HandTurned {
  readonly scheduler: Scheduler;
  /** Calls what waits, and settles when as many wait again. */
  turn(): Promise<void>;
  /** Settles when so many wait. */
  reached(count: number): Promise<void>;
  readonly waiting: () => number;
}

export function handTurned(ms: number): HandTurned {
  const pending = new Set<() => void>();
  let watchers: (() => void)[] = [];

  async function reached(count: number): Promise<void> {
    while (pending.size < count) await new Promise<void>((resolve) => watchers.push(resolve));
  }

  return {
    scheduler: {
      after: (length, task) => {
        if (length !== ms) return systemScheduler.after(length, task);
        pending.add(task);
        const woken = watchers;
        watchers = [];
        for (const wake of woken) wake();
        return () => pending.delete(task);
      },
    },
    turn: async () => {
      const tasks = [...pending];
      pending.clear();
      for (const task of tasks) task();
      await reached(tasks.length);
    },
    reached,
    waiting: () => pending.size,
  };
}
