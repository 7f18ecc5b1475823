// POST /v1/keys/rotate: next signs from now on.

import { rotateKeys } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { readJson } from "../read-json.ts";
import { knownBy } from "./known-by.ts";
import { listenersOf } from "./listeners.ts";

const body = z.strictObject({
  alg: fields.signingAlg,
  force: z.boolean().default(false),
  wait_ms: fields.waitMs.optional(),
});

export const rotateBody: z.ZodType = body;

export async function rotate(services: Services, exchange: Exchange): Promise<Reply> {
  const read = readJson(exchange, body, {});
  if (!read.ok) return read.refusal;
  const { alg, force, wait_ms: waitMs } = read.value;
  const listeners = await listenersOf(services);
  const rotated = await rotateKeys(services, { tenant: services.tenant, alg, force, listeners });
  if (!rotated.ok) return refuse(exchange, rotated.code);
  return reply(exchange, 200, await knownBy(services, exchange, rotated.value, waitMs));
}
