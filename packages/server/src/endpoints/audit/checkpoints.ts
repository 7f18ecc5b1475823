// GET /v1/audit/checkpoints and POST /v1/audit/checkpoints: where the chain ended, signed. Keep them where nobody who runs this server can reach.

import { type Checkpoint, readCheckpoints, readFacts, signCheckpoint } from "@hallpass/core";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { openPage, sealPage } from "../page-cursors.ts";
import { pageQuery } from "../page-query.ts";

const QUERY = { list: "audit_checkpoints", about: "" };

export async function checkpoints(services: Services, exchange: Exchange): Promise<Reply> {
  const page = pageQuery(exchange.query);
  if (page === undefined) return refuse(exchange, "query_malformed");
  const opened = await openPage(services, QUERY, page.cursor);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const listed = await readCheckpoints(services.store, services.tenant, Number(opened.place ?? 0), page.limit);
  const last = listed.length === page.limit ? listed.at(-1) : undefined;
  const next = await sealPage(services, QUERY, last === undefined ? null : String(last.n));
  return reply(exchange, 200, { checkpoints: listed.map(checkpointToWire), next_cursor: next });
}

export async function sign(services: Services, exchange: Exchange): Promise<Reply> {
  // What was committed before the call is chained first, so that the checkpoint covers it.
  for (let more = true; more; ) ({ more } = await readFacts(services, services.auditReader));
  const signed = await signCheckpoint(services, services.auditKept);
  return signed.ok ? reply(exchange, 200, checkpointToWire(signed.value)) : refuse(exchange, signed.code);
}

function checkpointToWire({ n, jws }: Checkpoint): object {
  return { n, checkpoint: jws };
}
