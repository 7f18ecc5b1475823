// The rules of spec/access-token.md that follow the signature, in their order. Pure: whoever calls it has read the
// clock last. The first rule that fails decides.

import type { AccessTokenClaims } from "@hallpass/protocol";
import type { NoticeTable } from "./notice-table.ts";
import type { TokenKeys } from "./token-keys.ts";
import type { RejectionCode, Verdict } from "./verdict.ts";

export interface Expectations {
  readonly issuer: string;
  readonly audience: string;
  readonly skewSeconds: number;
  readonly maxLifetimeSeconds: number;
}

/** AT-V5 and AT-V6. `now` in milliseconds; a deadline is exclusive. */
export function judgeClaims(claims: AccessTokenClaims, expected: Expectations, now: number): RejectionCode | undefined {
  const { iat, exp, nbf } = claims;
  const skew = expected.skewSeconds;
  if (claims.iss !== expected.issuer) return "wrong_issuer";
  if (!claims.aud.includes(expected.audience)) return "wrong_audience";
  if (!(now < (exp + skew) * 1000)) return "expired";
  if (iat * 1000 > now + skew * 1000) return "not_yet_valid";
  if (nbf !== undefined && nbf * 1000 > now + skew * 1000) return "not_yet_valid";
  if (exp <= iat || exp - iat > expected.maxLifetimeSeconds) return "lifetime_too_long";
  // A proof of possession is not checked here, so a token that needs one is refused, whatever `cnf` holds (AT-V6).
  if (claims.cnf !== undefined) return "unproven_sender";
  return undefined;
}

/** ST-V3: what the issuer said just now needs no clock of ours; how long it holds was counted from the question. */
export function judgeSaid(claims: AccessTokenClaims, expected: Expectations): RejectionCode | undefined {
  if (claims.iss !== expected.issuer) return "wrong_issuer";
  if (!claims.aud.includes(expected.audience)) return "wrong_audience";
  if (claims.exp <= claims.iat || claims.exp - claims.iat > expected.maxLifetimeSeconds) return "lifetime_too_long";
  return claims.cnf === undefined ? undefined : "unproven_sender";
}

export interface Known {
  readonly table: NoticeTable;
  /** Another one after every change that may take a token away, and never one that was before. */
  readonly revision: number;
  readonly epoch: number;
  /** Milliseconds. */
  readonly horizon: number;
}

/** What is judged against the view; `clearAt` says at which of its revisions no notice was found. */
export interface Viewed {
  readonly keys: TokenKeys;
  clearAt: number;
}

/** AT-V7. Notices are looked through once for each revision of the view: the same ones give the same answer. */
export function judgeView(exp: number, token: Viewed, known: Known, skewSeconds: number): RejectionCode | undefined {
  if ((exp + skewSeconds) * 1000 <= known.horizon) return "expired";
  if (token.keys.epoch < known.epoch) return "older_epoch";
  if (token.clearAt === known.revision) return undefined;
  const taken = known.table.taken(token.keys);
  if (taken === undefined) token.clearAt = known.revision;
  return taken;
}

/** What was said of a session token is true no more, and the session may live: an access token would be refreshed, this one is asked about again. */
export function saysTooLittle(verdict: Verdict): boolean {
  return verdict.kind === "rejected" && (verdict.code === "outdated" || verdict.code === "older_epoch");
}
