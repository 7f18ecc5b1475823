// What one route asks beyond a valid token. It can only ask for more: there is no way to ask for less here.

import { type AccessTokenClaims, type JsonValue, MAX_SKEW_SECONDS } from "@hallpass/protocol";
import { authenticationInsufficient, type Rejected, rejected, scopeMissing } from "./verdict.ts";

/** A value that must be equal, or a question about the claim. */
export type ClaimRequirement = string | number | boolean | ((value: JsonValue | undefined) => boolean);

export interface Requirements {
  /** Milliseconds: the view may not be older for this call. More than `maxStalenessMs` changes nothing. */
  readonly maxAgeMs?: number;
  /** All of these. */
  readonly requireScope?: readonly string[];
  /** One of these, the most welcome first (RFC 9470): how the subject has signed in. */
  readonly requireAcr?: readonly string[];
  /** Seconds since the subject signed in, however often the token was refreshed since: `max_age` of RFC 9470. */
  readonly maxAuthAge?: number;
  /** By the names on the wire, such as `acr`. */
  readonly requireClaims?: Readonly<Record<string, ClaimRequirement>>;
}

/** Judged last: who may not be let in at all learns nothing about what a route needs. */
export function judgeRequirements(
  claims: AccessTokenClaims,
  required: Requirements,
  now: number,
  skewSeconds: number,
): Rejected | undefined {
  const { requireScope, requireAcr, maxAuthAge, requireClaims } = required;
  if (requireScope !== undefined && !requireScope.every((scope) => claims.scope.includes(scope))) {
    return scopeMissing(requireScope);
  }
  if (requireAcr !== undefined || maxAuthAge !== undefined) {
    // One challenge for both: whoever signs in again does it once, and knows all that is asked.
    const known = requireAcr === undefined || (claims.acr !== undefined && requireAcr.includes(claims.acr));
    const recent = maxAuthAge === undefined || !(ageOfSignIn(claims, now) > (maxAuthAge + skewSeconds) * 1000);
    if (!known || !recent) return authenticationInsufficient(requireAcr, maxAuthAge);
  }
  if (requireClaims === undefined) return undefined;
  for (const [name, requirement] of Object.entries(requireClaims)) {
    const value = Object.hasOwn(claims.all, name) ? claims.all[name] : undefined;
    // Exactly true: a promise that a question returned by mistake is no yes.
    const met: unknown = typeof requirement === "function" ? requirement(value) : value === requirement;
    if (met !== true) return rejected("claims_not_met");
  }
  return undefined;
}

// From `auth_time`, never from `iat`: a refresh is no sign-in (RFC 9470 section 4). Without one nobody knows; nor with one that lies ahead by more
// than clocks may differ, which would stay recent for as long as it does.
function ageOfSignIn({ authTime }: AccessTokenClaims, now: number): number {
  if (authTime === undefined || authTime * 1000 > now + MAX_SKEW_SECONDS * 1000) return Number.POSITIVE_INFINITY;
  return now - authTime * 1000;
}
