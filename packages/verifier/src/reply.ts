// What an adapter answers when a verdict is no: status, headers and body, the same under every framework.

import type { Requirements } from "./requirements.ts";
import type { Rejected, Unavailable } from "./verdict.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** RFC 6750 for a rejection; 503 with Retry-After when nobody can know, which is never a 401. */
export function replyTo(verdict: Rejected | Unavailable): Reply {
  const headers = { "cache-control": "no-store", "content-type": "application/json" };
  if (verdict.kind === "unavailable") {
    return {
      status: 503,
      headers: { ...headers, "retry-after": String(verdict.retryAfter) },
      body: '{"error":"temporarily_unavailable"}',
    };
  }
  return {
    status: verdict.status,
    headers: { ...headers, "www-authenticate": verdict.challenge },
    body: JSON.stringify(verdict.error === undefined ? {} : { error: verdict.error }),
  };
}

export interface RouteOptions {
  /** All of these. */
  readonly scope?: readonly string[];
  readonly claims?: Requirements["requireClaims"];
  /** Milliseconds: the view may not be older on this route. */
  readonly maxAgeMs?: number;
}

export function requirementsOf({ scope, claims, maxAgeMs }: RouteOptions): Requirements {
  return {
    ...(scope === undefined ? {} : { requireScope: scope }),
    ...(claims === undefined ? {} : { requireClaims: claims }),
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
  };
}
