// POST /v1/subjects/{ref}/block: ends everything of the subject, and lets nothing new begin until the block is over. Answers with a receipt.

import { blockSubject, readSubject } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { readJson } from "../read-json.ts";
import { receiptFor } from "../revocations/receipt-for.ts";
import { subjectOf, subjectToWire } from "./subject-of.ts";

const body = z.strictObject({
  until_ms: fields.instant.nullish(),
  reason: fields.words.nullish(),
  ticket: fields.words.nullish(),
  actor: fields.words.nullish(),
  wait_ms: fields.waitMs.optional(),
});

export const blockBody: z.ZodType = body;

export async function block(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const subject = await subjectOf(services, exchange);
  if (subject === undefined) return refuse(exchange, "subject_not_found");
  const read = readJson(exchange, body, {});
  if (!read.ok) return read.refusal;
  const { until_ms: until, reason, ticket, actor, wait_ms: wait } = read.value;
  const blocked = await blockSubject(services, {
    subject,
    until: until ?? null,
    reason: reason ?? null,
    ticket: ticket ?? null,
    actor: actor ?? caller.actor,
  });
  if (!blocked.ok) return refuse(exchange, blocked.code);
  const receipt = await receiptFor(services, exchange, blocked.value, wait);
  const seen = await readSubject(services.store, services.tenant, subject);
  return reply(exchange, 200, { subject: await subjectToWire(services, seen), receipt });
}
