// POST /v1/keys/{kid}/remove: takes a retiring key out of what is published. Earlier than its last token expires is refused.

import { removeKey } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { readJson } from "../read-json.ts";
import { knownBy } from "./known-by.ts";

const body = z.strictObject({});

export const removeBody: z.ZodType = body;

export async function remove(services: Services, exchange: Exchange): Promise<Reply> {
  const read = readJson(exchange, body, {});
  if (!read.ok) return read.refusal;
  const removed = await removeKey(services, { tenant: services.tenant, kid: exchange.param("kid") });
  if (!removed.ok) return refuse(exchange, removed.code);
  return reply(exchange, 200, await knownBy(services, exchange, removed.value, undefined));
}
