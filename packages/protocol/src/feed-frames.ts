// The frames of the feed (spec/feed.md). Both sides parse what the other sent, once, here.

import { MAX_SKEW_SECONDS } from "./access-token-claims.ts";
import { decodeBase64url } from "./base64url.ts";
import { type Notice, noticeFromWire } from "./notice.ts";
import type { NoticeRows } from "./packed-notices.ts";
import { type Position, parsePosition } from "./position.ts";
import { type JsonObject, type JsonValue, parseStrictJson } from "./strict-json.ts";
import { isUuid } from "./uuid.ts";

export const FEED_VERSION = 1;
export const FEED_SUBPROTOCOL = "hallpass.feed.1";
export const FEED_SCOPE = "feed";
/** Frames one to a line: how they travel in a pull. */
export const FRAMES_TYPE = "application/x-ndjson";
export const MAX_SNAPSHOT_PART = 2000;
export const MAX_ACTIVITY = 1000;
export const MIN_STALENESS_MS = 1000;
export const MAX_STALENESS_MS = 86_400_000;

export const FEED_CLOSE = {
  malformed: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  helloTimeout: 4408,
  replaced: 4409,
  slow: 4429,
  fault: 1011,
  drain: 1012,
} as const;

export type OnStale = "unavailable" | "introspect" | "accept";

export interface Hello {
  readonly type: "hello";
  readonly feed: number;
  readonly instance: string;
  readonly service: string;
  readonly region: string | null;
  readonly version: string;
  readonly after: string | null;
  readonly max_staleness_ms: number;
  readonly on_stale: OnStale;
}

export type VerifierStats = Readonly<Partial<Record<(typeof STATS)[number], number>>>;
const STATS = [
  "tracked",
  "late_accepts",
  "view_age_ms",
  "clock_skew_ms",
  "accepted",
  "rejected",
  "unavailable",
  "anonymous",
  "introspections",
  "introspections_failed",
  "answers_remembered",
  "verify_samples",
  "verify_ms",
] as const;

export interface Ping {
  readonly type: "ping";
  readonly n: string;
  readonly applied: Position;
  readonly keys: number;
  readonly stats: VerifierStats;
}

export type VerifierFrame =
  | Hello
  | Ping
  | { readonly type: "activity"; readonly sessions: readonly (readonly [sid: string, atMs: number])[] }
  | { readonly type: "auth"; readonly token: string }
  | { readonly type: "bye" };

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

const VERIFIER_LIMITS = { maxLength: 131_072, maxDepth: 4, maxMembers: 4096 };
const WITHOUT_ROWS: ReadonlySet<string> = new Set(["welcome", "keys", "notices", "head"]);
const SERVER_LIMITS = { maxLength: 16_777_216, maxDepth: 6, maxMembers: 200_000 };

/** What a verifier sent; undefined when it is malformed or of an unknown type. */
export function parseVerifierFrame(text: string): VerifierFrame | undefined {
  const parsed = parseStrictJson(text, VERIFIER_LIMITS);
  if (!parsed.ok || !isObject(parsed.value)) return undefined;
  const frame = parsed.value;
  const { type } = frame;
  if (typeof type !== "string") return undefined;
  switch (type) {
    case "hello":
      return parseHello(frame);
    case "ping":
      return parsePing(frame);
    case "activity":
      return parseActivity(frame);
    case "auth":
      return isText(frame["token"], 4096) ? { type: "auth", token: frame["token"] } : undefined;
    case "bye":
      return { type: "bye" };
    default:
      return undefined;
  }
}

/**
 * What the server sent; `ignored` for a type of a later version; undefined when it is malformed. `unpack` reads those
 * notices of a snapshot that came beside its text.
 */
export function parseServerFrame(
  text: string,
  unpack?: () => readonly NoticeRows[] | undefined,
): ServerFrame | { readonly type: "ignored" } | undefined {
  const parsed = parseStrictJson(text, SERVER_LIMITS);
  if (!parsed.ok || !isObject(parsed.value)) return undefined;
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

function parseHello(frame: JsonObject): Hello | undefined {
  const {
    feed,
    instance,
    service,
    region = null,
    version,
    after,
    max_staleness_ms: staleness,
    on_stale: onStale,
  } = frame;
  if (
    !isCount(feed) ||
    !isName(instance) ||
    !isName(service) ||
    !(region === null || isName(region)) ||
    !isName(version)
  )
    return undefined;
  if (!(after === null || isText(after, 128)) || !isCount(staleness)) return undefined;
  if (staleness < MIN_STALENESS_MS || staleness > MAX_STALENESS_MS) return undefined;
  if (onStale !== "unavailable" && onStale !== "introspect" && onStale !== "accept") return undefined;
  return {
    type: "hello",
    feed,
    instance,
    service,
    region,
    version,
    after,
    max_staleness_ms: staleness,
    on_stale: onStale,
  };
}

function parsePing(frame: JsonObject): Ping | undefined {
  const { n, applied, keys, stats = {} } = frame;
  const pos = position(applied);
  if (!isNonce(n) || pos === undefined || !isCount(keys) || !isObject(stats)) return undefined;
  const known: Partial<Record<(typeof STATS)[number], number>> = {};
  for (const name of STATS) {
    const value = stats[name];
    if (value === undefined) continue;
    if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
    known[name] = value;
  }
  return { type: "ping", n, applied: pos, keys, stats: known };
}

function parseActivity(frame: JsonObject): VerifierFrame | undefined {
  const { sessions } = frame;
  if (!Array.isArray(sessions) || sessions.length > MAX_ACTIVITY) return undefined;
  const pairs: (readonly [string, number])[] = [];
  for (const pair of sessions) {
    if (!Array.isArray(pair) || pair.length !== 2) return undefined;
    const [sid, at] = pair;
    if (typeof sid !== "string" || !isUuid(sid) || !isCount(at)) return undefined;
    pairs.push([sid, at]);
  }
  return { type: "activity", sessions: pairs };
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
    if (!isObject(key) || !isText(key["kid"], 128) || !isObject(key["jwk"])) return undefined;
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
    const notice = isObject(item) ? noticeFromWire(item) : undefined;
    if (notice === undefined) return undefined;
    if ("unknownKind" in notice) unknownKinds.push(notice.unknownKind);
    else notices.push(notice);
  }
  return { notices, unknownKinds };
}

function position(value: JsonValue | undefined): Position | undefined {
  return typeof value === "string" ? parsePosition(value) : undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: JsonValue | undefined, most: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= most;
}

function isName(value: JsonValue | undefined): value is string {
  return typeof value === "string" && /^[\x20-\x7e]{1,128}$/.test(value);
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** 16 bytes as base64url. */
function isNonce(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value.length === 22 && decodeBase64url(value) !== undefined;
}
