// Asking the issuer about one token (RFC 7662), only when the view is too old and only about tokens whose signature
// fits: what an attacker makes up never causes a request. The answer can confirm or refuse; it can't widen.

import { type AccessTokenClaims, isJsonObject, type JsonObject, parseStrictJson } from "@hallpass/protocol";

const LIMITS = { maxLength: 65_536, maxDepth: 12, maxMembers: 512 };

export type Introspected = "active" | "inactive" | "unreadable";

export function readIntrospection(body: string, claims: AccessTokenClaims): Introspected {
  const parsed = parseStrictJson(body, LIMITS);
  if (!parsed.ok || !isJsonObject(parsed.value)) return "unreadable";
  const answer = parsed.value;
  if (answer["active"] === false) return "inactive";
  if (answer["active"] !== true) return "unreadable";
  return speaksOf(answer, claims) ? "active" : "unreadable";
}

// An answer about another token, or one that says other things than the signed claims, is no answer.
function speaksOf(answer: JsonObject, claims: AccessTokenClaims): boolean {
  const expected: Readonly<Record<string, unknown>> = {
    iss: claims.iss,
    sub: claims.sub,
    client_id: claims.clientId,
    exp: claims.exp,
    iat: claims.iat,
    jti: claims.jti,
    sid: claims.sid,
  };
  for (const [name, value] of Object.entries(expected)) {
    if (answer[name] !== undefined && answer[name] !== value) return false;
  }
  const { aud } = answer;
  if (aud === undefined) return true;
  const audiences = Array.isArray(aud) ? aud : [aud];
  return audiences.length === claims.aud.length && claims.aud.every((audience) => audiences.includes(audience));
}
