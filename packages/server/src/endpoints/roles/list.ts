// GET /v1/roles: every role with its scopes, by name.

import { readRoles } from "@hallpass/core";
import { type Reply, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";

export async function list(services: Services, exchange: Exchange): Promise<Reply> {
  const roles = [...(await readRoles(services.store, services.tenant))]
    .map(([name, scope]) => ({ name, scope: scope.join(" ") }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  return reply(exchange, 200, { roles });
}
