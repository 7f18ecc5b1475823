// One wait for two things: for the end of a run, then for the verifiers.

import type { Services } from "../../services.ts";

/** What is left of it; undefined when none was asked for. `began` is the monotonic time at which it began. */
export function left({ clock }: Services, waitMs: number | undefined, began: number): number | undefined {
  return waitMs === undefined ? undefined : Math.max(0, waitMs - (clock.monotonic() - began));
}
