// What an adapter answers when a verdict is no: status, headers and body, the same under every framework.

import { bearerChallenge } from "@hallpass/protocol";
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
  /** One of these, the most welcome first. */
  readonly acr?: readonly string[];
  /** Seconds since the subject signed in. */
  readonly maxAuthAge?: number;
  /** Milliseconds: the view may not be older on this route. */
  readonly maxAgeMs?: number;
}

/** Throws a RangeError for what no challenge could ask for: when a route is made, not when somebody calls it. */
export function requirementsOf({ scope, claims, acr, maxAuthAge, maxAgeMs }: RouteOptions): Requirements {
  bearerChallenge({ scope, acrValues: acr, maxAge: maxAuthAge });
  return {
    ...(acr === undefined ? {} : { requireAcr: acr }),
    ...(maxAuthAge === undefined ? {} : { maxAuthAge }),
    ...(scope === undefined ? {} : { requireScope: scope }),
    ...(claims === undefined ? {} : { requireClaims: claims }),
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
  };
}
