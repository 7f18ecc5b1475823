// What takes away (spec/notices.md). One list of kinds, one parser, one rule of matching for every verifier and server.

import { isBase64url } from "./base64url.ts";
import { formatPosition, isBefore, type Position, parsePosition } from "./position.ts";
import type { JsonObject, JsonValue } from "./strict-json.ts";
import { isUuid } from "./uuid.ts";

/** What is taken away, without place and time. `subject` and `client` are salted hashes (NOT-2). */
export type Taking =
  | { readonly kind: "session"; readonly sid: string }
  | { readonly kind: "outdated"; readonly sid: string }
  | { readonly kind: "family"; readonly sid: string; readonly fam: string }
  | { readonly kind: "token"; readonly jti: string }
  | { readonly kind: "subject"; readonly subject: string }
  | { readonly kind: "client"; readonly client: string }
  /** Everything of the tenant before the notice; with `before`, before that position; with `issued_before`, whose `iat` (seconds) lies before it. */
  | { readonly kind: "tenant"; readonly before?: string; readonly issued_before?: number }
  | { readonly kind: "epoch" };

export type NoticeKind = Taking["kind"];

export interface Notice {
  readonly pos: Position;
  /** Milliseconds: the store's time of the commit. */
  readonly at: number;
  /** Milliseconds: no token can match at or after it. */
  readonly until: number;
  readonly taking: Taking;
}

/** What matching looks at: a token's claims, with the hashes that the tenant's salt gives. */
export interface Matchable {
  readonly sid: string | undefined;
  readonly fam: string | undefined;
  readonly anc: readonly string[];
  readonly jti: string;
  readonly pos: Position;
  /** Seconds. */
  readonly iat: number;
  /** Hashes of `sub` and of every `act.sub`. */
  readonly subjects: readonly string[];
  readonly client: string;
}

/** Whether the notice takes this token away (NOT-1). */
export function noticeMatches(notice: Notice, token: Matchable): boolean {
  const { taking, pos } = notice;
  switch (taking.kind) {
    case "session":
      return token.sid === taking.sid || token.anc.includes(taking.sid);
    case "outdated":
      return isBefore(token.pos, pos) && (token.sid === taking.sid || token.anc.includes(taking.sid));
    case "family":
      return token.sid === taking.sid && token.fam === taking.fam;
    case "token":
      return token.jti === taking.jti;
    case "subject":
      return isBefore(token.pos, pos) && token.subjects.includes(taking.subject);
    case "client":
      return isBefore(token.pos, pos) && token.client === taking.client;
    case "tenant":
      return taking.issued_before === undefined
        ? isBefore(token.pos, cutOffOf(taking) ?? pos)
        : token.iat < taking.issued_before;
    case "epoch":
      return token.pos.epoch < pos.epoch;
  }
}

/** The position that a tenant's cut-off names; undefined when it is the notice's own, or a time. */
export function cutOffOf({ before }: Extract<Taking, { kind: "tenant" }>): Position | undefined {
  return before === undefined ? undefined : parsePosition(before);
}

/** A notice, or the name of a kind that this version does not know (NOT-6), or undefined for malformed. */
export function noticeFromWire(value: JsonObject): Notice | { readonly unknownKind: string } | undefined {
  const { pos: posText, at_ms: at, until_ms: until, kind } = value;
  const pos = typeof posText === "string" ? parsePosition(posText) : undefined;
  if (pos === undefined || !isInstant(at) || !isInstant(until) || typeof kind !== "string") return undefined;
  const taking = takingFromWire(value);
  if (taking === undefined) return undefined;
  return "unknownKind" in taking ? taking : { pos, at, until, taking };
}

export function takingFromWire(value: JsonObject): Taking | { readonly unknownKind: string } | undefined {
  const { kind, sid, fam, jti, subject, client, before, issued_before: issued } = value;
  if (typeof kind !== "string") return undefined;
  switch (kind) {
    case "session":
    case "outdated":
      return isSid(sid) ? { kind, sid } : undefined;
    case "family":
      return isSid(sid) && isCode(fam, 6) ? { kind, sid, fam } : undefined;
    case "token":
      return typeof jti === "string" && jti.length > 0 && jti.length <= 128 ? { kind, jti } : undefined;
    case "subject":
      return isCode(subject, 22) ? { kind, subject } : undefined;
    case "client":
      return isCode(client, 22) ? { kind, client } : undefined;
    case "tenant":
      if (before === undefined && issued === undefined) return { kind };
      if (issued === undefined) return isPosition(before) ? { kind, before } : undefined;
      return before === undefined && isInstant(issued) ? { kind, issued_before: issued } : undefined;
    case "epoch":
      return { kind };
    default:
      return { unknownKind: kind };
  }
}

export function noticeToWire(notice: Notice): JsonObject {
  return { pos: formatPosition(notice.pos), at_ms: notice.at, until_ms: notice.until, ...notice.taking };
}

function isInstant(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isPosition(value: JsonValue | undefined): value is string {
  return typeof value === "string" && parsePosition(value) !== undefined;
}

function isSid(value: JsonValue | undefined): value is string {
  return typeof value === "string" && isUuid(value);
}

function isCode(value: JsonValue | undefined, length: number): value is string {
  return typeof value === "string" && value.length === length && isBase64url(value);
}
