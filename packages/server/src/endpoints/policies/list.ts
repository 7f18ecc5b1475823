// GET /v1/policies: what holds now, by name.

import { listPolicies } from "@hallpass/core";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { openPage, sealPage } from "../page-cursors.ts";
import { pageQuery } from "../page-query.ts";
import { policyToWire } from "./policy-to-wire.ts";

export async function list(services: Services, exchange: Exchange): Promise<Reply> {
  const page = pageQuery(exchange.query);
  if (page === undefined) return refuse(exchange, "query_malformed");
  const query = { list: "policies", about: "" };
  const opened = await openPage(services, query, page.cursor);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const { policies, next } = await listPolicies(services, { after: opened.place, limit: page.limit });
  const sealed = await sealPage(services, query, next);
  return reply(exchange, 200, { policies: policies.map(policyToWire), next_cursor: sealed });
}
