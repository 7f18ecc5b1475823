// For each endpoint that takes a JSON body: a body with every member that it may have, each of a plausible value, and those it can't be
// without. What attacks a body changes one member of these at a time.

import { API } from "./scene.ts";

export interface WholeBody {
  readonly path: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly needs?: readonly string[];
}

const UUID = "019a9c40-1b2c-7d3e-8f90-a1b2c3d4e5f6";
const DEVICE = { name: "a", user_agent: "b", ip: "127.0.0.1", region: "eu" };
const WHEN = { from_ms: 1, before_ms: 2 };
const QUERY = {
  subject: "u-1",
  client_id: "web",
  region: "eu",
  ip: "127.0.0.1",
  device: "d",
  user_agent: "u",
  user_agent_contains: "u",
  acr: "a",
  opened: WHEN,
  last_active: WHEN,
};
const POLICY = {
  access_lifetime_s: 300,
  idle_s: 3600,
  absolute_s: 7200,
  remembered: { idle_s: 3600, absolute_s: 7200 },
  retry_window_s: 30,
  recovery_window_s: 3600,
  on_reuse: "session",
  rotation: "always",
  refresh_is_activity: true,
  max_sessions: 5,
  over_limit: "refuse",
  required_acr: ["a"],
};
const CLIENT = {
  name: "n",
  grant_types: ["refresh_token"],
  scope: "read",
  audiences: [API],
  policy: "consumer",
  mandate: { clients: ["web"], audiences: [API], subjects: ["u"], policies: ["consumer"], acr: ["a"], amr: ["a"] },
  roles: ["x"],
  jwks: { keys: [{ kty: "EC", crv: "P-256", x: "a", y: "b" }] },
  jwks_uri: "https://a.example/",
  tls_client_auth_san_dns: "a.example",
  tls_client_auth_san_uri: "https://a",
  tls_client_auth_san_ip: "1.1.1.1",
  tls_client_auth_san_email: "a@a.example",
  allowed_origins: ["https://a.example"],
  token_limit: 5,
};
const SAID = { reason: "a", ticket: "a", actor: "a", wait_ms: 0 };
const DONE = { actor: "a", wait_ms: 0 };
const PAGE = { cursor: "x", limit: 5 };

