// Every no, in one table: what a refusal looks like on the wire. Constant wording; nothing of a request is ever in it.
// Refusals of core, then those of the transport, which core never hears of. No default: the compiler lists what is missing.

import type { FaultCode, RefusalCode } from "@hallpass/core";

/** What is refused before any operation is called. */
export type TransportCode =
  | "request_malformed"
  | "request_timeout"
  | "headers_too_large"
  | "expectation_unknown"
  | "target_malformed"
  | "host_malformed"
  | "https_required"
  | "header_duplicate"
  | "body_unexpected"
  | "body_too_large"
  | "body_encoded"
  | "route_unknown"
  | "origin_not_allowed"
  | "method_not_allowed"
  | "form_required"
  | "form_malformed"
  | "form_too_large"
  | "duplicate_parameter"
  | "query_malformed"
  | "json_required"
  | "json_malformed"
  | "request_invalid"
  | "idempotency_key_malformed"
  | "certificates_not_asked"
  | "grant_type_missing"
  | "grant_type_unsupported"
  | "parameter_missing"
  | "two_client_authentications"
  | "client_id_differs"
  | "authentication_rate_exceeded"
  | "session_rate_exceeded"
  | "introspection_rate_exceeded"
  | "scope_malformed"
  | "resource_malformed"
  | "target_is_key"
  | "bearer_missing"
  | "bearer_malformed"
  | "bearer_refused"
  | "bearer_of_a_session"
  | "scope_missing"
  | "actor_malformed"
  | "actor_differs"
  | "actor_refused"
  | "upgrade_required"
  | "frames_required"
  | "frames_malformed"
  | "check_misconfigured"
  | "credentials_refused"
  | "cross_site_request";

export type WireCode = RefusalCode | TransportCode;

/** What can be wrong with one member of a body: `errors` of `request_invalid`. */
export type MemberCode =
  | "missing"
  | "unknown"
  | "malformed"
  | "too_small"
  | "too_large"
  | "not_one_of"
  | "repeated"
  | "not_alone";

/**
 * The error codes of RFC 6749 section 5.2, RFC 7009 section 2.2.1, RFC 8707 section 2 and, for what concerns no grant, invalid_request. For 429
 * there is none: temporarily_unavailable (section 4.1.2.1) is what clients take for "come again".
 */
export type OAuthError =
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "unauthorized_client"
  | "unsupported_grant_type"
  | "invalid_scope"
  | "invalid_target"
  | "unsupported_token_type"
  | "temporarily_unavailable";

export interface WireError {
  readonly status: number;
  readonly oauth: OAuthError;
  /** One sentence, of the characters that RFC 6749 section 5.2 allows. */
  readonly title: string;
}

function row(status: number, oauth: OAuthError, title: string): WireError {
  return { status, oauth, title };
}

