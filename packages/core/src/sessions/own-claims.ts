// What an app may have a session say of itself: nothing that is ours to say, and no more than every reader of its tokens takes.

import {
  type JsonObject,
  type JsonValue,
  MAX_PAYLOAD_DEPTH,
  MAX_PAYLOAD_MEMBERS,
  RESERVED_CLAIMS,
} from "@hallpass/protocol";
import { MAX_SESSION_CLAIMS } from "./session.ts";

/** What an access token says beside a session's own claims, at most. */
const MEMBERS_BESIDE = 15;

/** Refuses `claim_reserved`, and `session_too_large` for too many bytes or for what `areReadable` denies. */
export function claimsRefusal(claims: JsonObject): "claim_reserved" | "session_too_large" | undefined {
  if (Object.keys(claims).some((name) => RESERVED_CLAIMS.has(name))) return "claim_reserved";
  const isSmall = new TextEncoder().encode(JSON.stringify(claims)).length <= MAX_SESSION_CLAIMS;
  return isSmall && areReadable(claims) ? undefined : "session_too_large";
}

/** Whether a token with these claims is one that its readers take: otherwise a session's own tokens would be refused everywhere. Recurs as deep as they are. */
export function areReadable(claims: JsonObject): boolean {
  return depthOf(claims) <= MAX_PAYLOAD_DEPTH && membersOf(claims) <= MAX_PAYLOAD_MEMBERS - MEMBERS_BESIDE;
}

function depthOf(value: JsonValue): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function membersOf(value: JsonValue): number {
  if (typeof value !== "object" || value === null) return 0;
  const below = Object.values(value).reduce<number>((sum, one: JsonValue) => sum + membersOf(one), 0);
  return below + (Array.isArray(value) ? 0 : Object.keys(value).length);
}
