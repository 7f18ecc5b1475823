// POST /v1/sessions/search: the sessions of a subject. A POST, because a subject never stands in a URL.

import { parseSessionId, searchSessions } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { DEFAULT_PAGE, openPage, pageLimit, sealPage } from "../page-cursors.ts";
import { readJson } from "../read-json.ts";
import { sessionToWire } from "./session-to-wire.ts";

const body = z.strictObject({
  subject: fields.subjectId,
  cursor: z.string().nullish(),
  limit: pageLimit.default(DEFAULT_PAGE),
});

export async function search(services: Services, exchange: Exchange): Promise<Reply> {
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  const { subject, cursor, limit } = read.value;
  const query = { list: "sessions", about: subject };
  const opened = await openPage(services, query, cursor ?? undefined);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const after = opened.place === null ? null : (parseSessionId(opened.place) ?? null);
  const found = await searchSessions(services.store, services.tenant, { subject, after, limit });
  const next = await sealPage(services, query, found.next);
  return reply(exchange, 200, { sessions: found.sessions.map(sessionToWire), next_cursor: next });
}
