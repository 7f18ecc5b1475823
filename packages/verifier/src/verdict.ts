// What a resource server is told: accepted, rejected or unavailable. Nothing else, and never by an exception.

import { type AccessTokenClaims, type BearerError, bearerChallenge, type JsonObject } from "@hallpass/protocol";
import type { Remembered } from "./memory.ts";

/** Not exported by the package: who has no name for it can't make an accepted verdict. */
export const judged: unique symbol = Symbol("judged");

/** `all` is the whole payload; what the app's own schema made of it where the verifier has one. */
export type Claims<All> = Omit<AccessTokenClaims, "all"> & { readonly all: All };

/** Only the verifier makes one. */
export interface Accepted<All = JsonObject> {
  readonly [judged]: Remembered;
  readonly kind: "accepted";
  readonly claims: Claims<All>;
  readonly subject: string;
  readonly clientId: string;
  /** Undefined for a token of the client_credentials grant. */
  readonly sid: string | undefined;
  readonly scope: readonly string[];
  /** Milliseconds: how old the knowledge is that nothing was taken away. Infinity when nothing bounds it. */
  readonly viewAgeMs: number;
  /** Wall time in milliseconds, exclusive: when the token expires or the knowledge is too old, whichever is first. */
  readonly until: number;
  /** True only under `onStale: "accept"`: the view is too old to say that nothing was taken away. */
  readonly stale: boolean;
}

/** What the operator sees; on the wire there is only the error of the table below. */
export type RejectionCode =
  | "no_credentials"
  | "malformed_request"
  | "malformed_token"
  | "wrong_type"
  | "unknown_key"
  | "bad_signature"
  | "malformed_claims"
  | "wrong_issuer"
  | "wrong_audience"
  | "expired"
  | "not_yet_valid"
  | "lifetime_too_long"
  | "unproven_sender"
  | "revoked"
  | "outdated"
  | "older_epoch"
  | "inactive"
  | "claims_refused"
  | "insufficient_scope"
  | "insufficient_user_authentication"
  | "claims_not_met"
  | "cross_site_request";

export interface Rejected {
  readonly kind: "rejected";
  readonly code: RejectionCode;
  readonly status: 400 | 401 | 403;
  /** The error of the answer's body, as RFC 6750 names it; undefined when there were no credentials. */
  readonly error: string | undefined;
  /** The value of WWW-Authenticate. */
  readonly challenge: string;
  /** What a new sign-in has to bring, when that is all that is missing (RFC 9470). */
  readonly stepUp?: StepUp;
}

export interface StepUp {
  /** One of these, the most welcome first. */
  readonly acrValues?: readonly string[];
  /** Seconds since the sign-in. */
  readonly maxAge?: number;
}

export type UnavailableCode = "no_view" | "view_too_old" | "introspection_failed" | "closed";

export interface Unavailable {
  readonly kind: "unavailable";
  readonly code: UnavailableCode;
  /** Seconds, for Retry-After. */
  readonly retryAfter: number;
}

export type Verdict<All = JsonObject> = Accepted<All> | Rejected | Unavailable;

interface WireError {
  readonly status: Rejected["status"];
  readonly error: BearerError | undefined;
}

// RFC 6750 section 3.1. Whatever is wrong with a token, the answer is the same, so that nobody can probe.
const INVALID: WireError = { status: 401, error: "invalid_token" };
const WIRE = {
  no_credentials: { status: 401, error: undefined },
  malformed_request: { status: 400, error: "invalid_request" },
  malformed_token: INVALID,
  wrong_type: INVALID,
  unknown_key: INVALID,
  bad_signature: INVALID,
  malformed_claims: INVALID,
  wrong_issuer: INVALID,
  wrong_audience: INVALID,
  expired: INVALID,
  not_yet_valid: INVALID,
  lifetime_too_long: INVALID,
  unproven_sender: INVALID,
  revoked: INVALID,
  outdated: INVALID,
  older_epoch: INVALID,
  inactive: INVALID,
  claims_refused: INVALID,
  insufficient_user_authentication: { status: 401, error: "insufficient_user_authentication" },
  insufficient_scope: { status: 403, error: "insufficient_scope" },
  claims_not_met: { status: 403, error: "insufficient_scope" },
  cross_site_request: { status: 403, error: undefined },
} as const satisfies Record<RejectionCode, WireError>;

/** A challenge that says nothing: a scheme alone may not stand there. */
const BARE = bearerChallenge({});

const REJECTIONS = Object.fromEntries(
  Object.entries(WIRE).map(([code, wire]) => [code, Object.freeze(rejection(code as RejectionCode, wire, undefined))]),
) as Readonly<Record<RejectionCode, Rejected>>;

export const REJECTION_CODES: readonly RejectionCode[] = Object.keys(WIRE) as RejectionCode[];

export function rejected(code: RejectionCode): Rejected {
  return REJECTIONS[code];
}

/** The challenge names the scope that would do (RFC 6750 section 3). */
export function scopeMissing(scope: readonly string[]): Rejected {
  return rejection("insufficient_scope", WIRE.insufficient_scope, scope);
}

/** The challenge names what would do (RFC 9470 section 3). */
export function authenticationInsufficient(
  acrValues: readonly string[] | undefined,
  maxAge: number | undefined,
): Rejected {
  const code = "insufficient_user_authentication";
  const challenge = bearerChallenge({ error: code, acrValues, maxAge });
  const stepUp = { ...(acrValues === undefined ? {} : { acrValues }), ...(maxAge === undefined ? {} : { maxAge }) };
  return { ...rejection(code, WIRE[code], undefined), challenge, stepUp };
}

/** The same, and where the client learns who issues tokens for this resource (RFC 9728 section 5.1). */
export function withMetadata(verdict: Rejected, address: string): Rejected {
  const parameter = `resource_metadata="${address}"`;
  const { challenge } = verdict;
  return { ...verdict, challenge: challenge === BARE ? `Bearer ${parameter}` : `${challenge}, ${parameter}` };
}

export function unavailable(code: UnavailableCode): Unavailable {
  return { kind: "unavailable", code, retryAfter: 1 };
}

export function accepted(read: Remembered, viewAgeMs: number, until: number, stale: boolean): Accepted {
  const { claims } = read;
  return {
    [judged]: read,
    kind: "accepted",
    claims: read.shown ?? claims,
    subject: claims.sub,
    clientId: claims.clientId,
    sid: claims.sid,
    scope: claims.scope,
    viewAgeMs,
    until,
    stale,
  };
}

function rejection(code: RejectionCode, wire: WireError, scope: readonly string[] | undefined): Rejected {
  return {
    kind: "rejected",
    code,
    status: wire.status,
    error: code === "cross_site_request" ? code : wire.error,
    challenge: bearerChallenge({ error: wire.error, scope }),
  };
}
