// Whether an answer may wait: for verifiers, for the end of a run, for a fact. Whoever waits holds no place of a lane: however many wait, as many
// others are served as before (LOAD-7).

import type { Exchange } from "./endpoint.ts";

/** To be called before each wait. False: too many wait already, and the answer is given as it is now. */
export function mayWait({ request }: Pick<Exchange, "request">): boolean {
  return request.wait?.() ?? true;
}
