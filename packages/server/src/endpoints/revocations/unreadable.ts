// GET /v1/revocations/{id}/unreadable: the sessions whose rows its run could not read, as long as its receipt is kept.

import { parseSessionId, readUnreadable } from "@hallpass/core";
import { uuidToBytes } from "@hallpass/protocol";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { openPage, sealPage } from "../page-cursors.ts";
import { pageQuery } from "../page-query.ts";

export async function unreadable(services: Services, exchange: Exchange): Promise<Reply> {
  const id = exchange.param("id");
  if (uuidToBytes(id) === undefined) return refuse(exchange, "revocation_not_found");
  const page = pageQuery(exchange.query);
  if (page === undefined) return refuse(exchange, "query_malformed");
  const about = { list: "unreadable", about: id };
  const opened = await openPage(services, about, page.cursor);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const after = opened.place === null ? null : (parseSessionId(opened.place) ?? null);
  const found = await readUnreadable(services.store, services.tenant, { revocation: id, after, limit: page.limit });
  if (!found.ok) return refuse(exchange, found.code);
  const { sessions, next } = found.value;
  return reply(exchange, 200, {
    sessions: sessions.map((sid) => ({ sid })),
    next_cursor: await sealPage(services, about, next),
  });
}
