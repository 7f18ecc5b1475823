// Work that nobody waits for, beside work that somebody waits for.

import type { Clock, Scheduler } from "./ports.ts";

export type Paced = <T>(step: () => Promise<T>) => Promise<T>;

/** Milliseconds. A store that took as long has trouble of its own. */
const LONGEST_REST = 1000;

/**
 * Runs one step, and rests as long as it took: steps one after the other take at most half of the time of what they use, and the slower the
 * busier it is. Rejects with what the step rejects with, at once.
 */
export function pacedBy({
  clock,
  scheduler,
}: {
  readonly clock: Pick<Clock, "monotonic">;
  readonly scheduler: Scheduler;
}): Paced {
  return async (step) => {
    const began = clock.monotonic();
    const done = await step();
    const rest = Math.min(LONGEST_REST, clock.monotonic() - began);
    await new Promise<void>((resolve) => scheduler.after(rest, resolve));
    return done;
  };
}
