// Everything that happens, as a typed value before it is a log line, a metric or an audit row.
// A fact holds ids and codes: no secret, no token, no subject (who a session belonged to stands in the session).

import type { ClientId, FamilyId, SessionId, TenantId } from "./kernel/ids.ts";
import type { Instant } from "./kernel/time.ts";
import type { TrialWire } from "./keys/signing-key.ts";
import type { EndReason } from "./sessions/session.ts";
import type { FactDraft } from "./store/store.ts";

export type RefreshOutcome =
  | "unknown"
  | "misbound"
  | "ended"
  | "rotated"
  | "retried"
  | "recovered"
  | "superseded"
  | "reused";

export interface FactBodies {
  session_opened: {
    readonly client: ClientId;
    readonly family: FamilyId | null;
    readonly policy: string;
    readonly parent: SessionId | null;
    readonly replaces: SessionId | null;
    readonly actor: string | null;
  };
  session_changed: { readonly changed: readonly string[]; readonly reduced: boolean; readonly actor: string | null };
  session_ended: {
    readonly reason: EndReason;
    readonly at_ms: number;
    readonly revocation: string | null;
    /** The session whose opening ended it. */
    readonly opened?: SessionId;
  };
  session_token_issued: { readonly actor: string | null };
  session_policy_applied: {
    readonly policy: string;
    readonly from: number;
    readonly to: number;
    /** Which rule of it ended the session; null where the session lives on. */
    readonly ended_by: "lifetime" | "acr" | "limit" | null;
    readonly actor: string | null;
  };
  session_kept_alive: { readonly by: "report" | "call" | "refresh" };
  family_ended: { readonly family: FamilyId; readonly reason: EndReason; readonly revocation: string | null };
  token_refreshed: {
    readonly family: FamilyId;
    readonly generation: number;
    readonly outcome: "rotated" | "recovered";
  };
  refresh_refused: {
    readonly family: FamilyId;
    readonly generation: number;
    readonly outcome: "misbound" | "reused";
    readonly client: ClientId;
  };
  store_regressed: { readonly family: FamilyId; readonly shown: number; readonly known: number };
  epoch_started: {
    readonly cause: "store_regressed" | "cursor_ahead" | "receipt_ahead" | "restore" | "failover";
    readonly epoch: number;
  };
  receipt_lost: { readonly revocation: string; readonly pos: string };
  token_revoked: { readonly jti: string; readonly revocation: string };
  token_revocation_refused: { readonly client: ClientId; readonly token: "access" | "refresh" | "session" };
  subject_cut_off: { readonly revocation: string; readonly sessions: number };
  client_cut_off: { readonly client: ClientId; readonly revocation: string };
  tenant_cut_off: { readonly revocation: string };
  revocation_started: {
    readonly revocation: string;
    readonly target: "tenant" | "before" | "query";
    readonly actor: string | null;
  };
  revocation_completed: {
    readonly revocation: string;
    readonly sessions: number;
    /** Rows that could not be read. */
    readonly unreadable: number;
  };
  subject_blocked: {
    readonly revocation: string;
    readonly sessions: number;
    readonly until_ms: number | null;
    readonly actor: string | null;
  };
  subject_unblocked: { readonly revocation: string; readonly actor: string | null };
  subject_exported: { readonly actor: string | null };
  subject_erasing: { readonly revocation: string; readonly sessions: number; readonly actor: string | null };
  subject_erased: { readonly kept: boolean; readonly actor: string | null };
  policy_put: { readonly policy: string; readonly version: number; readonly actor: string | null };
  client_added: { readonly client: ClientId; readonly actor: string | null };
  client_disabled: { readonly client: ClientId; readonly actor: string | null };
  client_changed: { readonly client: ClientId; readonly changed: readonly string[]; readonly actor: string | null };
  client_enabled: { readonly client: ClientId; readonly actor: string | null };
  client_deleted: { readonly client: ClientId; readonly actor: string | null };
  client_churn_started: {
    readonly client: ClientId;
    readonly of: "tokens" | "sessions";
    /** How many it may ask for in `per_ms`. */
    readonly limit: number;
    readonly per_ms: number;
  };
  client_churn_ended: {
    readonly client: ClientId;
    readonly of: "tokens" | "sessions";
    readonly since_ms: number;
    /** Requests that were refused since. */
    readonly refused: number;
  };
  role_changed: { readonly role: string; readonly actor: string | null };
  role_removed: { readonly role: string; readonly actor: string | null };
  call_refused: {
    /** Null when nobody was authenticated. */
    readonly client: ClientId | null;
    readonly route: string;
    readonly code: string;
    /** How many such calls this fact stands for. */
    readonly times: number;
  };
  client_secret_added: { readonly client: ClientId; readonly actor: string | null };
  key_created: { readonly kid: string };
  key_activated: {
    readonly kid: string;
    /** Verifiers that live and had not acknowledged the key. */
    readonly laggards?: { readonly count: number; readonly instances: readonly string[] };
  };
  key_trial_changed: { readonly kid: string; readonly trial: TrialWire | null; readonly actor: string | null };
  key_retired: { readonly kid: string };
  key_removed: { readonly kid: string };
  key_compromised: { readonly kid: string; readonly actor: string | null };
  mac_key_created: { readonly kid: number };
  mac_key_removed: { readonly kid: number };
  secret_key_created: { readonly kid: number };
  secret_key_removed: { readonly kid: number };
  keys_rewrapped: { readonly from: readonly string[]; readonly to: string };
  client_secret_rehashed: { readonly client: ClientId; readonly from: number; readonly to: number };
  leader_changed: { readonly name: string; readonly term: number };
  verifier_joined: { readonly instance: string; readonly service: string };
  verifier_left: { readonly instance: string; readonly service: string };
}

