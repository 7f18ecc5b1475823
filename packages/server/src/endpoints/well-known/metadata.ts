// Authorization server metadata (RFC 8414): printed from the tables, so that what is not offered is not announced.

import { createHash } from "node:crypto";
import { empty, type Reply, text } from "../../replies.ts";
import type { Services } from "../../services.ts";
import { ASSERTION_ALGORITHMS } from "../assertions/public-jwk.ts";
import { AUTHENTICATION_METHODS } from "../client-credentials.ts";
import type { Exchange } from "../endpoint.ts";
import { GRANTS } from "../grants/index.ts";
import { SCOPES } from "../scopes.ts";

/** How long anyone may remember a public document; rotating keys relies on it (core's KEY_POLICY.jwksMaxAge). */
const MAX_AGE = 300;

/** Without response types and PKCE methods: there is no authorization endpoint yet, and RFC 8414 section 3.2 leaves empty lists out. */
export function metadataOf({
  issuer,
  asksForCertificates,
}: Pick<Services, "issuer" | "asksForCertificates">): Readonly<Record<string, unknown>> {
  const methods = AUTHENTICATION_METHODS.filter((method) => method !== "tls_client_auth" || asksForCertificates);
  const { url } = issuer;
  return {
    issuer: url,
    token_endpoint: `${url}/oauth2/token`,
    jwks_uri: `${url}/.well-known/jwks.json`,
    scopes_supported: SCOPES,
    grant_types_supported: [...GRANTS.keys()],
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    introspection_endpoint: `${url}/oauth2/introspect`,
    introspection_endpoint_auth_methods_supported: methods.filter((method) => method !== "none"),
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    introspection_signing_alg_values_supported: ["ES256"],
    revocation_endpoint: `${url}/oauth2/revoke`,
    revocation_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    service_documentation: `${url}/reference/refusals`,
  };
}

export function metadata(services: Services, exchange: Exchange): Reply {
  return publicDocument(exchange, JSON.stringify(metadataOf(services)), "application/json");
}

/** Any origin may read it, without credentials; an ETag makes asking again cheap (RFC 9110 section 13.1.2). */
export function publicDocument(exchange: Exchange, body: string, type: string): Reply {
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  const headers = { "cache-control": `public, max-age=${MAX_AGE}`, "access-control-allow-origin": "*", etag };
  const known = exchange.request.headers.get("if-none-match");
  const unchanged = known?.split(",").some((one) => one.trim().replace(/^W\//, "") === etag) === true;
  return unchanged ? empty(exchange, 304, headers) : text(exchange, 200, body, type, headers);
}
