// The claims of an access token (spec/access-token.md). Parsed once, exactly; after it nobody checks types again.

import { isBase64url } from "./base64url.ts";
import { type Position, parsePosition } from "./position.ts";
import { parseScope } from "./scope.ts";
import type { JsonObject, JsonValue } from "./strict-json.ts";
import { isUuid } from "./uuid.ts";

export const ACCESS_TOKEN_TYPE = "at+jwt";
/** Characters; a longer text is refused before any work. */
export const MAX_ACCESS_TOKEN_LENGTH = 4096;
/** Bytes; a longer token is not issued. */
export const MAX_ISSUED_ACCESS_TOKEN_LENGTH = 2048;
export const MAX_ANCESTORS = 8;
export const MAX_AUDIENCES = 10;
export const DEFAULT_SKEW_SECONDS = 5;

/** Names that a session's own claims never have (AT-9). */
export const RESERVED_CLAIMS: ReadonlySet<string> = new Set(
  "iss sub aud exp nbf iat jti client_id scope sid fam pos anc auth_time acr amr azp nonce cnf act may_act events status tenant".split(
    " ",
  ),
);

export interface Actor {
  readonly sub: string;
  readonly act?: Actor;
}

export interface AccessTokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly clientId: string;
  readonly scope: readonly string[];
  /** Seconds, as are `exp`, `nbf` and `authTime`. */
  readonly iat: number;
  readonly exp: number;
  readonly nbf: number | undefined;
  readonly jti: string;
  readonly pos: Position;
  readonly sid: string | undefined;
  readonly fam: string | undefined;
  readonly anc: readonly string[];
  readonly authTime: number | undefined;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  readonly cnf: JsonObject | undefined;
  readonly act: Actor | undefined;
  /** The whole payload, with the claims that the issuer's session added. */
  readonly all: JsonObject;
}

/** Undefined when a required claim is missing or any known claim has the wrong type. Judges no time, issuer or audience. */
export function parseAccessTokenClaims(payload: JsonObject): AccessTokenClaims | undefined {
  const { iss, sub, jti, client_id: clientId, iat, exp } = payload;
  if (!isText(iss, 512) || !isText(sub, 255) || !isText(clientId, 255)) return undefined;
  if (!isText(jti, 128) || !isNumericDate(iat) || !isNumericDate(exp)) return undefined;
  const aud = parseAudience(payload["aud"]);
  const pos = typeof payload["pos"] === "string" ? parsePosition(payload["pos"]) : undefined;
  if (aud === undefined || pos === undefined) return undefined;
  const scope = optional(payload["scope"], (value) => (typeof value === "string" ? parseScope(value) : undefined));
  const nbf = optional(payload["nbf"], numericDate);
  const sid = optional(payload["sid"], (value) => (typeof value === "string" && isUuid(value) ? value : undefined));
  const fam = optional(payload["fam"], (value) =>
    typeof value === "string" && value.length === 6 && isBase64url(value) ? value : undefined,
  );
  const anc = optional(payload["anc"], (value) => textList(value, MAX_ANCESTORS, isSessionId));
  const authTime = optional(payload["auth_time"], numericDate);
  const acr = optional(payload["acr"], (value) => (isText(value, 255) ? value : undefined));
  const amr = optional(payload["amr"], (value) => textList(value, 16, (text) => isText(text, 64)));
  const cnf = optional(payload["cnf"], (value) => (isObject(value) ? value : undefined));
  const act = optional(payload["act"], (value) => parseActor(value, 5));
  if ([scope, nbf, sid, fam, anc, authTime, acr, amr, cnf, act].includes(malformed)) return undefined;
  if ((sid === undefined) !== (fam === undefined)) return undefined;
  return {
    iss,
    sub,
    aud,
    clientId,
    scope: sound(scope) ?? [],
    iat,
    exp,
    nbf: sound(nbf),
    jti,
    pos,
    sid: sound(sid),
    fam: sound(fam),
    anc: sound(anc) ?? [],
    authTime: sound(authTime),
    acr: sound(acr),
    amr: sound(amr) ?? [],
    cnf: sound(cnf),
    act: sound(act),
    all: payload,
  };
}

const malformed = Symbol("malformed");

function optional<T>(
  value: JsonValue | undefined,
  parse: (value: JsonValue) => T | undefined,
): T | undefined | typeof malformed {
  if (value === undefined) return undefined;
  const parsed = parse(value);
  return parsed === undefined ? malformed : parsed;
}

function sound<T>(value: T | typeof malformed): T | undefined {
  return value === malformed ? undefined : value;
}

function parseAudience(value: JsonValue | undefined): readonly string[] | undefined {
  if (isText(value, 512)) return [value];
  const list = textList(value, MAX_AUDIENCES, (text) => isText(text, 512));
  return list !== undefined && list.length > 0 ? list : undefined;
}

function parseActor(value: JsonValue | undefined, depth: number): Actor | undefined {
  if (!isObject(value) || depth === 0 || !isText(value["sub"], 255)) return undefined;
  if (value["act"] === undefined) return { sub: value["sub"] };
  const act = parseActor(value["act"], depth - 1);
  return act === undefined ? undefined : { sub: value["sub"], act };
}

function textList(
  value: JsonValue | undefined,
  most: number,
  fits: (text: string) => boolean,
): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const texts = value.filter((item): item is string => typeof item === "string" && fits(item));
  return texts.length === value.length && new Set(texts).size === texts.length ? texts : undefined;
}

function isSessionId(text: string): boolean {
  return isUuid(text);
}

function numericDate(value: JsonValue): number | undefined {
  return isNumericDate(value) ? value : undefined;
}

function isNumericDate(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Not empty, not too long, no NUL: what can be compared as it stands. */
function isText(value: JsonValue | undefined, most: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= most && !value.includes("\0");
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