/** `at`: ids that exist, for paths that need one. */
export function wholeBodies(at: {
  readonly sid: string;
  readonly kid: string;
  readonly ref: string;
}): Readonly<Record<string, WholeBody>> {
  const session = `/v1/sessions/${at.sid}`;
  return {
    "POST /v1/sessions": {
      path: "/v1/sessions",
      needs: ["subject", "client_id"],
      json: {
        subject: "u-1",
        client_id: "web",
        issue: ["access"],
        audience: [API],
        scope: "read",
        acr: "a",
        amr: ["pwd"],
        auth_time: 1,
        policy: "consumer",
        remember: false,
        parent: UUID,
        replaces: UUID,
        carry_claims: false,
        device: DEVICE,
        claims: { a: 1 },
      },
    },
    "POST /v1/introspections": { path: "/v1/introspections", json: { tokens: ["x"] } },
    "POST /v1/sessions/search": { path: "/v1/sessions/search", json: { ...QUERY, state: "active", ...PAGE } },
    "PATCH /v1/sessions/:id": {
      path: session,
      json: {
        scope: "read",
        claims: { a: 1 },
        acr: "a",
        amr: ["a"],
        auth_time: 1,
        device: DEVICE,
        keep_session_token: true,
        version: 1,
        wait_ms: 0,
      },
    },
    "POST /v1/sessions/:id/end": { path: `/v1/sessions/${UUID}/end`, json: { ...SAID, clear_cookie: true } },
    "POST /v1/sessions/:id/session-token": { path: `${session}/session-token`, json: { wait_ms: 0 } },
    "POST /v1/sessions/:id/keep-alive": { path: `${session}/keep-alive`, json: { at_ms: 5 } },
    "POST /v1/revocations": {
      path: "/v1/revocations",
      needs: ["targets"],
      json: { targets: [{ type: "session", sid: UUID }], ...SAID, dry_run: true, ...PAGE },
    },
    "POST /v1/revocations/judge": { path: "/v1/revocations/judge", needs: ["receipt"], json: { receipt: "a.b.c" } },
    "POST /v1/keys": { path: "/v1/keys", needs: ["alg"], json: { alg: "ES256", wait_ms: 0 } },
    "POST /v1/keys/try": {
      path: "/v1/keys/try",
      needs: ["trial"],
      json: { alg: "ES256", trial: { client_id: "web" }, force: false, ...DONE },
    },
    "POST /v1/keys/compromise": { path: "/v1/keys/compromise", json: { ...DONE, kids: ["x"] } },
    "POST /v1/keys/rotate": { path: "/v1/keys/rotate", json: { alg: "ES256", force: false, wait_ms: 0 } },
    "POST /v1/keys/:kid/restore": { path: `/v1/keys/${at.kid}/restore`, json: DONE },
    "POST /v1/keys/:kid/compromise": { path: "/v1/keys/none/compromise", json: DONE },
    "POST /v1/keys/:kid/remove": { path: `/v1/keys/${at.kid}/remove`, json: {} },
    "POST /v1/clients": {
      path: "/v1/clients",
      needs: ["client_id", "token_endpoint_auth_method", "grant_types", "scope", "audiences"],
      json: {
        client_id: "c-1",
        token_endpoint_auth_method: "client_secret_basic",
        access_token_signing_alg: "ES256",
        secret_sha256: "x",
        ...CLIENT,
      },
    },
    "POST /v1/clients/:id/disable": { path: "/v1/clients/nobody/disable", json: DONE },
    "PATCH /v1/clients/:id": { path: "/v1/clients/web", json: CLIENT },
    "POST /v1/clients/:id/enable": { path: "/v1/clients/web/enable", json: {} },
    "POST /v1/clients/:id/secrets": {
      path: "/v1/clients/service/secrets",
      json: { overlap_s: 1, secret_sha256: "x" },
    },
    "PUT /v1/roles/:name": { path: "/v1/roles/r", json: { scope: "keys:read" } },
    "POST /v1/log": {
      path: "/v1/log",
      json: { subject: "u-1", session: UUID, kinds: ["session_opened"], after: "x", limit: 4, follow_s: 0 },
    },
    "POST /v1/sign-ins": { path: "/v1/sign-ins", json: { started: 1, finished: 1, failed: 1 } },
    "POST /v1/policies/:name/versions": {
      path: "/v1/policies/p/versions",
      needs: ["from"],
      json: { ...POLICY, from: "consumer", version: 0, actor: "a" },
    },
    "POST /v1/policies/:name/preview": { path: "/v1/policies/consumer/preview", json: { ...POLICY, ...PAGE } },
    "POST /v1/policies/:name/apply": {
      path: "/v1/policies/consumer/apply",
      needs: ["version"],
      json: { version: 1, ...PAGE, actor: "a" },
    },
    "POST /v1/subjects/search": { path: "/v1/subjects/search", json: { subject: "u-1" } },
    "POST /v1/subjects/:ref/block": { path: `/v1/subjects/${at.ref}/block`, json: { until_ms: 1, ...SAID } },
    "POST /v1/subjects/:ref/unblock": { path: `/v1/subjects/${at.ref}/unblock`, json: { actor: "a" } },
    "POST /v1/subjects/:ref/export": { path: `/v1/subjects/${at.ref}/export`, json: { ...PAGE, actor: "a" } },
    "POST /v1/subjects/:ref/erase": { path: "/v1/subjects/none/erase", json: { ...PAGE, ...SAID } },
  };
}

/** What a target of a revocation may be, each of its kinds with all that it may have. */
export const WHOLE_TARGETS: readonly Readonly<Record<string, unknown>>[] = [
  { type: "session", sid: UUID },
  { type: "family", sid: UUID, fam: UUID },
  { type: "token", jti: "x", exp: 5 },
  { type: "subject", subject: "s" },
  { type: "client", client_id: "nobody" },
  { type: "tenant" },
  { type: "before", time_ms: 5 },
  { type: "before", pos: "1.1" },
  { type: "query", query: QUERY },
  { type: "leaked", token: "x" },
  { type: "key", kid: "x" },
];
