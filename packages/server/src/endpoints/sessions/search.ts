// POST /v1/sessions/search: finds sessions. A POST, because a subject never stands in a URL.
// Those of a subject come newest first and at once. All others are found by looking at so many rows, oldest first: a page may hold few or
// none though there are more, and `next_cursor` says so.

import { isEverything, parseSessionId, searchSessions } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, refuseMandate, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import { beyondOf, sessionPermitted } from "../mandates.ts";
import { DEFAULT_PAGE, openPage, pageLimit, sealPage } from "../page-cursors.ts";
import { readJson } from "../read-json.ts";
import { QUERY_MEMBERS, queryFromWire } from "../session-query.ts";
import { sessionToWire } from "./session-to-wire.ts";

const body = z.strictObject({
  ...QUERY_MEMBERS,
  state: z.enum(["active", "ended"]).optional(),
  cursor: z.string().nullish(),
  limit: pageLimit.default(DEFAULT_PAGE),
});

export const searchBody: z.ZodType = body;

export async function search(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const read = readJson(exchange, body);
  if (!read.ok) return read.refusal;
  const { cursor, limit, state, ...members } = read.value;
  const query = queryFromWire(members);
  const beyond = beyondOf(caller.mandate, { subjects: query.subject === undefined ? [] : [query.subject] });
  if (beyond !== undefined) return refuseMandate(exchange, beyond);
  // The order of names is that of the schema, so one query has one text. A page may end at a session that its caller is not shown.
  const hides = !isEverything(caller.mandate);
  const about = { list: "sessions", about: JSON.stringify([query, state ?? null]), hides };
  const opened = await openPage(services, about, cursor ?? undefined);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const after = opened.place === null ? null : (parseSessionId(opened.place) ?? null);
  const found = await searchSessions(services, services.tenant, { query, state, after, limit });
  // Those of others are not there for this caller: a page may hold fewer, and another may follow.
  const seen = found.sessions.filter(({ session }) => sessionPermitted(caller.mandate, session));
  const next = await sealPage(services, about, found.next);
  return reply(exchange, 200, {
    sessions: seen.map(sessionToWire),
    scanned: found.scanned,
    ...(found.unreadable === 0 ? {} : { unreadable: found.unreadable }),
    next_cursor: next,
  });
}
