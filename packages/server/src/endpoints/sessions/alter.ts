// PATCH /v1/sessions/{id}: changes a live session. What outdates tokens answers with a receipt; what does not, with null.

import { type Alteration, alterSession, parseSessionId } from "@hallpass/core";
import { uuidv7 } from "@hallpass/protocol";
import { z } from "zod";
import { type Reply, refuse, refuseMandate, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { alteringBeyond } from "../mandates.ts";
import { readJson } from "../read-json.ts";
import { receiptFor } from "../revocations/receipt-for.ts";
import { sessionToWire } from "./session-to-wire.ts";
import { sessionTokenReply } from "./session-token-reply.ts";

const body = z.strictObject({
  scope: fields.scope.optional(),
  claims: fields.claims.optional(),
  acr: fields.acr.nullable().optional(),
  amr: fields.amr.optional(),
  auth_time: fields.numericDate.nullable().optional(),
  device: fields.device.nullable().optional(),
  keep_session_token: z.boolean().default(false),
  version: z.int().min(1).optional(),
  wait_ms: fields.waitMs.optional(),
});

export const alterBody: z.ZodType = body;

export async function alter(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const session = parseSessionId(exchange.param("id"));
  if (session === undefined) return refuse(exchange, "session_not_found");
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  const beyond = await alteringBeyond(services, caller, session, read.value);
  if (beyond !== undefined) return refuseMandate(exchange, beyond);
  const altered = await alterSession(services, {
    session,
    alteration: alterationOf(read.value),
    expectVersion: read.value.version ?? null,
    keepSessionToken: read.value.keep_session_token,
    revocationId: uuidv7(services.clock.now(), services.dice.bytes(10)),
    actor: caller.actor,
  });
  if (!altered.ok) return refuse(exchange, altered.code);
  const { outdated, sessionToken, ...seen } = altered.value;
  const receipt = outdated === null ? null : await receiptFor(services, exchange, outdated, read.value.wait_ms);
  const wire = sessionToWire({ ...seen, standing: seen.session.state });
  return reply(exchange, 200, { session: wire, receipt, ...sessionTokenReply(services, seen.session, sessionToken) });
}

function alterationOf({ scope, claims, acr, amr, auth_time: authTime, device }: z.infer<typeof body>): Alteration {
  return {
    ...(scope === undefined ? {} : { scope }),
    ...(claims === undefined ? {} : { claims }),
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr }),
    ...(authTime === undefined ? {} : { authTime }),
    ...(device === undefined ? {} : { device }),
  };
}
