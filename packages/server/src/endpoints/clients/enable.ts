// POST /v1/clients/{id}/enable: a disabled client is active again. What was revoked stays revoked.

import { enableClient, parseClientId } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import { giverOf, mayMake } from "../mandates.ts";
import { readJson } from "../read-json.ts";
import { clientToWire } from "./client-to-wire.ts";

const body = z.strictObject({});

export const enableBody: z.ZodType = body;

export async function enable(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const id = parseClientId(exchange.param("id"));
  if (id === undefined) return refuse(exchange, "client_not_found");
  const read = readJson(exchange, body, {});
  if (!read.ok) return read.refusal;
  const giver = await giverOf(services, caller);
  const enabled = await enableClient(services, id, caller.actor, (before, after) =>
    mayMake(services, giver, before, after),
  );
  return enabled.ok ? reply(exchange, 200, clientToWire(enabled.value.client)) : refuse(exchange, enabled.code);
}
