// GET /v1/sessions/{id}/explanation: why a session is over, in words, with who and what came before.

import { type Because, explainSession, parseSessionId } from "@hallpass/core";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";

export async function explanation(services: Services, exchange: Exchange): Promise<Reply> {
  const id = parseSessionId(exchange.param("id"));
  if (id === undefined) return refuse(exchange, "session_not_found");
  const explained = await explainSession(services.store, services.tenant, id);
  if (!explained.ok) return refuse(exchange, explained.code);
  const { session, end, by, because, families, before } = explained.value;
  return reply(exchange, 200, {
    session,
    state: end === null ? "active" : "ended",
    end: end === null ? null : { reason: end.reason, at_ms: end.at, sentence: end.sentence },
    by,
    because: because === null ? null : becauseToWire(because),
    families: families.map((one) => ({
      family: one.id,
      client_id: one.client,
      reason: one.reason,
      sentence: one.sentence,
      at_ms: one.at,
      by: one.by,
    })),
    before: before.map(({ kind, at, sentence }) => ({ kind, at_ms: at, sentence })),
  });
}

function becauseToWire(because: Because): object {
  switch (because.kind) {
    case "reuse":
      return {
        kind: "reuse",
        generation: because.generation,
        client_id: because.client,
        shown_ms: because.shown,
        replaced_ms: because.replaced,
      };
    case "idle":
      return { kind: "idle", last_active_ms: because.lastActive, idle_s: because.idleSeconds };
    case "absolute":
      return { kind: "absolute", opened_ms: because.opened, absolute_s: because.absoluteSeconds };
    case "opening":
      return { kind: "opening", opened: because.opened };
    case "policy":
      return { kind: "policy", policy: because.policy, version: because.version, rule: because.rule };
    case "ancestor":
      return {
        kind: "ancestor",
        ancestor: because.ancestor,
        end: { reason: because.end.reason, at_ms: because.end.at },
      };
  }
}
