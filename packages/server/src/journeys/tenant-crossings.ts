// For each endpoint of the table, what somebody of one tenant might try at another. Two kinds of row:
// `ids`: the other tenant's own operator calls with the first one's ids; what comes back is named, and holds nothing of the first.
// `open`: nothing of a tenant is asked for or shown but the tenant's own.

import type { Sent } from "../testing/scene.ts";
import type { TenantScene } from "../testing/two-tenants.ts";

export type Crossing =
  | {
      readonly kind: "ids";
      /** What is sent to `there` with ids of `here`. */
      readonly sent: (here: TenantScene, there: TenantScene) => Sent;
      readonly status: number;
      readonly code: string | null;
    }
  | { readonly kind: "open" };

function ids(sent: (here: TenantScene, there: TenantScene) => Sent, status: number, code: string | null): Crossing {
  return { kind: "ids", sent, status, code };
}

const open: Crossing = { kind: "open" };
const session = (method: string, rest: string, json?: unknown): Crossing =>
  ids(
    ({ sid }) => ({ method, path: `/v1/sessions/${sid}${rest}`, ...(json === undefined ? {} : { json }) }),
    404,
    "session_not_found",
  );

const subject = (method: string, rest: string): Crossing =>
  ids(({ ref }) => ({ method, path: `/v1/subjects/${ref}${rest}` }), 404, "subject_not_found");

