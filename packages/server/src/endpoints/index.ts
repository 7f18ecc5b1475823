// Every endpoint, in one table. The router, the metadata, the labels of the metrics and docs/reference/endpoints.md are made from it.
// A new endpoint is a row here, a file, one operation.

import { CLIENT_ROWS } from "./clients/rows.ts";
import type { ClientEndpoint, Endpoint, OpenEndpoint, ScopedEndpoint } from "./endpoint.ts";
import { FLEET_ROWS } from "./fleet-rows.ts";
import { introspect } from "./introspect.ts";
import { introspections, introspectionsBody } from "./introspections.ts";
import { KEY_ROWS } from "./keys/rows.ts";
import { LOG_ROWS } from "./log/rows.ts";
import { metrics } from "./metrics.ts";
import { PAGE_QUERY } from "./page-query.ts";
import { POLICY_ROWS } from "./policies/rows.ts";
import { healthz, readyz } from "./probes.ts";
import { refusals } from "./reference.ts";
import * as revocations from "./revocations/index.ts";
import { revokeToken } from "./revoke-token.ts";
import { ROLE_ROWS } from "./roles/rows.ts";
import type { Scope } from "./scopes.ts";
import * as sessions from "./sessions/index.ts";
import { signIns, signInsBody } from "./sign-ins.ts";
import { SUBJECT_ROWS } from "./subjects/rows.ts";
import { token } from "./token.ts";
import { jwks } from "./well-known/jwks.ts";
import { metadata } from "./well-known/metadata.ts";

const anyone: OpenEndpoint["from"] = { kind: "anyone" };
const client: ClientEndpoint["from"] = { kind: "client" };
const holder = (scope: Scope): ScopedEndpoint["from"] => ({ kind: "scope", scope });

const oauth: readonly Endpoint[] = [
  {
    method: "GET",
    path: "/.well-known/oauth-authorization-server",
    what: "What this issuer offers (RFC 8414).",
    from: anyone,
    operation: "none",
    file: "well-known/metadata.ts",
    surface: "oauth",
    query: "ignored",
    publicDocument: true,
    answer: metadata,
  },
  {
    method: "GET",
    path: "/.well-known/jwks.json",
    what: "The keys that verify its tokens (RFC 7517).",
    from: anyone,
    operation: "none",
    file: "well-known/jwks.ts",
    surface: "oauth",
    query: "ignored",
    publicDocument: true,
    answer: jwks,
  },
  {
    method: "POST",
    path: "/oauth2/token",
    what: "Tokens for a grant: refresh_token, client_credentials (RFC 6749).",
    from: client,
    operation: "refresh, issueClientToken",
    file: "token.ts",
    vouches: true,
    crossOrigin: "registered",
    surface: "oauth",
    answer: token,
  },
  {
    method: "POST",
    path: "/oauth2/introspect",
    what: "Whether a token is live, for verifiers and for the client it was issued to; as JSON, or signed (RFC 7662, RFC 9701).",
    from: client,
    operation: "introspectToken",
    file: "introspect.ts",
    vouches: true,
    surface: "oauth",
    answer: introspect,
  },
  {
    method: "POST",
    path: "/oauth2/revoke",
    what: "Takes a token away, for the client it was issued to: an access token, or with a refresh token its family or session (RFC 7009).",
    from: client,
    operation: "revokeToken",
    file: "revoke-token.ts",
    crossOrigin: "registered",
    surface: "oauth",
    answer: revokeToken,
  },
];

const ofSessions: readonly ScopedEndpoint[] = [
  {
    method: "POST",
    path: "/v1/sessions",
    what: "Opens a session for a subject that your app has authenticated, and issues its tokens.",
    from: holder("sessions:write"),
    operation: "openSession",
    file: "sessions/open.ts",
    surface: "v1",
    retry: "own",
    mandate: "judged",
    along: sessions.openAlong,
    answer: sessions.open,
    body: sessions.openBody,
  },
  {
    method: "POST",
    path: "/v1/introspections",
    what: "What up to 64 access and session tokens are good for, on one snapshot.",
    from: holder("sessions:read"),
    mandate: "judged",
    operation: "introspectMany",
    file: "introspections.ts",
    vouches: true,
    surface: "v1",
    answer: introspections,
    body: introspectionsBody,
  },
  {
    method: "POST",
    path: "/v1/sessions/search",
    what: "Sessions by subject, client, device, address, region, assurance or time, a page at a time.",
    from: holder("sessions:read"),
    operation: "searchSessions",
    file: "sessions/search.ts",
    surface: "v1",
    mandate: "judged",
    answer: sessions.search,
    body: sessions.searchBody,
  },
  {
    method: "GET",
    path: "/v1/sessions/:id",
    what: "One session as it is now.",
    from: holder("sessions:read"),
    operation: "readSession",
    file: "sessions/read.ts",
    surface: "v1",
    mandate: "session",
    answer: sessions.read,
  },
  {
    method: "PATCH",
    path: "/v1/sessions/:id",
    what: "Changes scope, claims, assurance or device of a live session; with a receipt if that outdates tokens.",
    from: holder("sessions:write"),
    operation: "alterSession",
    file: "sessions/alter.ts",
    surface: "v1",
    mandate: "session",
    answer: sessions.alter,
    body: sessions.alterBody,
  },
  {
    method: "GET",
    path: "/v1/sessions/:id/timeline",
    what: "What happened to a session, oldest first.",
    from: holder("sessions:read"),
    operation: "readTimeline",
    file: "sessions/timeline.ts",
    surface: "v1",
    mandate: "session",
    query: PAGE_QUERY,
    answer: sessions.timeline,
  },
  {
    method: "GET",
    path: "/v1/sessions/:id/explanation",
    what: "Why a session is over, in words: when, who, and what came before.",
    from: holder("sessions:read"),
    operation: "explainSession",
    file: "sessions/explanation.ts",
    surface: "v1",
    mandate: "session",
    answer: sessions.explanation,
  },
  {
    method: "POST",
    path: "/v1/sessions/:id/end",
    what: "Signs a session out, and all below it; answers with a receipt.",
    from: holder("sessions:write"),
    operation: "revoke",
    file: "sessions/end.ts",
    surface: "v1",
    retry: "answer",
    mandate: "session",
    answer: sessions.end,
    body: sessions.endBody,
  },
  {
    method: "POST",
    path: "/v1/sessions/:id/session-token",
    what: "Gives a session another session token, or its first; the one before stops, with a receipt.",
    from: holder("sessions:write"),
    operation: "rotateSessionToken",
    file: "sessions/rotate-token.ts",
    surface: "v1",
    mandate: "session",
    answer: sessions.rotateToken,
    body: sessions.rotateTokenBody,
  },
  {
    method: "POST",
    path: "/v1/sessions/:id/keep-alive",
    what: "Moves a session's last activity forward.",
    from: holder("sessions:write"),
    operation: "keepAlive",
    file: "sessions/keep-alive.ts",
    surface: "v1",
    retry: "answer",
    mandate: "session",
    answer: sessions.keepAlive,
    body: sessions.keepAliveBody,
  },
];

