// The frames that a verifier sends (spec/feed.md). Both sides read what the other sent by the same parsers.

import { PACKED_VERSION } from "./feed-words.ts";
import { isCount, isName, isNonce, isText, position } from "./frame-members.ts";
import type { Position } from "./position.ts";
import { isJsonObject, type JsonObject, parseStrictJson } from "./strict-json.ts";
import { isUuid } from "./uuid.ts";

export const MAX_ACTIVITY = 1000;
export const MIN_STALENESS_MS = 1000;
export const MAX_STALENESS_MS = 86_400_000;

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
  /** The version of packed frames that it reads (CONN-9); absent for one that reads texts only, or a version that is not known here. */
  readonly packed?: typeof PACKED_VERSION;
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

const VERIFIER_LIMITS = { maxLength: 131_072, maxDepth: 4, maxMembers: 4096 };

/** What a verifier sent; undefined when it is malformed or of an unknown type. */
export function parseVerifierFrame(text: string): VerifierFrame | undefined {
  const parsed = parseStrictJson(text, VERIFIER_LIMITS);
  if (!parsed.ok || !isJsonObject(parsed.value)) return undefined;
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
    packed,
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
    ...(packed === PACKED_VERSION ? { packed } : {}),
  };
}

function parsePing(frame: JsonObject): Ping | undefined {
  const { n, applied, keys, stats = {} } = frame;
  const pos = position(applied);
  if (!isNonce(n) || pos === undefined || !isCount(keys) || !isJsonObject(stats)) return undefined;
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