export const WIRE_ERRORS: Readonly<Record<WireCode, WireError>> = {
  client_unauthenticated: row(401, "invalid_client", "The client could not be authenticated."),
  grant_not_allowed: row(400, "unauthorized_client", "This client may not use this grant."),
  scope_not_allowed: row(400, "invalid_scope", "More scope was asked for than may be granted."),
  audience_not_allowed: row(400, "invalid_target", "An audience was asked for that may not be granted."),
  token_rate_exceeded: row(
    429,
    "temporarily_unavailable",
    "The client asked for more tokens than their lifetime needs; use the ones that it has.",
  ),
  token_of_another_client: row(400, "invalid_grant", "The token was issued to another client."),
  token_type_unsupported: row(400, "unsupported_token_type", "This is no token that can be revoked here."),
  refresh_refused: row(400, "invalid_grant", "The refresh token is not valid."),
  session_not_found: row(404, "invalid_request", "There is no such session."),
  session_over: row(409, "invalid_request", "The session is over."),
  session_limit: row(409, "invalid_request", "The subject has as many sessions as its policy allows."),
  session_too_large: row(400, "invalid_request", "The session's claims are too large."),
  parent_not_found: row(400, "invalid_request", "There is no such parent session of this subject."),
  parent_over: row(409, "invalid_request", "The parent session is over."),
  too_deep: row(400, "invalid_request", "Sessions hang too deep below one another."),
  too_many_families: row(409, "invalid_request", "The session has as many token families as it may have."),
  policy_unknown: row(400, "invalid_request", "The request names a policy that there is not."),
  remember_not_allowed: row(400, "invalid_request", "The policy knows no sessions that are remembered."),
  policy_not_found: row(404, "invalid_request", "There is no such policy."),
  policy_invalid: row(400, "invalid_request", "A number of the policy is out of its limits."),
  policy_incomplete: row(400, "invalid_request", "A new policy needs every number, or a policy to start from."),
  subject_not_found: row(404, "invalid_request", "There is no subject of this reference."),
  until_past: row(400, "invalid_request", "The time until which it should hold is past."),
  subject_blocked: row(403, "invalid_request", "The subject is blocked."),
  replaced_not_found: row(400, "invalid_request", "There is no such session of this client to replace."),
  replaced_over: row(409, "invalid_request", "The session to replace is over."),
  rotation_required: row(400, "invalid_request", "The refresh tokens of a public client have to rotate."),
  acr_too_low: row(403, "invalid_request", "The policy needs another acr than the sign-in had."),
  auth_time_ahead: row(400, "invalid_request", "The sign-in is said to lie more than a minute ahead."),
  token_too_large: row(400, "invalid_request", "The access token would be too large."),
  claim_reserved: row(400, "invalid_request", "A claim has a reserved name."),
  idempotency_key_in_use: row(409, "invalid_request", "The first request with this Idempotency-Key is not done yet."),
  idempotency_key_reused: row(409, "invalid_request", "The Idempotency-Key was used for another request."),
  version_conflict: row(409, "invalid_request", "It has another version by now."),
  revocation_not_found: row(404, "invalid_request", "There is no such revocation."),
  revocation_perhaps_lost: row(
    404,
    "invalid_request",
    "There is no such revocation any more: history was lost after its id was made. Show its receipt, or revoke again.",
  ),
  receipt_not_genuine: row(400, "invalid_request", "This is no receipt that a present key of this issuer has signed."),
  target_not_found: row(404, "invalid_request", "There is no such target."),
  cut_off_in_future: row(
    409,
    "invalid_request",
    "What lies ahead can't be revoked: the position or time is not reached yet.",
  ),
  token_not_genuine: row(
    400,
    "invalid_request",
    "This issuer did not make that token, or has none of the keys any more that would tell.",
  ),
  client_not_found: row(404, "invalid_request", "There is no such client."),
  client_exists: row(409, "invalid_request", "A client of this id exists already."),
  client_keys_misplaced: row(
    400,
    "invalid_request",
    "private_key_jwt needs jwks or jwks_uri, and nothing else has them.",
  ),
  client_certificate_misplaced: row(
    400,
    "invalid_request",
    "tls_client_auth needs exactly one name of a certificate, and nothing else has one.",
  ),
  client_disabled: row(409, "invalid_request", "The client is disabled."),
  client_has_no_secret: row(409, "invalid_request", "The client authenticates without a secret."),
  mandate_exceeded: row(403, "unauthorized_client", "The client's mandate does not reach this far."),
  mandate_too_wide: row(403, "unauthorized_client", "More was to be given than the caller's own mandate holds."),
  role_not_found: row(404, "invalid_request", "There is no such role."),
  role_unknown: row(400, "invalid_request", "A role was named that does not exist."),
  role_beyond_caller: row(403, "unauthorized_client", "The role holds a scope that the caller does not hold."),
  too_many_roles: row(409, "invalid_request", "There are as many roles as there may be."),
  key_not_found: row(404, "invalid_request", "There is no such key."),
  key_state: row(409, "invalid_request", "The key is in no state that allows this."),
  key_too_fresh: row(409, "invalid_request", "The next key has not been published for long enough."),
  verifiers_behind: row(409, "invalid_request", "Verifiers that live have not acknowledged the next key."),
  signing_alg_unavailable: row(
    409,
    "invalid_request",
    "There are no keys of this algorithm, or they may not sign yet.",
  ),
  cursor_malformed: row(400, "invalid_request", "The cursor is not one that this list gave."),
  audit_empty: row(409, "invalid_request", "Nothing was chained yet, so there is nothing to sign."),

  request_malformed: row(400, "invalid_request", "The bytes on the connection are no HTTP request of one reading."),
  request_timeout: row(408, "invalid_request", "The request did not come whole in its time."),
  headers_too_large: row(431, "invalid_request", "The headers are too many, or too large."),
  expectation_unknown: row(417, "invalid_request", "Nothing but 100-continue can be expected."),
  target_malformed: row(400, "invalid_request", "The request target is malformed."),
  host_malformed: row(400, "invalid_request", "The Host header is malformed."),
  https_required: row(
    400,
    "invalid_request",
    "The request came to the proxy in the clear; what it carried is known to others.",
  ),
  header_duplicate: row(400, "invalid_request", "A header that may stand once stands twice."),
  body_unexpected: row(400, "invalid_request", "This method takes no body."),
  body_too_large: row(413, "invalid_request", "The body is too large."),
  body_encoded: row(415, "invalid_request", "Encoded bodies are not read."),
  route_unknown: row(404, "invalid_request", "There is nothing at this path."),
  origin_not_allowed: row(403, "invalid_request", "No client has registered this origin."),
  method_not_allowed: row(405, "invalid_request", "This path does not know the method."),
  form_required: row(400, "invalid_request", "The body has to be application/x-www-form-urlencoded in UTF-8."),
  form_malformed: row(400, "invalid_request", "The form is malformed."),
  form_too_large: row(413, "invalid_request", "The form is too large."),
  duplicate_parameter: row(400, "invalid_request", "A parameter that may stand once stands twice."),
  query_malformed: row(400, "invalid_request", "The query is malformed or holds what this path does not take."),
  json_required: row(415, "invalid_request", "The body has to be application/json in UTF-8."),
  json_malformed: row(400, "invalid_request", "The body is no JSON that every parser reads alike."),
  request_invalid: row(400, "invalid_request", "The body does not have the members that it should have."),
  idempotency_key_malformed: row(400, "invalid_request", "The Idempotency-Key is malformed."),
  certificates_not_asked: row(
    409,
    "invalid_request",
    "This server asks nobody for a certificate, so no client could authenticate by one.",
  ),
  grant_type_missing: row(400, "invalid_request", "There is no grant_type."),
  grant_type_unsupported: row(400, "unsupported_grant_type", "This grant type is not supported."),
  parameter_missing: row(400, "invalid_request", "A parameter that this grant needs is missing."),
  two_client_authentications: row(400, "invalid_request", "The client authenticates in more than one way."),
  client_id_differs: row(400, "invalid_request", "The client_id is not the one that authenticates."),
  authentication_rate_exceeded: row(
    429,
    "temporarily_unavailable",
    "Authentication failed too often; wait before the next try.",
  ),
  session_rate_exceeded: row(429, "temporarily_unavailable", "The client opened too many sessions."),
  introspection_rate_exceeded: row(
    429,
    "temporarily_unavailable",
    "Too many tokens were asked about that are none; this one is not live either.",
  ),
  scope_malformed: row(400, "invalid_scope", "The scope is malformed."),
  resource_malformed: row(400, "invalid_target", "A resource is no absolute URI without fragment."),
  target_is_key: row(400, "invalid_request", "A key is not revoked but compromised: POST /v1/keys/{kid}/compromise."),
  bearer_missing: row(401, "invalid_client", "An access token is needed."),
  bearer_malformed: row(400, "invalid_request", "The Authorization header is malformed."),
  bearer_refused: row(401, "invalid_client", "The access token is not valid here."),
  bearer_of_a_session: row(403, "unauthorized_client", "A session's access token may not call this path."),
  actor_malformed: row(400, "invalid_request", "Hallpass-Actor is malformed, or stands beside Hallpass-Actor-Token."),
  actor_differs: row(400, "invalid_request", "The body names another actor than the header."),
  actor_refused: row(403, "unauthorized_client", "The actor token is no live token of a session for this issuer."),
  scope_missing: row(403, "invalid_scope", "The access token lacks the scope that this path needs."),
  check_misconfigured: row(400, "invalid_request", "The gateway has to name an audience, and only what /check takes."),
  credentials_refused: row(401, "invalid_client", "The request has no credentials that are valid here."),
  cross_site_request: row(
    403,
    "unauthorized_client",
    "The request comes from a page that may not act with this cookie.",
  ),
  upgrade_required: row(426, "invalid_request", "This path is a WebSocket."),
  frames_required: row(415, "invalid_request", "The body has to be application/x-ndjson."),
  frames_malformed: row(400, "invalid_request", "The body is not the frames of a pull, one to a line."),
};

export const MEMBER_CODES: Readonly<Record<MemberCode, string>> = {
  missing: "The member is needed.",
  unknown: "There is no such member here.",
  malformed: "The member's value is of another type or form.",
  too_small: "The value is smaller or shorter than allowed.",
  too_large: "The value is larger or longer than allowed.",
  not_one_of: "The value is none of those that are known.",
  repeated: "The same stands here twice.",
  not_alone: "This has to stand alone.",
};

/** Something that this server needs did not work: try again. The code says what, the cause stands in the log. */
export const FAULT_TITLES: Readonly<Record<FaultCode, string>> = {
  store_unavailable: "The store can't be reached. Nothing was written.",
  store_full: "The store is full. Nothing was written.",
  outcome_unknown: "It is not known whether the change was written.",
  contended: "Too many others changed the same at once. Nothing was written.",
  deposed: "Another node leads. Nothing was written.",
  stalled: "This node stood still, and can't vouch any more for what it had read.",
  overloaded: "The server has too much to do. Nothing was written.",
  history_lost: "The store has lost what it had committed. Revoke again.",
  keys_unreadable: "The signing keys can't be used.",
  client_keys_unavailable: "The keys that the client publishes can't be fetched.",
};
