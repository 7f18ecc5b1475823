// POST /v1/keys/{kid}/compromise, and POST /v1/keys/compromise for several in one change: has keys refused everywhere, for ever,
// as fast as a revocation.

import { compromiseKeys } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { readJson } from "../read-json.ts";
import { knownBy } from "./known-by.ts";

const body = z.strictObject({ actor: fields.words.nullish(), wait_ms: fields.waitMs.optional() });
const severalBody = body.extend({ kids: z.array(z.string().min(1).max(128)).min(1).max(20) });

export const compromiseBody: z.ZodType = body;

export async function compromise(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const read = readJson(exchange, body, {});
  return read.ok ? refused(services, exchange, caller, [exchange.param("kid")], read.value) : read.refusal;
}

export const compromiseSeveralBody: z.ZodType = severalBody;

export async function compromiseSeveral(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const read = readJson(exchange, severalBody);
  return read.ok ? refused(services, exchange, caller, read.value.kids, read.value) : read.refusal;
}

async function refused(
  services: Services,
  exchange: Exchange,
  caller: Caller,
  kids: readonly string[],
  { actor, wait_ms: waitMs }: z.infer<typeof body>,
): Promise<Reply> {
  const { tenant } = services;
  const changed = await compromiseKeys(services, { tenant, kids, actor: actor ?? caller.actor });
  if (!changed.ok) return refuse(exchange, changed.code);
  return reply(exchange, 200, await knownBy(services, exchange, changed.value, waitMs));
}
