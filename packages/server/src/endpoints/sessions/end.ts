// POST /v1/sessions/{id}/end: signs a session out, and everything below it. Answers with a receipt, as every revocation does.

import { parseSessionId, revoke } from "@hallpass/core";
import { z } from "zod";
import { clearingCookie } from "../../cookie.ts";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { readJson } from "../read-json.ts";
import { receiptFor } from "../revocations/receipt-for.ts";

const body = z.strictObject({
  reason: fields.words.nullish(),
  ticket: fields.words.nullish(),
  actor: fields.words.nullish(),
  /** The answer has the line that takes the cookie out of the browser. */
  clear_cookie: z.boolean().default(false),
  wait_ms: fields.waitMs.optional(),
});

export const endBody: z.ZodType = body;

export async function end(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const session = parseSessionId(exchange.param("id"));
  if (session === undefined) return refuse(exchange, "session_not_found");
  const read = readJson(exchange, body, {});
  if (!read.ok) return read.refusal;
  const { reason, ticket, actor, clear_cookie: clear, wait_ms: wait } = read.value;
  const revoked = await revoke(services, {
    targets: [{ kind: "session", session }],
    endReason: "signed_out",
    reason: reason ?? null,
    ticket: ticket ?? null,
    actor: actor ?? caller.actor,
  });
  if (!revoked.ok) return refuse(exchange, revoked.code);
  const receipt = await receiptFor(services, exchange, revoked.value, wait);
  return reply(exchange, 200, clear ? { ...receipt, set_cookie: clearingCookie(services.cookie) } : receipt);
}
