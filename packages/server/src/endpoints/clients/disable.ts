// POST /v1/clients/{id}/disable: the client gets nothing any more, and what it was given is revoked. Answers with a receipt.

import { disableClient, parseClientId } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { giverOf, mayMake } from "../mandates.ts";
import { readJson } from "../read-json.ts";
import { left } from "../revocations/left.ts";
import { receiptFor } from "../revocations/receipt-for.ts";
import { setGoing } from "../revocations/set-going.ts";

const body = z.strictObject({ actor: fields.words.nullish(), wait_ms: fields.waitMs.optional() });

export const disableBody: z.ZodType = body;

export async function disable(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const id = parseClientId(exchange.param("id"));
  if (id === undefined) return refuse(exchange, "client_not_found");
  const read = readJson(exchange, body, {});
  if (!read.ok) return read.refusal;
  const giver = await giverOf(services, caller);
  const disabled = await disableClient(services, id, read.value.actor ?? caller.actor, {
    may: (before, after) => mayMake(services, giver, before, after),
  });
  if (!disabled.ok) return refuse(exchange, disabled.code);
  const { wait_ms: wait } = read.value;
  const began = services.clock.monotonic();
  const counted = await setGoing(services, exchange, disabled.value, wait ?? 0);
  return reply(exchange, 200, await receiptFor(services, exchange, counted, left(services, wait, began)));
}
