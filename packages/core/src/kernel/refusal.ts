// A refusal: a correct system says no. It is returned, never thrown, and has a code; its wording stands in one table of the server.

export type RefusalCode =
  // credentials of a caller
  | "client_unauthenticated"
  | "grant_not_allowed"
  | "scope_not_allowed"
  | "audience_not_allowed"
  | "token_rate_exceeded"
  // refresh tokens: one refusal on the wire, the outcome in the fact
  | "refresh_refused"
  // revocation by a token's own client (RFC 7009)
  | "token_of_another_client"
  | "token_type_unsupported"
  // /v1
  | "session_not_found"
  | "session_over"
  | "session_limit"
  | "session_too_large"
  | "parent_not_found"
  | "parent_over"
  | "too_deep"
  | "too_many_families"
  | "policy_unknown"
  | "remember_not_allowed"
  | "acr_too_low"
  | "auth_time_ahead"
  | "rotation_required"
  | "policy_not_found"
  | "policy_invalid"
  | "policy_incomplete"
  | "subject_blocked"
  | "subject_not_found"
  | "until_past"
  | "replaced_not_found"
  | "replaced_over"
  | "token_too_large"
  | "claim_reserved"
  | "idempotency_key_reused"
  | "idempotency_key_in_use"
  | "version_conflict"
  | "revocation_not_found"
  | "revocation_perhaps_lost"
  | "receipt_not_genuine"
  | "target_not_found"
  | "cut_off_in_future"
  | "token_not_genuine"
  | "client_not_found"
  | "client_exists"
  | "client_disabled"
  | "client_keys_misplaced"
  | "client_certificate_misplaced"
  | "client_has_no_secret"
  | "mandate_exceeded"
  | "mandate_too_wide"
  | "role_not_found"
  | "role_unknown"
  | "role_beyond_caller"
  | "too_many_roles"
  | "key_not_found"
  | "key_state"
  | "key_too_fresh"
  | "verifiers_behind"
  | "signing_alg_unavailable"
  | "cursor_malformed"
  // audit
  | "audit_empty";

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: RefusalCode };

export function granted<T>(value: T): Answer<T> {
  return { ok: true, value };
}

export function refused(code: RefusalCode): { readonly ok: false; readonly code: RefusalCode } {
  return { ok: false, code };
}
