// GET /v1/clients/{id}.

import { parseClientId, permits, readClient } from "@hallpass/core";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import { refuseAsAbsent } from "../mandates.ts";
import { clientToWire } from "./client-to-wire.ts";

export async function read(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const id = parseClientId(exchange.param("id"));
  if (id === undefined) return refuse(exchange, "client_not_found");
  const refusal = await judgeAgain(services, exchange, caller);
  if (refusal !== undefined) return refusal;
  const found = await readClient(services.store, services.tenant, id);
  return found.ok ? reply(exchange, 200, clientToWire(found.value)) : refuse(exchange, found.code);
}

/** Of what was answered to whoever has written it. */
export async function judgeAgain(_: Services, exchange: Exchange, { mandate }: Caller): Promise<Reply | undefined> {
  return permits(mandate.clients, exchange.param("id")) ? undefined : refuseAsAbsent(exchange, "client_not_found");
}
