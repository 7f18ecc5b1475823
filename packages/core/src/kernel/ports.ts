// What core can't know by itself. `main` hands in the real ones, a test others; users of the packages can give neither.

import type { Instant } from "./time.ts";

export interface Clock {
  /** Wall time. It may jump. */
  now(): Instant;
  /** Milliseconds of a clock that never goes back; its zero means nothing. */
  monotonic(): number;
}

export interface Dice {
  /** `length` bytes that nobody can guess. */
  bytes(length: number): Uint8Array;
}

export interface Scheduler {
  /** Calls `task` once, no earlier than `ms` milliseconds from now, unless cancelled. */
  after(ms: number, task: () => void): Cancel;
}

/** Calls the task once, soon: when everything that has arrived was looked at. */
export type NextTurn = (task: () => void) => void;

export type Cancel = () => void;
