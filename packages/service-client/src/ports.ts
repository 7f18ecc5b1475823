// What the client can't know or do by itself. runtime.ts hands in the real ones; a test hands in others.

export interface Clock {
  /** Wall time in milliseconds since the epoch. It may jump. */
  now(): number;
  /** Milliseconds of a clock that never goes back; its zero means nothing. */
  monotonic(): number;
}

export interface Dice {
  /** A number from 0 up to, and without, 1. It keeps no secret. */
  fraction(): number;
}

export interface Scheduler {
  /** Calls `task` once, no earlier than `ms` milliseconds from now. */
  after(ms: number, task: () => void): void;
}

export interface Answer {
  readonly status: number;
  /** The header as it came; null without one. */
  readonly retryAfter: string | null;
  readonly text: string;
}

export interface Ports {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly scheduler: Scheduler;
  /** Posts a form to the token endpoint as the client. Rejects when there is no answer. */
  post(form: Readonly<Record<string, string>>): Promise<Answer>;
  /** The platform's fetch. */
  send(request: Request): Promise<Response>;
}

export type Timing = Pick<Ports, "clock" | "dice" | "scheduler">;

export function rest(scheduler: Scheduler, ms: number): Promise<void> {
  return new Promise((resolve) => scheduler.after(ms, resolve));
}
