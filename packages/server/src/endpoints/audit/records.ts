// GET /v1/audit: the records of the chain, with the names that stand beside them.

import { readAudit } from "@hallpass/core";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";

/** `from`: the number of the first record. */
export const AUDIT_QUERY = ["from"] as const;

const NUMBER = /^[1-9]\d{0,14}$/;

export async function records(services: Services, exchange: Exchange): Promise<Reply> {
  const text = exchange.query.get("from") ?? "1";
  if (!NUMBER.test(text)) return refuse(exchange, "query_malformed");
  const page = await readAudit(services.store, services.tenant, Number(text));
  return reply(exchange, 200, {
    issuer: services.issuer.url,
    tenant: services.tenant,
    from: page.from,
    before: page.before,
    records: page.records.map(({ entry, hash, persons }) => ({
      entry,
      hash,
      persons: persons.map(({ name, value, salt }) => ({ name, value, salt })),
    })),
    next: page.next,
  });
}
