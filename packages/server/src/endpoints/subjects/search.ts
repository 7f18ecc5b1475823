// POST /v1/subjects/search: the reference of a subject, by which all other paths name it. A POST, because a subject never stands in a URL.

import { readSubject } from "@hallpass/core";
import { z } from "zod";
import { type Reply, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { readJson } from "../read-json.ts";
import { subjectToWire } from "./subject-of.ts";

const body = z.strictObject({ subject: fields.subjectId });

export const searchBody: z.ZodType = body;

/** A subject that was never seen has a reference, too: it can be blocked before it comes. */
export async function search(services: Services, exchange: Exchange): Promise<Reply> {
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  const seen = await readSubject(services.store, services.tenant, read.value.subject);
  return reply(exchange, 200, await subjectToWire(services, seen));
}
