// POST /v1/keys/{kid}/restore: a retiring key signs again, and the active one retires.

import { restoreKey } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { readJson } from "../read-json.ts";
import { knownBy } from "./known-by.ts";

const body = z.strictObject({ actor: fields.words.nullish(), wait_ms: fields.waitMs.optional() });

export const restoreBody: z.ZodType = body;

export async function restore(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const read = readJson(exchange, body, {});
  if (!read.ok) return read.refusal;
  const actor = read.value.actor ?? caller.actor;
  const restored = await restoreKey(services, { tenant: services.tenant, kid: exchange.param("kid"), actor });
  if (!restored.ok) return refuse(exchange, restored.code);
  return reply(exchange, 200, await knownBy(services, exchange, restored.value, read.value.wait_ms));
}