const reported: readonly ScopedEndpoint[] = [
  {
    method: "POST",
    path: "/v1/sign-ins",
    what: "How many sign-ins an app saw start, finish and fail, for the metrics.",
    from: holder("sessions:write"),
    operation: "none",
    file: "sign-ins.ts",
    surface: "v1",
    mandate: "free",
    answer: signIns,
    body: signInsBody,
  },
];

const ofRevocations: readonly ScopedEndpoint[] = [
  {
    method: "POST",
    path: "/v1/revocations",
    what: "Revokes sessions, families, tokens, subjects, clients, the tenant, what a time, a query or a leaked token means; with a signed receipt, or a look at what it would end.",
    from: holder("revocations:write"),
    operation: "revoke, revokeMany, resolveLeaked, previewRevocation",
    file: "revocations/revoke.ts",
    surface: "v1",
    retry: "answer",
    mandate: "judged",
    along: revocations.revokeAlong,
    answer: revocations.revoke,
    body: revocations.revokeBody,
  },
  {
    method: "POST",
    path: "/v1/revocations/judge",
    what: "Whether the store still has the revocation of a receipt: one that it has lost begins a new epoch.",
    from: holder("revocations:write"),
    operation: "judgeReceipt",
    file: "revocations/judge.ts",
    surface: "v1",
    mandate: "judged",
    answer: revocations.judge,
    body: revocations.judgeBody,
  },
  {
    method: "GET",
    path: "/v1/revocations",
    what: "Every revocation whose receipt is kept, oldest first; by ticket, by status, since a time.",
    from: holder("revocations:read"),
    operation: "listRevocations",
    file: "revocations/list.ts",
    surface: "v1",
    query: revocations.LIST_QUERY,
    answer: revocations.list,
  },
  {
    method: "GET",
    path: "/v1/revocations/:id/affected",
    what: "The sessions that a revocation ended, oldest first.",
    from: holder("revocations:read"),
    operation: "readAffected",
    file: "revocations/affected.ts",
    surface: "v1",
    query: PAGE_QUERY,
    answer: revocations.affected,
  },
  {
    method: "GET",
    path: "/v1/revocations/:id/unreadable",
    what: "The sessions whose rows its run could not read, oldest first.",
    from: holder("revocations:read"),
    operation: "readUnreadable",
    file: "revocations/unreadable.ts",
    surface: "v1",
    query: PAGE_QUERY,
    answer: revocations.unreadable,
  },
  {
    method: "GET",
    path: "/v1/revocations/:id",
    what: "The receipt of a revocation, true as of now.",
    from: holder("revocations:read"),
    operation: "readRevocation",
    file: "revocations/read.ts",
    surface: "v1",
    query: ["wait_ms"],
    mandate: "judged",
    answer: revocations.read,
  },
];

const probes: readonly Endpoint[] = [
  {
    method: "GET",
    path: "/healthz",
    what: "Whether the process answers.",
    from: anyone,
    operation: "none",
    file: "probes.ts",
    surface: "v1",
    query: "ignored",
    answer: healthz,
  },
  {
    method: "GET",
    path: "/readyz",
    what: "Whether it can serve: the store answers and took the last change, the keys can be read, and it is not draining.",
    from: anyone,
    operation: "none",
    file: "probes.ts",
    surface: "v1",
    query: "ignored",
    answer: readyz,
  },
  {
    method: "GET",
    path: "/metrics",
    what: "Metrics for Prometheus.",
    from: holder("metrics:read"),
    operation: "none",
    file: "metrics.ts",
    surface: "v1",
    mandate: "free",
    query: "ignored",
    answer: metrics,
  },
  {
    method: "GET",
    path: "/reference/refusals",
    what: "What every error code means.",
    from: anyone,
    operation: "none",
    file: "reference.ts",
    surface: "v1",
    query: "ignored",
    publicDocument: true,
    answer: refusals,
  },
];

export const ENDPOINTS: readonly Endpoint[] = [
  ...oauth,
  ...ofSessions,
  ...ofRevocations,
  ...FLEET_ROWS,
  ...KEY_ROWS,
  ...CLIENT_ROWS,
  ...ROLE_ROWS,
  ...LOG_ROWS,
  ...reported,
  ...POLICY_ROWS,
  ...SUBJECT_ROWS,
  ...probes,
];
