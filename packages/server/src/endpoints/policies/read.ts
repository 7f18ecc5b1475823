// GET /v1/policies/{name}: the version that holds for sessions that are opened now.

import { parsePolicyName, readPolicy } from "@hallpass/core";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { policyToWire } from "./policy-to-wire.ts";

export async function read(services: Services, exchange: Exchange): Promise<Reply> {
  const name = parsePolicyName(exchange.param("name"));
  if (name === undefined) return refuse(exchange, "policy_not_found");
  const found = await readPolicy(services, name);
  return found.ok ? reply(exchange, 200, policyToWire(found.value)) : refuse(exchange, found.code);
}
