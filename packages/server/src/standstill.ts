// An answer that others rely on later rests on what was read after its request arrived. A process that stood still in between (stopped,
// swapped out, a virtual machine that was moved) would give it long after: it may have been revoked meanwhile. So a node holds such
// knowledge for no longer than this, as a verifier holds its view for M, and then says that it does not know (spec/nodes.md NODE-8).

import { type Clock, Fault } from "@hallpass/core";

/** Milliseconds, by the clock that never goes back, from a request's arrival to its answer. */
export const LONGEST_ANSWER = 10_000;

/** Throws a Fault `stalled` from that many milliseconds on. The last thing before an answer is written: nothing may be waited for after it. */
export function checkStandstill(clock: Pick<Clock, "monotonic">, arrived: number): void {
  if (clock.monotonic() - arrived >= LONGEST_ANSWER) throw new Fault("stalled");
}
