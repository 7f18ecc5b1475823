// What a request to open the feed must look like, before anyone is asked about its bearer (CONN-1). Works on the headers as
// they came: Node drops or joins repeated ones, and two credentials must not be read as one.

import { type BearerError, bearerChallenge, FEED_SCOPE, FEED_SUBPROTOCOL, parseBearer } from "@hallpass/protocol";

export const FEED_PATH = "/v1/feed";

export interface UpgradeRefusal {
  readonly status: 400 | 401 | 403 | 404 | 500 | 503;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type UpgradeRequest =
  | { readonly ok: true; readonly token: string }
  | { readonly ok: false; readonly refusal: UpgradeRefusal };

export interface UpgradeRules {
  readonly path: string;
  /** Origins that may connect; verifiers are no browsers and send none. */
  readonly origins: readonly string[];
}

/** `rawHeaders`: names and values in turn, as Node gives them. */
export function readUpgrade(url: string, rawHeaders: readonly string[], rules: UpgradeRules): UpgradeRequest {
  if (url !== rules.path) return refused(404, "not_found");
  const origins = valuesOf(rawHeaders, "origin");
  if (origins.some((origin) => !rules.origins.includes(origin))) return refused(403, "origin_not_allowed");
  const offered = valuesOf(rawHeaders, "sec-websocket-protocol").flatMap((value) => value.split(","));
  if (!offered.some((name) => name.trim() === FEED_SUBPROTOCOL)) return refused(400, "subprotocol_missing");
  return readBearer(valuesOf(rawHeaders, "authorization"));
}

function readBearer(values: readonly string[]): UpgradeRequest {
  const [only, ...more] = values;
  if (more.length > 0) return { ok: false, refusal: challenged(400, "bearer_malformed", "invalid_request") };
  const bearer = parseBearer(only ?? null);
  switch (bearer.kind) {
    case "bearer":
      return { ok: true, token: bearer.token };
    case "malformed":
      return { ok: false, refusal: challenged(400, "bearer_malformed", "invalid_request") };
    // RFC 6750 section 3.1: whoever sent no credentials learns no error code.
    case "absent":
    case "other_scheme":
      return { ok: false, refusal: challenged(401, "bearer_missing", undefined) };
  }
}

export function challenged(status: 400 | 401 | 403, code: string, error: BearerError | undefined): UpgradeRefusal {
  const scope = error === "insufficient_scope" ? [FEED_SCOPE] : undefined;
  return { status, code, headers: { "www-authenticate": bearerChallenge({ realm: "hallpass", error, scope }) } };
}

export function unavailable(retryAfter: number, code: string): UpgradeRefusal {
  return { status: 503, code, headers: { "retry-after": String(retryAfter) } };
}

function refused(status: 400 | 403 | 404, code: string): UpgradeRequest {
  return { ok: false, refusal: { status, code, headers: {} } };
}

function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

const PHRASES: Readonly<Record<UpgradeRefusal["status"], string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** The whole response, for a socket that no HTTP server looks after any more. */
export function refusalText({ status, code, headers }: UpgradeRefusal): string {
  const body = JSON.stringify({ title: PHRASES[status], status, code });
  const all = {
    ...headers,
    connection: "close",
    "cache-control": "no-store",
    "content-type": "application/problem+json",
    "content-length": String(body.length),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${PHRASES[status]}`, ...lines, "", body].join("\r\n");
}