export const CROSSINGS: Readonly<Record<string, Crossing>> = {
  "GET /.well-known/oauth-authorization-server": open,
  "GET /.well-known/jwks.json": open,
  "POST /oauth2/token": ids(
    ({ refresh, client }) => ({
      path: "/oauth2/token",
      form: { grant_type: "refresh_token", client_id: client, refresh_token: refresh },
    }),
    400,
    "refresh_refused",
  ),
  "POST /oauth2/introspect": ids(({ access }) => ({ path: "/oauth2/introspect", form: { token: access } }), 200, null),
  "POST /oauth2/revoke": ids(
    ({ refresh, client }) => ({ path: "/oauth2/revoke", form: { client_id: client, token: refresh } }),
    401,
    "client_unauthenticated",
  ),
  "POST /v1/sessions": ids(
    ({ client, sid }) => ({ path: "/v1/sessions", json: { subject: "u-x", client_id: client, parent: sid } }),
    404,
    "client_not_found",
  ),
  "POST /v1/introspections": ids(
    ({ access }) => ({ path: "/v1/introspections", json: { tokens: [access] } }),
    200,
    null,
  ),
  "POST /v1/sessions/search": ids(
    ({ name }) => ({ path: "/v1/sessions/search", json: { subject: `u-${name}` } }),
    200,
    null,
  ),
  "GET /v1/sessions/:id": session("GET", ""),
  "PATCH /v1/sessions/:id": session("PATCH", "", { scope: "read" }),
  "GET /v1/sessions/:id/timeline": session("GET", "/timeline"),
  "GET /v1/sessions/:id/explanation": session("GET", "/explanation"),
  "POST /v1/sessions/:id/end": session("POST", "/end"),
  "POST /v1/sessions/:id/keep-alive": session("POST", "/keep-alive"),
  "POST /v1/sessions/:id/session-token": session("POST", "/session-token"),
  "POST /v1/revocations": ids(
    ({ sid }) => ({ path: "/v1/revocations", json: { targets: [{ type: "session", sid }] } }),
    404,
    "session_not_found",
  ),
  "GET /v1/revocations": open,
  "POST /v1/revocations/judge": ids(
    ({ receipt }) => ({ path: "/v1/revocations/judge", json: { receipt } }),
    400,
    "receipt_not_genuine",
  ),
  "GET /v1/revocations/:id/affected": ids(
    ({ revocation }) => ({ path: `/v1/revocations/${revocation}/affected` }),
    404,
    "revocation_not_found",
  ),
  "GET /v1/revocations/:id/unreadable": ids(
    ({ revocation }) => ({ path: `/v1/revocations/${revocation}/unreadable` }),
    404,
    "revocation_not_found",
  ),
  "GET /v1/revocations/:id": ids(
    ({ revocation }) => ({ path: `/v1/revocations/${revocation}` }),
    404,
    "revocation_not_found",
  ),
  "GET /v1/nodes": ids(() => ({ path: "/v1/nodes" }), 200, null),
  "GET /v1/verifiers": ids(() => ({ path: "/v1/verifiers" }), 200, null),
  "GET /v1/feed": open,
  "POST /v1/feed": open,
  "POST /v1/sign-ins": open,
  "GET /v1/log": ids(({ sid }) => ({ path: `/v1/log?session=${sid}` }), 200, null),
  "POST /v1/log": ids(({ name }) => ({ path: "/v1/log", json: { subject: `u-${name}` } }), 200, null),
  "GET /v1/log/readers": open,
  "GET /v1/audit": ids(() => ({ path: "/v1/audit" }), 200, null),
  "GET /v1/audit/checkpoints": open,
  "POST /v1/audit/checkpoints": open,
  "GET /v1/keys": ids(() => ({ path: "/v1/keys" }), 200, null),
  "POST /v1/keys": open,
  "POST /v1/keys/try": open,
  "POST /v1/keys/compromise": ids(
    ({ kid }) => ({ path: "/v1/keys/compromise", json: { kids: [kid] } }),
    404,
    "key_not_found",
  ),
  "POST /v1/keys/:kid/restore": ids(
    ({ kid }) => ({ method: "POST", path: `/v1/keys/${kid}/restore` }),
    404,
    "key_not_found",
  ),
  "POST /v1/keys/rotate": open,
  "POST /v1/keys/:kid/compromise": ids(
    ({ kid }) => ({ method: "POST", path: `/v1/keys/${kid}/compromise` }),
    404,
    "key_not_found",
  ),
  "POST /v1/keys/:kid/remove": ids(
    ({ kid }) => ({ method: "POST", path: `/v1/keys/${kid}/remove` }),
    404,
    "key_not_found",
  ),
  "GET /v1/clients": ids(() => ({ path: "/v1/clients" }), 200, null),
  "POST /v1/clients": open,
  "GET /v1/clients/:id": ids(({ client }) => ({ path: `/v1/clients/${client}` }), 404, "client_not_found"),
  "POST /v1/clients/:id/disable": ids(
    ({ client }) => ({ method: "POST", path: `/v1/clients/${client}/disable` }),
    404,
    "client_not_found",
  ),
  "PATCH /v1/clients/:id": ids(
    ({ client }) => ({ method: "PATCH", path: `/v1/clients/${client}`, json: { name: "ours" } }),
    404,
    "client_not_found",
  ),
  "POST /v1/clients/:id/enable": ids(
    ({ client }) => ({ method: "POST", path: `/v1/clients/${client}/enable` }),
    404,
    "client_not_found",
  ),
  "POST /v1/clients/:id/secrets": ids(
    ({ client }) => ({ method: "POST", path: `/v1/clients/${client}/secrets` }),
    404,
    "client_not_found",
  ),
  "DELETE /v1/clients/:id": ids(
    ({ client }) => ({ method: "DELETE", path: `/v1/clients/${client}` }),
    404,
    "client_not_found",
  ),
  "GET /v1/roles": ids(() => ({ path: "/v1/roles" }), 200, null),
  "PUT /v1/roles/:name": open,
  "DELETE /v1/roles/:name": ids(
    ({ name }) => ({ method: "DELETE", path: `/v1/roles/only-in-${name}` }),
    404,
    "role_not_found",
  ),
  "GET /v1/policies": ids(() => ({ path: "/v1/policies" }), 200, null),
  "GET /v1/policies/:name": ids(({ policy }) => ({ path: `/v1/policies/${policy}` }), 404, "policy_not_found"),
  "GET /v1/policies/:name/versions": ids(
    ({ policy }) => ({ path: `/v1/policies/${policy}/versions` }),
    404,
    "policy_not_found",
  ),
  "POST /v1/policies/:name/versions": ids(
    ({ policy }) => ({ path: `/v1/policies/${policy}-next/versions`, json: { from: policy } }),
    400,
    "policy_unknown",
  ),
  "POST /v1/policies/:name/preview": ids(
    ({ policy }) => ({ path: `/v1/policies/${policy}/preview`, json: { idle_s: 60 } }),
    404,
    "policy_not_found",
  ),
  "POST /v1/policies/:name/apply": ids(
    ({ policy }) => ({ path: `/v1/policies/${policy}/apply`, json: { version: 1 } }),
    404,
    "policy_not_found",
  ),
  "GET /v1/clients/:id/policy": ids(
    ({ client }) => ({ path: `/v1/clients/${client}/policy` }),
    404,
    "client_not_found",
  ),
  "GET /v1/sessions/:id/policy": session("GET", "/policy"),
  "POST /v1/subjects/search": ids(
    ({ name }) => ({ path: "/v1/subjects/search", json: { subject: `u-${name}` } }),
    200,
    null,
  ),
  "GET /v1/subjects/:ref": subject("GET", ""),
  "POST /v1/subjects/:ref/block": subject("POST", "/block"),
  "POST /v1/subjects/:ref/unblock": subject("POST", "/unblock"),
  "POST /v1/subjects/:ref/export": subject("POST", "/export"),
  "POST /v1/subjects/:ref/erase": subject("POST", "/erase"),
  "GET /healthz": open,
  "GET /readyz": open,
  "GET /metrics": ids(() => ({ path: "/metrics" }), 200, null),
  "GET /reference/refusals": open,
};
