// POST /v1/keys/try: next signs for one client, or a share of all sessions, before it is active; or for nobody again.

import { tryKey } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { readJson } from "../read-json.ts";
import { knownBy } from "./known-by.ts";
import { listenersOf } from "./listeners.ts";

const trial = z.union([
  z
    .strictObject({ client_id: fields.clientId })
    .transform(({ client_id: client }) => ({ kind: "client", client }) as const),
  z.strictObject({ percent: z.int().min(1).max(99) }).transform(({ percent }) => ({ kind: "share", percent }) as const),
]);

const body = z.strictObject({
  alg: fields.signingAlg,
  /** Null takes it back. */
  trial: trial.nullable(),
  force: z.boolean().default(false),
  actor: fields.words.nullish(),
  wait_ms: fields.waitMs.optional(),
});

export const tryNextBody: z.ZodType = body;

export async function tryNext(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  const { alg, force, wait_ms: waitMs } = read.value;
  const tried = await tryKey(services, {
    tenant: services.tenant,
    alg,
    trial: read.value.trial,
    force,
    listeners: await listenersOf(services),
    actor: read.value.actor ?? caller.actor,
  });
  if (!tried.ok) return refuse(exchange, tried.code);
  return reply(exchange, 200, await knownBy(services, exchange, tried.value, waitMs));
}
