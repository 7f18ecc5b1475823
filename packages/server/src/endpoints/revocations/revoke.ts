// POST /v1/revocations: takes away what the targets name, in one commit, and answers with a receipt.

import { MAX_TARGETS, revoke as revokeTargets, type Target } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, refuseMembers, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { targetsPermitted } from "../mandates.ts";
import { readJson } from "../read-json.ts";
import { receiptFor } from "./receipt-for.ts";

const target = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("session"), sid: fields.sessionId }),
  z.strictObject({ type: z.literal("family"), sid: fields.sessionId, fam: fields.familyId }),
  z.strictObject({
    type: z.literal("token"),
    jti: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
    exp: fields.numericDate.optional(),
  }),
  z.strictObject({ type: z.literal("subject"), subject: fields.subjectId }),
  z.strictObject({ type: z.literal("client"), client_id: fields.clientId }),
]);

const body = z.strictObject({
  targets: z.array(target).min(1).max(MAX_TARGETS),
  reason: fields.words.nullish(),
  ticket: fields.words.nullish(),
  actor: fields.words.nullish(),
  wait_ms: fields.waitMs.optional(),
});

export async function revoke(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  const { reason, ticket, actor, wait_ms: wait } = read.value;
  const targets = read.value.targets.map(targetFromWire);
  // Two rows of one change: the same target twice, or a family beside its session.
  const rows = targets.map(rowOf);
  const repeated = rows.flatMap((row, index) => (rows.indexOf(row) === index ? [] : [index]));
  if (repeated.length > 0)
    return refuseMembers(
      exchange,
      repeated.map((index) => ({ pointer: `/targets/${index}`, code: "repeated" })),
    );
  if (!(await targetsPermitted(services, caller, targets))) return refuse(exchange, "mandate_exceeded");
  const revoked = await revokeTargets(services, {
    targets,
    endReason: "revoked",
    reason: reason ?? null,
    ticket: ticket ?? null,
    actor: actor ?? caller.actor,
  });
  if (!revoked.ok) return refuse(exchange, revoked.code);
  const receipt = await receiptFor(services, revoked.value, wait);
  return reply(exchange, 201, receipt, { location: `/v1/revocations/${receipt.id}` });
}

function targetFromWire(given: z.infer<typeof target>): Target {
  switch (given.type) {
    case "session":
      return { kind: "session", session: given.sid };
    case "family":
      return { kind: "family", session: given.sid, family: given.fam };
    case "token":
      return { kind: "token", jti: given.jti, expires: given.exp === undefined ? null : fields.atSeconds(given.exp) };
    case "subject":
      return { kind: "subject", subject: given.subject };
    case "client":
      return { kind: "client", client: given.client_id };
  }
}

function rowOf(one: Target): string {
  switch (one.kind) {
    case "session":
    case "family":
      return `session ${one.session}`;
    case "token":
      return `token ${one.jti}`;
    case "subject":
      return `subject ${one.subject}`;
    case "client":
      return `client ${one.client}`;
  }
}
