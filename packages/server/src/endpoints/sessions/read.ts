// GET /v1/sessions/{id}: what a session is now, with everything above it.

import { parseSessionId, readSession } from "@hallpass/core";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { sessionToWire } from "./session-to-wire.ts";

export async function read(services: Services, exchange: Exchange): Promise<Reply> {
  const id = parseSessionId(exchange.param("id"));
  if (id === undefined) return refuse(exchange, "session_not_found");
  const seen = await readSession(services.store, services.tenant, id);
  return seen.ok ? reply(exchange, 200, sessionToWire(seen.value)) : refuse(exchange, seen.code);
}
