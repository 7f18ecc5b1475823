// A run begins with the answer to whoever asked for it, and goes on by itself.

import { type Revocation, readRevocation } from "@hallpass/core";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { mayWait } from "../may-wait.ts";

/** Waits for the end of the run if that was asked for, at most so long. What was revoked without a run is answered as it is. */
export async function setGoing(
  services: Services,
  exchange: Exchange,
  revocation: Revocation,
  wait: number,
): Promise<Revocation> {
  if (revocation.run === undefined) return revocation;
  services.runs.begin(revocation.id);
  if (wait === 0 || !mayWait(exchange)) return revocation;
  await services.runs.settled(revocation.id, wait);
  const now = await readRevocation(services.store, services.tenant, revocation.id);
  return now.ok ? now.value : revocation;
}
