// The claims of an access token (spec/access-token.md). Parsed once, exactly; after it nobody checks types again.

import { isBase64url } from "./base64url.ts";
import { type Position, parsePosition } from "./position.ts";
import { parseScope } from "./scope.ts";
import type { JsonObject, JsonValue } from "./strict-json.ts";
import { TextTable } from "./text-table.ts";
import { isUuid } from "./uuid.ts";

export const ACCESS_TOKEN_TYPE = "at+jwt";
/** Characters; a longer text is refused before any work. */
export const MAX_ACCESS_TOKEN_LENGTH = 4096;
/** Bytes; a longer token is not issued. */
export const MAX_ISSUED_ACCESS_TOKEN_LENGTH = 2048;
export const MAX_ANCESTORS = 8;
export const MAX_AUDIENCES = 10;
export const DEFAULT_SKEW_SECONDS = 5;
/** A feed that names a longer one is not believed: under it, what has expired would count. */
export const MAX_SKEW_SECONDS = 60;

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

/**
 * Undefined when a required claim is missing or any known claim has the wrong type. Judges no time, issuer or audience.
 * With `read` it reuses the lists that it made of the same texts.
 */
export function parseAccessTokenClaims(payload: JsonObject, read?: ReadLists): AccessTokenClaims | undefined {
  const { iss, sub, jti, client_id: clientId, iat, exp } = payload;
  if (!isText(iss, 512) || !isText(sub, 255) || !isText(clientId, 255)) return undefined;
  if (!isText(jti, 128) || !isNumericDate(iat) || !isNumericDate(exp)) return undefined;
  const aud = parseAudience(payload["aud"], read);
  const pos = typeof payload["pos"] === "string" ? parsePosition(payload["pos"]) : undefined;
  if (aud === undefined || pos === undefined) return undefined;
  const { scope, nbf, sid, fam, anc, auth_time: authTime, acr, amr, cnf, act } = payload;
  if (!isAbsentOr(nbf, isNumericDate) || !isAbsentOr(authTime, isNumericDate)) return undefined;
  if (!isAbsentOr(sid, isSessionId) || !isAbsentOr(fam, isFamily)) return undefined;
  if ((sid === undefined) !== (fam === undefined)) return undefined;
  if (!isAbsentOr(acr, isAcr) || !isAbsentOr(cnf, isObject)) return undefined;
  const scopes = scope === undefined ? NONE : typeof scope === "string" ? readScope(scope, read) : undefined;
  const ancestors = anc === undefined ? NONE : textList(anc, MAX_ANCESTORS, isSessionId);
  const methods = amr === undefined ? NONE : textList(amr, MAX_METHODS, isMethod);
  const actor = act === undefined ? undefined : parseActor(act, MAX_ACTORS);
  if (scopes === undefined || ancestors === undefined || methods === undefined) return undefined;
  if (act !== undefined && actor === undefined) return undefined;
  return {
    iss,
    sub,
    aud,
    clientId,
    scope: scopes,
    iat,
    exp,
    nbf,
    jti,
    pos,
    sid,
    fam,
    anc: ancestors,
    authTime,
    acr,
    amr: methods,
    cnf,
    act: actor,
    all: payload,
  };
}

/** Most tokens that a service sees name the same scopes and the same audience. For verified tokens only. */
export interface ReadLists {
  readonly scopes: TextTable<readonly string[]>;
  readonly audiences: TextTable<readonly string[]>;
}

const MOST_LISTS = 64;

export function newReadLists(): ReadLists {
  return { scopes: new TextTable(), audiences: new TextTable() };
}

function kept(
  lists: TextTable<readonly string[]> | undefined,
  text: string,
  list: readonly string[] | undefined,
): readonly string[] | undefined {
  if (lists !== undefined && list !== undefined && lists.size < MOST_LISTS) lists.set(text, Object.freeze(list));
  return list;
}

/** One for all tokens without any: nobody may add to it. */
const NONE: readonly string[] = Object.freeze([]);
const MAX_METHODS = 16;
const MAX_ACTORS = 5;

type Value = JsonValue | undefined;

function isAbsentOr<T extends JsonValue>(value: Value, fits: (value: Value) => value is T): value is T | undefined {
  return value === undefined || fits(value);
}

function readScope(text: string, read: ReadLists | undefined): readonly string[] | undefined {
  return read?.scopes.get(text) ?? kept(read?.scopes, text, parseScope(text));
}

function parseAudience(value: Value, read: ReadLists | undefined): readonly string[] | undefined {
  if (isAudience(value)) return read?.audiences.get(value) ?? kept(read?.audiences, value, [value]);
  const list = textList(value, MAX_AUDIENCES, isAudience);
  return list !== undefined && list.length > 0 ? list : undefined;
}

function parseActor(value: Value, depth: number): Actor | undefined {
  if (!isObject(value) || depth === 0 || !isText(value["sub"], 255)) return undefined;
  if (value["act"] === undefined) return { sub: value["sub"] };
  const act = parseActor(value["act"], depth - 1);
  return act === undefined ? undefined : { sub: value["sub"], act };
}

function textList(value: Value, most: number, fits: (value: Value) => value is string): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const texts = value.filter((item): item is string => fits(item));
  return texts.length === value.length && new Set(texts).size === texts.length ? texts : undefined;
}

function isSessionId(value: Value): value is string {
  return typeof value === "string" && isUuid(value);
}

/** Base64url of 4 bytes. */
function isFamily(value: Value): value is string {
  return typeof value === "string" && value.length === 6 && isBase64url(value);
}

function isAcr(value: Value): value is string {
  return isText(value, 255);
}

function isMethod(value: Value): value is string {
  return isText(value, 64);
}

function isAudience(value: Value): value is string {
  return isText(value, 512);
}

function isNumericDate(value: Value): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Not empty, not too long, no NUL: what can be compared as it stands. */
function isText(value: Value, most: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= most && !value.includes("\0");
}

function isObject(value: Value): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
