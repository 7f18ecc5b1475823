// POST /v1/subjects/{ref}/unblock: the subject may sign in again. What the block ended stays ended.

import { readSubject, unblockSubject } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { readJson } from "../read-json.ts";
import { blockToWire, subjectOf, subjectToWire } from "./subject-of.ts";

const body = z.strictObject({ actor: fields.words.nullish() });

export const unblockBody: z.ZodType = body;

/** `unblocked` is the block that was taken back; null where there was none. */
export async function unblock(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const subject = await subjectOf(services, exchange);
  if (subject === undefined) return refuse(exchange, "subject_not_found");
  const read = readJson(exchange, body, {});
  if (!read.ok) return read.refusal;
  const taken = await unblockSubject(services, subject, read.value.actor ?? caller.actor);
  const seen = await readSubject(services.store, services.tenant, subject);
  const unblocked = taken === null ? null : blockToWire(taken);
  return reply(exchange, 200, { subject: await subjectToWire(services, seen), unblocked });
}
