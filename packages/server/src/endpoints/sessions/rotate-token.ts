// POST /v1/sessions/{id}/session-token: another session token, or the first one. The one before is refused from now on.

import { parseSessionId, rotateSessionToken } from "@hallpass/core";
import { uuidv7 } from "@hallpass/protocol";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { readJson } from "../read-json.ts";
import { receiptFor } from "../revocations/receipt-for.ts";
import { sessionToWire } from "./session-to-wire.ts";
import { sessionTokenReply } from "./session-token-reply.ts";

const body = z.strictObject({ wait_ms: fields.waitMs.optional() });

export const rotateTokenBody: z.ZodType = body;

export async function rotateToken(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const session = parseSessionId(exchange.param("id"));
  if (session === undefined) return refuse(exchange, "session_not_found");
  const read = readJson(exchange, body, {});
  if (!read.ok) return read.refusal;
  const rotated = await rotateSessionToken(services, {
    session,
    revocationId: uuidv7(services.clock.now(), services.dice.bytes(10)),
    actor: caller.actor,
  });
  if (!rotated.ok) return refuse(exchange, rotated.code);
  const { outdated, sessionToken, ...seen } = rotated.value;
  const receipt = outdated === null ? null : await receiptFor(services, exchange, outdated, read.value.wait_ms);
  const wire = sessionToWire({ ...seen, standing: seen.session.state });
  return reply(exchange, 200, { session: wire, receipt, ...sessionTokenReply(services, seen.session, sessionToken) });
}
