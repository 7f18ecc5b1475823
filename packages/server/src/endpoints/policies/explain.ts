// GET /v1/clients/{id}/policy and GET /v1/sessions/{id}/policy: every number that holds, and where it comes from.

import {
  type Answer,
  type ExplainedPolicy,
  explainClientPolicy,
  explainSessionPolicy,
  parseClientId,
  parseSessionId,
} from "@hallpass/core";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { MEMBER_NAMES, putToWire, valueToWire } from "./policy-to-wire.ts";

export async function ofClient(services: Services, exchange: Exchange): Promise<Reply> {
  const id = parseClientId(exchange.param("id"));
  if (id === undefined) return refuse(exchange, "client_not_found");
  return explained(exchange, await explainClientPolicy(services, id));
}

export async function ofSession(services: Services, exchange: Exchange): Promise<Reply> {
  const id = parseSessionId(exchange.param("id"));
  if (id === undefined) return refuse(exchange, "session_not_found");
  return explained(exchange, await explainSessionPolicy(services, id));
}

function explained(exchange: Exchange, found: Answer<ExplainedPolicy>): Reply {
  if (!found.ok) return refuse(exchange, found.code);
  const { name, version, current, put, numbers } = found.value;
  return reply(exchange, 200, {
    policy: name,
    version,
    current_version: current,
    put: putToWire(put),
    numbers: numbers.map(({ member, value, source }) => ({
      name: MEMBER_NAMES[member],
      value: valueToWire(value),
      from: source.kind,
      since_version: "since" in source ? source.since : null,
    })),
  });
}
