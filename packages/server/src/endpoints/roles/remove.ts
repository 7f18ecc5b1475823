// DELETE /v1/roles/{name}: whoever has the role has nothing of it any more.

import { changeRole, parseRoleName } from "@hallpass/core";
import { empty, type Reply, refuse } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";

export async function remove(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const name = parseRoleName(exchange.param("name"));
  if (name === undefined) return refuse(exchange, "role_not_found");
  const removed = await changeRole(services, name, null, { actor: caller.actor, most: caller.scope });
  return removed.ok ? empty(exchange, 204) : refuse(exchange, removed.code);
}
