// GET /v1/clients: every client, by id.

import { isEverything, listClients, parseClientId, permits } from "@hallpass/core";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import { openPage, sealPage } from "../page-cursors.ts";
import { pageQuery } from "../page-query.ts";
import { clientToWire } from "./client-to-wire.ts";

export async function list(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const page = pageQuery(exchange.query);
  if (page === undefined) return refuse(exchange, "query_malformed");
  // A page may end at a client that its caller is not shown.
  const query = { list: "clients", about: "", hides: !isEverything(caller.mandate) };
  const opened = await openPage(services, query, page.cursor);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const after = opened.place === null ? null : (parseClientId(opened.place) ?? null);
  const { clients, next } = await listClients(services.store, services.tenant, { after, limit: page.limit });
  const seen = clients.filter(({ id }) => permits(caller.mandate.clients, id));
  const sealed = await sealPage(services, query, next);
  return reply(exchange, 200, { clients: seen.map(clientToWire), next_cursor: sealed });
}
