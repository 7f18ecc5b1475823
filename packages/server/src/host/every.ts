// Does something again and again: the next time is counted from the end of the last, so nothing overlaps and nothing piles up.

import type { Scheduler } from "@hallpass/core";

export interface Repeated {
  /** No further turn begins; settles when the one under way has ended. */
  stop(): Promise<void>;
}

export function every(
  scheduler: Scheduler,
  ms: number,
  task: () => Promise<void>,
  failed: (thrown: unknown) => void,
): Repeated {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let cancel = scheduler.after(ms, turn);

  function turn(): void {
    running = task()
      .catch(failed)
      .finally(() => {
        if (!stopped) cancel = scheduler.after(ms, turn);
      });
  }

  return {
    stop: async () => {
      stopped = true;
      cancel();
      await running;
    },
  };
}
