// Until when the sweep may believe the wall clock. One that jumps ahead would drop notices that tokens still match, so a jump is not
// believed for an hour of the clock that never goes back; then it was a correction. The sweep is late meanwhile, and nothing else.

import { type Clock, type Instant, instantOf } from "@hallpass/core";

export interface TrustedTime {
  /** The latest instant that may be relied on. Ask it regularly: it compares with the last time it was asked. */
  now(): Instant;
}

/** Milliseconds by which the two clocks may part between two questions. */
const DRIFT = 2000;
const DOUBT = 3_600_000;

export function trustedTime(clock: Clock): TrustedTime {
  let wall = clock.now();
  let monotonic = clock.monotonic();
  let doubtedSince: number | null = null;
  return {
    now: () => {
      const elapsed = clock.monotonic() - monotonic;
      monotonic += elapsed;
      const expected = wall + elapsed;
      const shown = clock.now();
      const jumped = shown > expected + DRIFT;
      doubtedSince = jumped ? (doubtedSince ?? monotonic) : null;
      if (!jumped || (doubtedSince !== null && monotonic - doubtedSince >= DOUBT)) {
        wall = shown;
        doubtedSince = null;
      } else {
        wall = instantOf(Math.floor(expected));
      }
      return wall;
    },
  };
}
