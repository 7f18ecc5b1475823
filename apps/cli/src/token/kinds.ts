// What a token is, from its shape alone: no key, no network. What is secret in it never leaves this file.

import {
  bytesToUuid,
  CLIENT_SECRET_PREFIX,
  type JsonObject,
  type JwsHeader,
  parseClientSecret,
  parseCompactJws,
  parsePrefixed,
  parseRefreshToken,
  parseSessionToken,
  REFRESH_TOKEN_PREFIX,
  SESSION_TOKEN_PREFIX,
} from "@hallpass/protocol";

const CODE_PREFIX = "hpa_";
const CODE_LENGTH = 32;

export type InspectedToken =
  | { readonly kind: "jwt"; readonly header: JwsHeader; readonly claims: JsonObject }
  | {
      readonly kind: "refresh_token";
      readonly sid: string;
      readonly fam: string;
      readonly generation: number;
      readonly kid: number;
    }
  | { readonly kind: "session_token"; readonly sid: string }
  | { readonly kind: "client_secret" }
  | { readonly kind: "authorization_code" }
  /** It begins like one of ours, and is cut, mistyped or changed. */
  | { readonly kind: "damaged"; readonly looksLike: string; readonly code: string }
  | { readonly kind: "unknown" };

const PREFIXES: Readonly<Record<string, string>> = {
  [REFRESH_TOKEN_PREFIX]: "a refresh token",
  [SESSION_TOKEN_PREFIX]: "a session token",
  [CLIENT_SECRET_PREFIX]: "a client secret",
  [CODE_PREFIX]: "an authorization code",
};

export function inspectToken(text: string): InspectedToken {
  const refresh = parseRefreshToken(text);
  if (refresh !== undefined) {
    const { sid, fam, generation, kid } = refresh;
    return { kind: "refresh_token", sid, fam, generation, kid };
  }
  const session = parseSessionToken(text);
  if (session !== undefined) return { kind: "session_token", sid: bytesToUuid(session.subarray(0, 16)) };
  if (parseClientSecret(text) !== undefined) return { kind: "client_secret" };
  if (parsePrefixed(CODE_PREFIX, text, CODE_LENGTH) !== undefined) return { kind: "authorization_code" };
  const looksLike = PREFIXES[text.slice(0, 4)];
  if (looksLike !== undefined) return { kind: "damaged", looksLike, code: "checksum" };
  const jws = parseCompactJws(text);
  if (jws.ok) return { kind: "jwt", header: jws.header, claims: jws.payload };
  return text.startsWith("eyJ") ? { kind: "damaged", looksLike: "a JWT", code: jws.code } : { kind: "unknown" };
}
