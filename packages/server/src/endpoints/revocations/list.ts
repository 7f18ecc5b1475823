// GET /v1/revocations: what was revoked, oldest first, as long as the receipts are kept. Not the receipts themselves: where each stands
// is asked for one by one.

import { instantOf, listRevocations, type Revocation, statusOf, targetToWire } from "@hallpass/core";
import { type Form, formatPosition, isUuid } from "@hallpass/protocol";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { words } from "../fields.ts";
import { openPage, sealPage } from "../page-cursors.ts";
import { PAGE_QUERY, pageQuery } from "../page-query.ts";

export const LIST_QUERY: readonly string[] = [...PAGE_QUERY, "ticket", "status", "since_ms"];

export async function list(services: Services, exchange: Exchange): Promise<Reply> {
  const page = pageQuery(exchange.query);
  const filter = filterOf(exchange.query);
  if (page === undefined || filter === undefined) return refuse(exchange, "query_malformed");
  const about = { list: "revocations", about: JSON.stringify(filter) };
  const opened = await openPage(services, about, page.cursor);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  const request = { ...filter, after: opened.place, limit: page.limit };
  const { revocations, next } = await listRevocations(services.store, services.tenant, request);
  return reply(exchange, 200, {
    revocations: revocations.map(toWire),
    next_cursor: await sealPage(services, about, next !== null && isUuid(next) ? next : null),
  });
}

type Filter = Pick<Parameters<typeof listRevocations>[2], "ticket" | "status" | "since">;

function filterOf(query: Form): Filter | undefined {
  const [ticket, status, since] = [query.get("ticket"), query.get("status"), query.get("since_ms")];
  if (ticket !== undefined && !words.safeParse(ticket).success) return undefined;
  if (status !== undefined && !isStatus(status)) return undefined;
  if (since !== undefined && !/^(?:0|[1-9]\d{0,14})$/.test(since)) return undefined;
  return {
    ticket: ticket ?? null,
    status: status ?? null,
    since: since === undefined ? null : instantOf(Number(since)),
  };
}

const STATUSES = ["running", "complete", "incomplete"] as const;

function isStatus(text: string): text is (typeof STATUSES)[number] {
  return STATUSES.some((one) => one === text);
}

function toWire(revocation: Revocation): object {
  const { id, pos, committed, targets, reason, ticket, actor, run, endedSessions } = revocation;
  return {
    id,
    pos: formatPosition(pos),
    committed_at_ms: committed,
    status: statusOf(revocation),
    targets: targets.map(targetToWire),
    reason,
    ticket,
    actor,
    ended_sessions: endedSessions,
    scanned_sessions: run?.scanned ?? null,
  };
}
