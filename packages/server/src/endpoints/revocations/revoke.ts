// POST /v1/revocations: takes away what the targets name, and answers with a receipt. With `dry_run`, answers what would end, and writes nothing.

import { revokeMany, revoke as revokeTargets, revokingRows } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, refuseMandate, refuseMembers, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Along, Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { targetsBeyond } from "../mandates.ts";
import { pageLimit } from "../page-cursors.ts";
import { type ReadBody, readJson } from "../read-json.ts";
import { left } from "./left.ts";
import { preview } from "./preview.ts";
import { receiptFor } from "./receipt-for.ts";
import { setGoing } from "./set-going.ts";
import { readTargets, targets, targetsAtHand } from "./targets.ts";

const body = z.strictObject({
  targets,
  reason: fields.words.nullish(),
  ticket: fields.words.nullish(),
  actor: fields.words.nullish(),
  wait_ms: fields.waitMs.optional(),
  dry_run: z.boolean().default(false),
  /** Of a dry run alone, as `limit`. */
  cursor: z.string().nullish(),
  limit: pageLimit.optional(),
});

export const revokeBody: z.ZodType = body;

type Read = ReadBody<z.infer<typeof body>>;

export function revokeAlong(services: Services, exchange: Exchange): Along {
  const read = readJson(exchange, body);
  const rows = read.ok && !read.value.dry_run ? revokingRows(services, targetsAtHand(read.value.targets)) : [];
  return { rows, answer: (...given) => revokeAsked(read, ...given) };
}

export function revoke(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  return revokeAsked(readJson(exchange, body), services, exchange, caller);
}

async function revokeAsked(read: Read, services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  if (!read.ok) return read.refusal;
  const { reason, ticket, actor, wait_ms: wait, dry_run: dryRun, cursor = null, limit } = read.value;
  if (!dryRun && (cursor ?? limit ?? null) !== null)
    return refuseMembers(exchange, [{ pointer: cursor === null ? "/limit" : "/cursor", code: "unknown" }]);
  const named = await readTargets(services, read.value.targets);
  if (named.kind === "wrong") return refuseMembers(exchange, named.members);
  if (named.kind === "refused") return refuse(exchange, named.code);
  const all = named.kind === "large" ? [named.target] : named.targets;
  const beyond = await targetsBeyond(services, caller, all);
  if (beyond !== undefined) return refuseMandate(exchange, beyond);
  if (dryRun) return preview(services, exchange, all, { cursor, limit });
  const leaked = read.value.targets.some(({ type }) => type === "leaked");
  const why = {
    reason: reason ?? (leaked ? "leaked_token" : null),
    ticket: ticket ?? null,
    actor: actor ?? caller.actor,
  };
  const revoked =
    named.kind === "large"
      ? await revokeMany(services, { target: named.target, ...why })
      : await revokeTargets(services, { targets: named.targets, endReason: "revoked", ...why });
  if (!revoked.ok) return refuse(exchange, revoked.code);
  const began = services.clock.monotonic();
  const settled = await setGoing(services, exchange, revoked.value, wait ?? 0);
  const receipt = await receiptFor(services, exchange, settled, left(services, wait, began));
  return reply(exchange, 201, receipt, { location: `/v1/revocations/${receipt.id}` });
}
