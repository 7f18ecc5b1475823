// Probes. Alive: the process answers. Ready: the store answers with readable keys and took the last change, and the server is not draining.

import { Fault, ringKey } from "@hallpass/core";
import { type Reply, reply } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Exchange } from "./endpoint.ts";

export function healthz(_: Services, exchange: Exchange): Reply {
  return reply(exchange, 200, { status: "alive" });
}

/** A store that can't answer, or takes no changes, is thrown as a Fault: 503, as for every other path. */
export async function readyz(services: Services, exchange: Exchange): Promise<Reply> {
  if (!services.isServing()) return reply(exchange, 503, { status: "draining" }, { "retry-after": "1" });
  services.keys.open(await services.store.read([ringKey(services.tenant)]));
  const fault = services.writeFault();
  if (fault !== undefined) throw new Fault(fault);
  return reply(exchange, 200, { status: "ready" });
}
