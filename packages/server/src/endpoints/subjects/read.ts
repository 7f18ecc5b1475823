// GET /v1/subjects/{ref}: whether a subject is blocked, and which of its sessions live.

import { readSubject } from "@hallpass/core";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { subjectOf, subjectToWire } from "./subject-of.ts";

export async function read(services: Services, exchange: Exchange): Promise<Reply> {
  const subject = await subjectOf(services, exchange);
  if (subject === undefined) return refuse(exchange, "subject_not_found");
  const seen = await readSubject(services.store, services.tenant, subject);
  return reply(exchange, 200, await subjectToWire(services, seen));
}
