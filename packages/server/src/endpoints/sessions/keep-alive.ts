// POST /v1/sessions/{id}/keep-alive: the app saw its user. Moves the last activity forward, seldom; revives nothing.

import { keepAlive as keepSessionAlive, parseSessionId } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { readJson } from "../read-json.ts";

const body = z.strictObject({ at_ms: fields.instant.optional() });

export const keepAliveBody: z.ZodType = body;

export async function keepAlive(services: Services, exchange: Exchange): Promise<Reply> {
  const session = parseSessionId(exchange.param("id"));
  if (session === undefined) return refuse(exchange, "session_not_found");
  const read = readJson(exchange, body, {});
  if (!read.ok) return read.refusal;
  const kept = await keepSessionAlive(services, session, read.value.at_ms ?? null, "call");
  switch (kept) {
    case "unknown":
      return refuse(exchange, "session_not_found");
    case "over":
      return refuse(exchange, "session_over");
    case "moved":
    case "unmoved":
      return reply(exchange, 200, { moved: kept === "moved" });
  }
}
