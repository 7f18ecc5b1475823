// A clock that stands still until it is told to go, and the timers that hang on it.

import type { Cancel, Clock, Scheduler } from "../ports.ts";

interface Timer {
  readonly due: number;
  readonly task: () => void;
}

/** The first second of 2026: any fixed instant would do. */
export const TEST_EPOCH_MS = 1_767_225_600_000;

export class TestClock implements Clock, Scheduler {
  #mono = 0;
  #wallOffset = TEST_EPOCH_MS;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#wallOffset + this.#mono;
  }

  monotonic(): number {
    return this.#mono;
  }

  after(ms: number, task: () => void): Cancel {
    const timer = { due: this.#mono + Math.max(0, ms), task };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Sets the wall clock forward or back; the monotonic clock and the timers don't notice. */
  jumpWall(ms: number): void {
    this.#wallOffset += ms;
  }

  /** Lets time pass without running a timer, as for a process that was stopped. */
  sleepThrough(ms: number): void {
    this.#mono += ms;
  }

  /** Lets time pass, one timer after the other, and what each of them started. */
  async advance(ms: number): Promise<void> {
    const end = this.#mono + ms;
    await settled();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#mono = Math.max(this.#mono, timer.due);
      timer.task();
      await settled();
    }
    this.#mono = Math.max(this.#mono, end);
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer;
    }
    return next;
  }
}

/** Until everything that can go on without time passing has gone on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
