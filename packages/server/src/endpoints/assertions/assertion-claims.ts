// What a client's assertion says (RFC 7523 with its update, draft-ietf-oauth-rfc7523bis): who, for whom, until when, and which one it is.

import { type ClientId, type Instant, type Issuer, instantOf, parseClientId } from "@hallpass/core";
import type { JsonObject, JsonValue } from "@hallpass/protocol";
import type { Untimely } from "../../observe/observer.ts";

/** Seconds between now and `exp`, at most: so long its name has to be remembered. */
export const MAX_ASSERTION_AGE = 300;
/** Seconds by which `iat` and `nbf` may lie ahead (FAPI 2.0 section 5.3.2.1 has servers accept 10). */
export const MAX_AHEAD = 10;

const JTI = /^[\x21-\x7e]{1,256}$/;

export interface AssertionClaims {
  readonly client: ClientId;
  readonly jti: string;
  readonly exp: number;
  /** When the client made it, by its own clock; undefined where it does not say. */
  readonly iat: number | undefined;
  readonly notBefore: readonly number[];
}

/** Undefined for claims that no clock could make good: another audience, two names for the client, a member of the wrong kind. */
export function parseAssertionClaims(payload: JsonObject, issuer: Issuer): AssertionClaims | undefined {
  const { iss, sub, aud, jti, exp, iat, nbf } = payload;
  const client = typeof iss === "string" && iss === sub ? parseClientId(iss) : undefined;
  if (client === undefined || !isFor(aud, issuer.url)) return undefined;
  if (typeof jti !== "string" || !JTI.test(jti)) return undefined;
  if (!isTime(exp) || (iat !== undefined && !isTime(iat)) || (nbf !== undefined && !isTime(nbf))) return undefined;
  return { client, jti, exp, iat, notBefore: [iat, nbf].filter((time) => time !== undefined) };
}

/** The issuer and nothing else: an assertion that another server could use as well is one that it could use against us. */
function isFor(aud: JsonValue | undefined, issuer: string): boolean {
  return aud === issuer || (Array.isArray(aud) && aud.length === 1 && aud[0] === issuer);
}

function isTime(value: JsonValue | undefined): value is number {
  return typeof value === "number" && value >= 0 && value <= 253_402_300_799;
}

/** From `until` on the assertion is refused by its time, and its name need not be remembered. */
export function usableUntil(claims: AssertionClaims, skew: number): Instant {
  return instantOf(Math.ceil((claims.exp + skew) * 1000));
}

/** What is wrong with its time; undefined for one that is good now. `early`: by our clock it has not been made yet. */
export function untimely(claims: AssertionClaims, skew: number, now: Instant): Untimely | undefined {
  if (now >= usableUntil(claims, skew)) return "expired";
  if (claims.notBefore.some((time) => time > now / 1000 + MAX_AHEAD)) return "early";
  return claims.exp > now / 1000 + MAX_ASSERTION_AGE + skew ? "too_long" : undefined;
}
