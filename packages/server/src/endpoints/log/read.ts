// GET /v1/log and POST /v1/log: what happened here, in its order. The second for filters that must not stand in a URL. Whoever accepts
// application/x-ndjson gets a stream instead of a page.

import { FACT_SENTENCES, Fault, parseSessionId, type SessionId, type StoredFact } from "@hallpass/core";
import { z } from "zod";
import { type Reply, refuse, reply, stream } from "../../replies.ts";
import type { Services } from "../../services.ts";
import { authorizeCaller } from "../authorize-caller.ts";
import type { Exchange } from "../endpoint.ts";
import * as fields from "../fields.ts";
import { judgeMandate } from "../mandates.ts";
import { DEFAULT_PAGE, openPage, pageLimit, sealPage } from "../page-cursors.ts";
import { pageQuery } from "../page-query.ts";
import { readJson } from "../read-json.ts";
import { followLog, isCrowded } from "./follow.ts";
import type { LogQuery } from "./look.ts";
import { streamLog } from "./stream.ts";

/** `after`: where to go on; `kind`: comma-separated; `follow`: seconds to wait for a fact, 1 to 30; `stream` for an answer that stays open. */
export const LOG_QUERY = ["after", "limit", "kind", "session", "follow"] as const;

const FOLLOW = /^(?:[1-9]|[12]\d|30)$/;
const OPEN = "stream";
const NDJSON = "application/x-ndjson";
const isKind = (text: string): boolean => Object.hasOwn(FACT_SENTENCES, text);

const body = z.strictObject({
  subject: fields.subjectId.nullish(),
  session: z.string().nullish(),
  kinds: z.array(z.string().refine(isKind)).max(50).nullish(),
  after: z.string().nullish(),
  limit: pageLimit.default(DEFAULT_PAGE),
  follow_s: z.int().min(0).max(30).default(0),
});

export async function read(services: Services, exchange: Exchange): Promise<Reply> {
  const { query } = exchange;
  const page = pageQuery(query);
  const kinds = query.get("kind")?.split(",") ?? [];
  const follow = query.get("follow");
  const session = sessionIn(query.get("session"));
  const isMalformed = page === undefined || session === undefined || !kinds.every(isKind);
  const isFollow = follow === undefined || FOLLOW.test(follow) || (follow === OPEN && wantsStream(exchange));
  if (isMalformed || !isFollow) return refuse(exchange, "query_malformed");
  const asked = { kinds: new Set(kinds), session, subject: null, limit: page.limit };
  const seconds = follow === undefined || follow === OPEN ? 0 : Number(follow);
  const how = { followMs: seconds * 1000, isFollowed: follow !== undefined };
  return answer(services, exchange, { ...asked, ...how }, query.get("after"));
}

export const searchBody: z.ZodType = body;

export async function search(services: Services, exchange: Exchange): Promise<Reply> {
  const parsed = readJson(exchange, body);
  if (!parsed.ok) return parsed.refusal;
  const { subject, kinds, after, limit, follow_s: follow } = parsed.value;
  const session = sessionIn(parsed.value.session ?? undefined);
  if (session === undefined) return refuse(exchange, "session_not_found");
  const asked = { kinds: new Set(kinds ?? []), session, subject: subject ?? null, limit };
  const how = { followMs: follow * 1000, isFollowed: follow > 0 };
  return answer(services, exchange, { ...asked, ...how }, after ?? undefined);
}

/** Null for none that was asked for; undefined for text that is no session's id. */
function sessionIn(text: string | undefined): SessionId | null | undefined {
  return text === undefined ? null : parseSessionId(text);
}

async function answer(
  services: Services,
  exchange: Exchange,
  query: LogQuery & { readonly followMs: number; readonly isFollowed: boolean },
  after: string | undefined,
): Promise<Reply> {
  const about = JSON.stringify([[...query.kinds].toSorted(), query.session, query.subject]);
  const opened = await openPage(services, { list: "log", about }, after);
  if (!opened.ok) return refuse(exchange, "cursor_malformed");
  if (wantsStream(exchange)) {
    if (isCrowded(services)) throw new Fault("overloaded");
    const seal = (place: string | null): Promise<string | null> => sealPage(services, { list: "log", about }, place);
    const mayRead = async (): Promise<boolean> => (await refusalNow(services, exchange)) === undefined;
    const failed = (thrown: unknown): void => services.observer.failed(exchange.requestId, "/v1/log", thrown);
    const asked = { query, after: opened.place, follow: query.isFollowed, seal, mayRead, toWire: factToWire, failed };
    return stream(exchange, NDJSON, streamLog(services, asked));
  }
  const { facts, place, more } = await followLog(services, exchange, query, opened.place);
  const refusal = query.followMs > 0 ? await refusalNow(services, exchange) : undefined;
  if (refusal !== undefined) return refusal;
  const next = await sealPage(services, { list: "log", about }, place);
  return reply(exchange, 200, { facts: facts.map(factToWire), next_cursor: next, more });
}

/** As the router judged it when it came: what was taken from the caller since then counts for what it is about to be told. */
async function refusalNow(services: Services, exchange: Exchange): Promise<Reply | undefined> {
  const again = await authorizeCaller(services, exchange, "log:read");
  return again.ok ? judgeMandate(services, exchange, {}, again.caller, () => exchange.param("id")) : again.refusal;
}

/** Named as it is: whoever takes anything gets a page. */
function wantsStream({ request }: Exchange): boolean {
  const types = (request.headers.get("accept") ?? "").toLowerCase().split(",");
  return types.some((type) => type.split(";")[0]?.trim() === NDJSON);
}

export function factToWire({ kind, at, session, body: text }: StoredFact): object {
  return { kind, at_ms: at, session, body: JSON.parse(text) as unknown };
}
