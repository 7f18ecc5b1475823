// POST /v1/subjects/{ref}/erase: ends everything of the subject and erases what is stored about it, a step at a time.
// The first answers with a receipt.

import {
  beginErasure,
  eraseSubject,
  erasurePlaceFromText,
  erasurePlaceToText,
  firstErasurePlace,
} from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { openPage, sealPage } from "../page-cursors.ts";
import { readJson } from "../read-json.ts";
import { receiptFor } from "../revocations/receipt-for.ts";
import { subjectOf } from "./subject-of.ts";

const body = z.strictObject({
  cursor: z.string().nullish(),
  /** Rows that one step looks at. */
  limit: z.int().min(1).max(5000).default(1000),
  reason: fields.words.nullish(),
  ticket: fields.words.nullish(),
  actor: fields.words.nullish(),
  wait_ms: fields.waitMs.optional(),
});

export const eraseBody: z.ZodType = body;

export async function erase(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const subject = await subjectOf(services, exchange);
  if (subject === undefined) return refuse(exchange, "subject_not_found");
  const read = readJson(exchange, body, {});
  if (!read.ok) return read.refusal;
  const { cursor, limit, reason, ticket, wait_ms: wait } = read.value;
  const actor = read.value.actor ?? caller.actor;
  const query = { list: "subject-erase", about: subject };
  const opened = await openPage(services, query, cursor ?? undefined);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const goingOn = opened.place === null ? null : erasurePlaceFromText(opened.place);
  // Of a release whose cursors did not say which cut-off was theirs: whoever holds one begins anew.
  if (goingOn === undefined) return refuse(exchange, "cursor_malformed");
  const asked = { subject, reason: reason ?? null, ticket: ticket ?? null, actor };
  const begun = goingOn === null ? await beginErasure(services, asked) : null;
  const place = begun === null ? goingOn : firstErasurePlace(begun);
  if (place === null) throw new Error("an erasure was neither begun nor gone on with");
  const step = await eraseSubject(services, { subject, place, limit, actor });
  const receipt = begun === null ? null : await receiptFor(services, exchange, begun, wait);
  const next = await sealPage(services, query, step.next === null ? null : erasurePlaceToText(step.next));
  const { examined, unreadable, sessions, receipts, answers, names } = step;
  return reply(exchange, 200, {
    examined,
    ...(unreadable === 0 ? {} : { unreadable }),
    sessions,
    receipts,
    answers,
    names,
    receipt,
    next_cursor: next,
  });
}
