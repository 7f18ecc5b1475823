// POST /v1/subjects/{ref}/export: everything that is stored about a subject, a page at a time.

import { type ExportedRecord, exportSubject, placeFromText, placeToText, targetToWire } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { openPage, sealPage } from "../page-cursors.ts";
import { readJson } from "../read-json.ts";
import { sessionToWire } from "../sessions/session-to-wire.ts";
import { subjectOf, subjectToWire } from "./subject-of.ts";

const body = z.strictObject({
  cursor: z.string().nullish(),
  /** Rows that one step looks at. */
  limit: z.int().min(1).max(5000).default(1000),
  actor: fields.words.nullish(),
});

export const exportAllBody: z.ZodType = body;

export async function exportAll(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const subject = await subjectOf(services, exchange);
  if (subject === undefined) return refuse(exchange, "subject_not_found");
  const read = readJson(exchange, body, {});
  if (!read.ok) return read.refusal;
  const { cursor, limit, actor } = read.value;
  const query = { list: "subject-export", about: subject };
  const opened = await openPage(services, query, cursor ?? undefined);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const place = opened.place === null ? null : (placeFromText(opened.place) ?? null);
  const page = await exportSubject(services, { subject, place, limit, actor: actor ?? caller.actor });
  const records = await Promise.all(page.records.map((one) => recordToWire(services, one)));
  const next = await sealPage(services, query, page.next === null ? null : placeToText(page.next));
  return reply(exchange, 200, {
    records,
    examined: page.examined,
    ...(page.unreadable === 0 ? {} : { unreadable: page.unreadable }),
    next_cursor: next,
  });
}

async function recordToWire(services: Services, one: ExportedRecord): Promise<object> {
  switch (one.kind) {
    case "subject":
      return { kind: one.kind, ...(await subjectToWire(services, one.seen)) };
    case "session":
      return {
        kind: one.kind,
        ...sessionToWire(one.seen),
        facts: one.facts.map(({ kind, at, body: told }) => ({ kind, at_ms: at, body: JSON.parse(told) as unknown })),
      };
    case "revocation": {
      const { id, committed, reason, ticket, actor } = one.revocation;
      return {
        kind: one.kind,
        id,
        committed_at_ms: committed,
        targets: one.revocation.targets.map(targetToWire),
        reason,
        ticket,
        actor,
      };
    }
  }
}
