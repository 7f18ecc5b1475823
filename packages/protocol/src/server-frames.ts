// The frames that the server sends (spec/feed.md). Both sides read what the other sent by the same parsers.

import { MAX_SKEW_SECONDS } from "./access-token-claims.ts";
import { isCount, isName, isNonce, isText, position } from "./frame-members.ts";
import { type Notice, noticeFromWire } from "./notice.ts";
import type { NoticeRows } from "./packed-notices.ts";
import type { Position } from "./position.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseStrictJson } from "./strict-json.ts";

export const MAX_SNAPSHOT_PART = 2000;

export type KeyState = "next" | "active" | "retiring";

export interface FeedKey {
  readonly kid: string;
  readonly state: KeyState;
  readonly jwk: JsonObject;
}

export interface Welcome {
  readonly type: "welcome";
  readonly feed: number;
  readonly issuer: string;
  readonly tenant: string;
  readonly node: string;
  readonly salt: string;
  readonly skew_s: number;
  readonly max_lifetime_s: number;
  readonly token_expires_ms: number;
  readonly resumed: boolean;
}

export interface NoticeBatch {
  readonly notices: readonly Notice[];
  /** Kinds that this version does not know (NOT-6). */
  readonly unknownKinds: readonly string[];
}

/** `notices` and `rows` together are the part: what came packed is in `rows`. */
export type SnapshotFrame = {
  readonly type: "snapshot";
  readonly part: number;
  readonly rows?: readonly NoticeRows[];
} & NoticeBatch &
  (
    | { readonly last: false }
    | { readonly last: true; readonly to: Position; readonly cursor: string; readonly horizon: number }
  );

export type NoticesFrame = {
  readonly type: "notices";
  readonly after: Position;
  readonly to: Position;
  readonly cursor: string;
  readonly horizon: number;
} & NoticeBatch;

export interface HeadFrame {
  readonly type: "head";
  readonly n: string;
  readonly pos: Position;
  readonly keys: number;
  readonly time: number;
}

export interface KeysFrame {
  readonly type: "keys";
  readonly version: number;
  readonly keys: readonly FeedKey[];
}

export type ServerFrame = Welcome | KeysFrame | SnapshotFrame | NoticesFrame | HeadFrame;

const WITHOUT_ROWS: ReadonlySet<string> = new Set(["welcome", "keys", "notices", "head"]);
const SERVER_LIMITS = { maxLength: 16_777_216, maxDepth: 6, maxMembers: 200_000 };

/**
 * What the server sent; `ignored` for a type of a later version; undefined when it is malformed. `unpack` reads those
 * notices of a snapshot that came beside its text.
 */
export function parseServerFrame(
  text: string,
  unpack?: () => readonly NoticeRows[] | undefined,
): ServerFrame | { readonly type: "ignored" } | undefined {
  const parsed = parseStrictJson(text, SERVER_LIMITS);
  if (!parsed.ok || !isJsonObject(parsed.value)) return undefined;
  const frame = parsed.value;
  const { type } = frame;
  if (typeof type !== "string" || (unpack !== undefined && WITHOUT_ROWS.has(type))) return undefined;
  switch (type) {
    case "welcome":
      return parseWelcome(frame);
    case "keys":
      return parseKeys(frame);
    case "snapshot":
      return parseSnapshot(frame, unpack);
    case "notices":
      return parseNotices(frame);
    case "head":
      return parseHead(frame);
    default:
      return { type: "ignored" };
  }
}

function parseWelcome(frame: JsonObject): Welcome | undefined {
  const {
    feed,
    issuer,
    tenant,
    node,
    salt,
    skew_s: skew,
    max_lifetime_s: lifetime,
    token_expires_ms: expires,
    resumed,
  } = frame;
  if (!isCount(feed) || !isText(issuer, 512) || !isName(tenant) || !isName(node) || !isNonce(salt)) return undefined;
  if (
    !isCount(skew) ||
    skew > MAX_SKEW_SECONDS ||
    !isCount(lifetime) ||
    !isCount(expires) ||
    typeof resumed !== "boolean"
  )
    return undefined;
  return {
    type: "welcome",
    feed,
    issuer,
    tenant,
    node,
    salt,
    skew_s: skew,
    max_lifetime_s: lifetime,
    token_expires_ms: expires,
    resumed,
  };
}

function parseKeys(frame: JsonObject): KeysFrame | undefined {
  const { version, keys } = frame;
  if (!isCount(version) || !Array.isArray(keys)) return undefined;
  const parsed: FeedKey[] = [];
  for (const key of keys) {
    if (!isJsonObject(key) || !isText(key["kid"], 128) || !isJsonObject(key["jwk"])) return undefined;
    const state = key["state"];
    if (state !== "next" && state !== "active" && state !== "retiring") return undefined;
    parsed.push({ kid: key["kid"], state, jwk: key["jwk"] });
  }
  return { type: "keys", version, keys: parsed };
}

function parseSnapshot(
  frame: JsonObject,
  unpack: (() => readonly NoticeRows[] | undefined) | undefined,
): SnapshotFrame | undefined {
  const { part, last, to, cursor, horizon_ms: horizon } = frame;
  const written = parseBatch(frame["notices"]);
  const rows = unpack?.();
  if (!isCount(part) || part === 0 || written === undefined || (unpack !== undefined && rows === undefined))
    return undefined;
  const batch = rows === undefined ? written : { ...written, rows };
  if (last === false) return { type: "snapshot", part, last, ...batch };
  const pos = position(to);
  if (last !== true || pos === undefined || !isText(cursor, 128) || !isCount(horizon)) return undefined;
  return { type: "snapshot", part, last, to: pos, cursor, horizon, ...batch };
}

function parseNotices(frame: JsonObject): NoticesFrame | undefined {
  const after = position(frame["after"]);
  const to = position(frame["to"]);
  const { cursor, horizon_ms: horizon } = frame;
  const batch = parseBatch(frame["notices"]);
  if (after === undefined || to === undefined || batch === undefined || !isText(cursor, 128) || !isCount(horizon))
    return undefined;
  return { type: "notices", after, to, cursor, horizon, ...batch };
}

function parseHead(frame: JsonObject): HeadFrame | undefined {
  const { n, keys, time_ms: time } = frame;
  const pos = position(frame["pos"]);
  return isNonce(n) && pos !== undefined && isCount(keys) && isCount(time)
    ? { type: "head", n, pos, keys, time }
    : undefined;
}

function parseBatch(value: JsonValue | undefined): NoticeBatch | undefined {
  if (!Array.isArray(value)) return undefined;
  const notices: Notice[] = [];
  const unknownKinds: string[] = [];
  for (const item of value) {
    const notice = isJsonObject(item) ? noticeFromWire(item) : undefined;
    if (notice === undefined) return undefined;
    if ("unknownKind" in notice) unknownKinds.push(notice.unknownKind);
    else notices.push(notice);
  }
  return { notices, unknownKinds };
}