export type FactKind = keyof FactBodies;

/** A fact of one session. */
export function sessionFact<K extends FactKind>(
  tenant: TenantId,
  session: SessionId,
  at: Instant,
  kind: K,
  body: FactBodies[K],
): FactDraft {
  return { tenant, session, at, kind, body: JSON.stringify(body) };
}

/** A fact of no session in particular. */
export function fact<K extends FactKind>(tenant: TenantId, at: Instant, kind: K, body: FactBodies[K]): FactDraft {
  return { tenant, session: null, at, kind, body: JSON.stringify(body) };
}

/** Each kind in one sentence: the printed reference. */
export const FACT_SENTENCES: Readonly<Record<FactKind, string>> = {
  session_opened: "A session was opened.",
  session_changed: "A live session's scope, claims or assurance was changed.",
  session_ended: "A session ended; `at_ms` is when it was over, which lies before the fact when the end was derived.",
  session_token_issued: "A live session got a session token; the one before, if there was one, stopped.",
  session_policy_applied: "A policy was applied to a live session: it got other numbers, or ended by one of them.",
  session_kept_alive:
    "A session's last activity moved forward without a rotation: reported by a verifier, asked for, or by a refresh where the policy does not rotate.",
  family_ended: "One token family of a session ended; the session lives on.",
  token_refreshed: "A refresh token was rotated or recovered.",
  refresh_refused: "A genuine refresh token was refused.",
  store_regressed: "A client showed a generation that the store has lost: acknowledged history is missing.",
  epoch_started: "A new epoch began: access tokens of older epochs are refused.",
  receipt_lost:
    "A receipt was shown of a revocation that the store has lost: what it took away may be back, until it is revoked again.",
  token_revoked: "One access token was revoked by its jti.",
  token_revocation_refused: "A client presented another client's token for revocation; nothing was taken away.",
  subject_cut_off: "Everything of a subject that was authorised before was revoked.",
  client_cut_off: "Everything of a client that was authorised before was revoked.",
  tenant_cut_off: "Everything of the tenant that was authorised before was revoked.",
  revocation_started: "A revocation of many sessions was committed, and its run began.",
  revocation_completed:
    "The run of a revocation has settled every session that was there when it began, but for those that it could not read.",
  subject_blocked: "A subject was blocked: everything of it is over, and nothing new begins.",
  subject_unblocked: "A subject may sign in again.",
  subject_exported: "What is stored about a subject was asked for.",
  subject_erasing: "The erasure of a subject began: everything of it is over.",
  subject_erased:
    "What was stored about a subject is erased; `kept` says whether its own row is still needed, for a block or for sessions that began since.",
  policy_put: "A policy got a new version.",
  client_added: "A client was registered.",
  client_disabled: "A client was disabled.",
  client_changed: "What a client is registered for was changed.",
  client_enabled: "A disabled client is active again.",
  client_deleted: "A client was disabled for good.",
  client_churn_started: "A client asked one node for more tokens or sessions than it may, and is refused some.",
  client_churn_ended:
    "A client that had asked one node for too much came to rest; `refused` counts what it was refused.",
  role_changed: "A role was written or given other scopes.",
  role_removed: "A role was removed.",
  call_refused:
    "Calls were refused for want of authentication, scope or mandate; `times` counts alike ones of a minute.",
  client_secret_added: "A client got a further secret.",
  key_created: "A signing key was made and is published.",
  key_activated: "A signing key signs from now on; `laggards` are verifiers that live and had not acknowledged it.",
  key_trial_changed:
    "The next key signs for one client or a share of all sessions before it is active, or no longer does.",
  key_retired: "A signing key signs no more, and still verifies.",
  key_removed: "A signing key is no longer published.",
  key_compromised: "A signing key is refused everywhere.",
  mac_key_created: "A server key for refresh tokens was made.",
  mac_key_removed: "A server key for refresh tokens was dropped.",
  secret_key_created: "A key under which clients' secrets are hashed was made.",
  secret_key_removed: "A key under which no client's secret is hashed any more was dropped.",
  keys_rewrapped: "All keys were sealed again, under another key-encryption key.",
  client_secret_rehashed: "A client's secret was hashed again under the current key, when it was used.",
  leader_changed: "Another node leads: it rotates keys, sweeps and reads the facts.",
  verifier_joined: "A verifier connected for the first time.",
  verifier_left: "A verifier said goodbye.",
};
