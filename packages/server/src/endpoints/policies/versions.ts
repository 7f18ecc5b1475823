// GET /v1/policies/{name}/versions: every version there was, oldest first.

import { listPolicyVersions, parsePolicyName } from "@hallpass/core";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { openPage, sealPage } from "../page-cursors.ts";
import { pageQuery } from "../page-query.ts";
import { policyToWire } from "./policy-to-wire.ts";

export async function versions(services: Services, exchange: Exchange): Promise<Reply> {
  const name = parsePolicyName(exchange.param("name"));
  if (name === undefined) return refuse(exchange, "policy_not_found");
  const page = pageQuery(exchange.query);
  if (page === undefined) return refuse(exchange, "query_malformed");
  const query = { list: "policy-versions", about: name };
  const opened = await openPage(services, query, page.cursor);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const found = await listPolicyVersions(services, { name, after: opened.place, limit: page.limit });
  if (!found.ok) return refuse(exchange, found.code);
  const sealed = await sealPage(services, query, found.value.next);
  return reply(exchange, 200, { versions: found.value.policies.map(policyToWire), next_cursor: sealed });
}
