// POST /v1/keys: keys of a further algorithm, for clients that ask for it.

import { addSigningAlg } from "@hallpass/core";
import { SIGNING_ALGS } from "@hallpass/protocol";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { readJson } from "../read-json.ts";
import { knownBy } from "./known-by.ts";

const body = z.strictObject({ alg: z.enum(SIGNING_ALGS), wait_ms: fields.waitMs.optional() });

export const addBody: z.ZodType = body;

export async function add(services: Services, exchange: Exchange): Promise<Reply> {
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  const added = await addSigningAlg(services, { tenant: services.tenant, alg: read.value.alg });
  if (!added.ok) return refuse(exchange, added.code);
  return reply(exchange, 200, await knownBy(services, exchange, added.value, read.value.wait_ms));
}
