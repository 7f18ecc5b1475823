// POST /v1/revocations/judge: what became of the revocation of a receipt that somebody kept (spec/receipt.md RCP-17). Its signature says that it was
// committed; a store that lacks it has lost it.

import { instantOf, isEverything, judgeReceipt, ringKey } from "@hallpass/core";
import {
  parseJwsHeader,
  parseJwsSignature,
  parsePosition,
  RECEIPT_TYPE,
  type Receipt,
  splitCompactJws,
} from "@hallpass/protocol";
import { z } from "zod";
import { type Reply, refuse, refuseMandate, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import { type Beyond, targetsBeyond } from "../mandates.ts";
import { readJson } from "../read-json.ts";
import { receiptFor } from "./receipt-for.ts";
import { readTargets, targets } from "./targets.ts";

/** Characters: as much of a fleet as a body of 64 KiB can hold. */
const LIMITS = { token: 60_000, header: 512, payload: 59_000 };

const body = z.strictObject({ receipt: z.string().min(1).max(LIMITS.token) });

export const judgeBody: z.ZodType = body;

export async function judge(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  const receipt = await genuine(services, read.value.receipt);
  const pos = receipt === undefined ? undefined : parsePosition(receipt.pos);
  if (receipt === undefined || pos === undefined) return refuse(exchange, "receipt_not_genuine");
  const { id, committed_at_ms: committedAt } = receipt;
  const beyond = await beyondOfReceipt(services, caller, receipt);
  if (beyond !== undefined) return refuseMandate(exchange, beyond);
  const standing = await judgeReceipt(services, { id, pos, committed: instantOf(committedAt) });
  switch (standing.kind) {
    case "kept":
      return reply(exchange, 200, {
        standing: "kept",
        receipt: await receiptFor(services, exchange, standing.revocation, undefined),
      });
    case "lost":
      return reply(exchange, 200, {
        standing: "lost",
        id,
        pos: receipt.pos,
        committed_at_ms: committedAt,
        targets: receipt.targets,
        epoch: standing.epoch,
        epoch_began_at_ms: standing.since,
      });
    case "expired":
      return reply(exchange, 200, { standing: "expired", id, pos: receipt.pos, committed_at_ms: committedAt });
  }
}

/** Of what was answered to whoever revokes, or looks before it does: its targets are those of the receipt. */
export async function judgeAgain(
  services: Services,
  exchange: Exchange,
  caller: Caller,
  kept: string,
): Promise<Reply | undefined> {
  const beyond = await beyondOfReceipt(services, caller, JSON.parse(kept) as Pick<Receipt, "targets">);
  return beyond === undefined ? undefined : refuseMandate(exchange, beyond);
}

/** As whoever asks for the revocation itself. */
async function beyondOfReceipt(
  services: Services,
  caller: Caller,
  { targets: written }: Pick<Receipt, "targets">,
): Promise<Beyond> {
  if (isEverything(caller.mandate)) return undefined;
  const parsed = targets.safeParse(written);
  const named = parsed.success ? await readTargets(services, parsed.data) : undefined;
  if (named?.kind === "large") return targetsBeyond(services, caller, [named.target]);
  return named?.kind === "small" ? targetsBeyond(services, caller, named.targets) : [];
}

/** What this issuer has signed, it has written: nothing of it is judged again. Undefined for everything else. */
async function genuine(services: Services, text: string): Promise<Receipt | undefined> {
  const split = splitCompactJws(text, LIMITS);
  if (!split.ok) return undefined;
  const { header: head, payload, signature: tail, signingInput } = split.parts;
  const header = parseJwsHeader(head);
  if (!header.ok || header.header.typ !== RECEIPT_TYPE || header.header.kid === undefined) return undefined;
  const signature = parseJwsSignature(tail, header.header.alg);
  if (!signature.ok) return undefined;
  const snapshot = await services.store.read([ringKey(services.tenant)]);
  const key = services.keys.open(snapshot).verificationKey(header.header.kid);
  if (key?.alg !== header.header.alg || !key.verify(signingInput, signature.signature)) return undefined;
  return JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Receipt;
}
