// What can be revoked. The first five are small: one change takes them away. The last three may be any number of sessions.

import { formatPosition, type JsonObject, type Position, type ReceiptTarget } from "@hallpass/protocol";
import type { ClientId, FamilyId, SessionId, SubjectId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/time.ts";
import type { SessionQuery } from "../sessions/session-query.ts";

export type Target =
  | { readonly kind: "session"; readonly session: SessionId }
  | { readonly kind: "family"; readonly session: SessionId; readonly family: FamilyId }
  /** `expires`, when it is known, lets the notice go as soon as the token would have. */
  | { readonly kind: "token"; readonly jti: string; readonly expires: Instant | null }
  | { readonly kind: "subject"; readonly subject: SubjectId }
  | { readonly kind: "client"; readonly client: ClientId };

export type LargeTarget =
  | { readonly kind: "tenant" }
  /** Everything that was authorised before a past position or a past time. */
  | { readonly kind: "before"; readonly pos: Position }
  | { readonly kind: "before"; readonly time: Instant }
  | { readonly kind: "query"; readonly query: SessionQuery };

export type AnyTarget = Target | LargeTarget;

/** So that a revocation, its receipt and its rows fit into one change. A large target stands alone. */
export const MAX_TARGETS = 8;

export function isLarge(target: AnyTarget): target is LargeTarget {
  return target.kind === "tenant" || target.kind === "before" || target.kind === "query";
}

export function targetToWire(target: AnyTarget): ReceiptTarget {
  switch (target.kind) {
    case "session":
      return { type: "session", sid: target.session };
    case "family":
      return { type: "family", sid: target.session, fam: target.family };
    case "token":
      return { type: "token", jti: target.jti };
    case "subject":
      return { type: "subject", subject: target.subject };
    case "client":
      return { type: "client", client_id: target.client };
    case "tenant":
      return { type: "tenant" };
    case "before":
      return "pos" in target
        ? { type: "before", pos: formatPosition(target.pos) }
        : { type: "before", time_ms: target.time };
    case "query":
      return { type: "query", query: queryToWire(target.query) };
  }
}

/** As it was asked: what is not there was not asked for. */
export function queryToWire(query: SessionQuery): JsonObject {
  const { subject, client, region, ip, device, userAgent, userAgentHas, acr, opened, lastActive } = query;
  const range = (one: SessionQuery["opened"]): JsonObject | undefined =>
    one === undefined
      ? undefined
      : {
          ...(one.from === null ? {} : { from_ms: one.from }),
          ...(one.before === null ? {} : { before_ms: one.before }),
        };
  const all = {
    subject,
    client_id: client,
    region,
    ip,
    device,
    user_agent: userAgent,
    user_agent_contains: userAgentHas,
    acr,
    opened: range(opened),
    last_active: range(lastActive),
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
