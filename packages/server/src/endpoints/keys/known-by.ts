// What a change of the keys answers: the new version, and which connected verifiers know it already.

import type { RingVersion } from "@hallpass/core";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { mayWait } from "../may-wait.ts";

export async function knownBy(
  services: Services,
  exchange: Exchange,
  ring: RingVersion,
  waitMs: number | undefined,
): Promise<object> {
  const { hearing } = services;
  if (waitMs !== undefined && waitMs > 0 && mayWait(exchange)) await hearing.waitKeys(ring.version, waitMs);
  const connected = [...hearing.heard().values()].filter((one) => one.connected);
  const knowing = connected.filter((one) => one.keys >= ring.version).length;
  const verifiers = { connected: connected.length, acknowledged: knowing };
  return { version: ring.version, active: ring.active, next: ring.next, verifiers };
}
