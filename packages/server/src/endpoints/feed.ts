// GET /v1/feed without an upgrade: the feed is a WebSocket and is judged in src/feed, before any router sees it.
// POST /v1/feed: the same frames for a verifier that keeps no connection (spec/feed.md, Pull).

import { isUtf8 } from "node:buffer";
import { instantOf } from "@hallpass/core";
import { FRAMES_TYPE, isMediaType } from "@hallpass/protocol";
import { parsePull } from "../feed/pull.ts";
import { acceptedBy, bodyOf } from "../feed/pull-body.ts";
import { type Reply, refuse, text } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Caller, Exchange } from "./endpoint.ts";

export function feed(_: Services, exchange: Exchange): Reply {
  return refuse(exchange, "upgrade_required", { upgrade: "websocket" });
}

export async function pullFeed({ hearing, pause }: Services, exchange: Exchange, { token }: Caller): Promise<Reply> {
  const { headers } = exchange.request;
  if (!isMediaType(headers.get("content-type"), FRAMES_TYPE)) return refuse(exchange, "frames_required");
  const pull = isUtf8(exchange.body) ? parsePull(Buffer.from(exchange.body).toString()) : undefined;
  if (pull === undefined) return refuse(exchange, "frames_malformed");
  if (hearing.pull === undefined) return refuse(exchange, "route_unknown");
  const answer = await hearing.pull(pull, {
    clientId: token.client,
    expires: instantOf(token.claims.exp * 1000),
  });
  const { body, type, encoding } = await bodyOf(answer, acceptedBy(headers), pause);
  return text(exchange, 200, body, type, { vary: "accept, accept-encoding", ...encoding });
}
