// POST /v1/sessions/search: the sessions of a subject. A POST, because a subject never stands in a URL.

import { parseSessionId, permits, searchSessions } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { sessionPermitted } from "../mandates.ts";
import { DEFAULT_PAGE, openPage, pageLimit, sealPage } from "../page-cursors.ts";
import { readJson } from "../read-json.ts";
import { sessionToWire } from "./session-to-wire.ts";

const body = z.strictObject({
  subject: fields.subjectId,
  cursor: z.string().nullish(),
  limit: pageLimit.default(DEFAULT_PAGE),
});

export async function search(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  const { subject, cursor, limit } = read.value;
  if (!permits(caller.mandate.subjects, subject)) return refuse(exchange, "mandate_exceeded");
  const query = { list: "sessions", about: subject };
  const opened = await openPage(services, query, cursor ?? undefined);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const after = opened.place === null ? null : (parseSessionId(opened.place) ?? null);
  const found = await searchSessions(services.store, services.tenant, { subject, after, limit });
  // Those of other clients are not there for this caller: a page may hold fewer, and another may follow.
  const seen = found.sessions.filter(({ session }) => sessionPermitted(caller.mandate, session));
  const next = await sealPage(services, query, found.next);
  return reply(exchange, 200, { sessions: seen.map(sessionToWire), next_cursor: next });
}
