// GET /v1/sessions/{id}/timeline: what happened to a session, oldest first.

import { parseSessionId, readSession, readTimeline, type StoredFact } from "@hallpass/core";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { openPage, sealPage } from "../page-cursors.ts";
import { pageQuery } from "../page-query.ts";

export async function timeline(services: Services, exchange: Exchange): Promise<Reply> {
  const id = parseSessionId(exchange.param("id"));
  if (id === undefined) return refuse(exchange, "session_not_found");
  const page = pageQuery(exchange.query);
  if (page === undefined) return refuse(exchange, "query_malformed");
  const query = { list: "timeline", about: id };
  const opened = await openPage(services, query, page.cursor);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const seen = await readSession(services.store, services.tenant, id);
  if (!seen.ok) return refuse(exchange, seen.code);
  const { facts, more } = await readTimeline(services.store, services.tenant, {
    session: id,
    after: opened.place,
    limit: page.limit,
  });
  const next = await sealPage(services, query, more ? (facts.at(-1)?.cursor ?? null) : null);
  return reply(exchange, 200, { facts: facts.map(factToWire), next_cursor: next });
}

function factToWire({ kind, at, body }: StoredFact): object {
  return { kind, at_ms: at, body: JSON.parse(body) as unknown };
}
