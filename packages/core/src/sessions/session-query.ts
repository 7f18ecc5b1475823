// Which sessions are meant: the one language of the search and of revocation by query. All members that are there must hold.

import type { ClientId, SubjectId } from "../kernel/ids.ts";
import { type Instant, instantOf, latest } from "../kernel/time.ts";
import { ipInRange, parseIpRange } from "./ip-range.ts";
import type { Session } from "./session.ts";

/** From the first instant on, before the second; either may be open. */
export interface TimeRange {
  readonly from: Instant | null;
  readonly before: Instant | null;
}

export interface SessionQuery {
  readonly subject?: SubjectId;
  /** One that has a token family in it, ended or not. */
  readonly client?: ClientId;
  readonly region?: string;
  /** An address or a range of them (ip-range.ts). */
  readonly ip?: string;
  /** The device's name, exactly. */
  readonly device?: string;
  /** Exactly. */
  readonly userAgent?: string;
  /** Somewhere in the user agent, in capitals or not. */
  readonly userAgentHas?: string;
  readonly acr?: string;
  readonly opened?: TimeRange;
  readonly lastActive?: TimeRange;
}

/** Says of each session whether it is meant, as of `asOf`: what a refresh since then has moved is looked at as it was. */
export function queryMatcher(query: SessionQuery, asOf: Instant | null = null): (session: Session) => boolean {
  const range = query.ip === undefined ? undefined : parseIpRange(query.ip);
  if (query.ip !== undefined && range === undefined) throw new Error("a query's ip was not parsed before it was used");
  const has = query.userAgentHas?.toLowerCase();
  return (session) => {
    const { device } = session;
    if (query.subject !== undefined && session.subject !== query.subject) return false;
    if (query.client !== undefined && !session.families.some(({ client }) => client === query.client)) return false;
    if (query.region !== undefined && device?.region !== query.region) return false;
    if (query.device !== undefined && device?.name !== query.device) return false;
    if (query.userAgent !== undefined && device?.userAgent !== query.userAgent) return false;
    if (has !== undefined && device?.userAgent?.toLowerCase().includes(has) !== true) return false;
    if (query.acr !== undefined && session.acr !== query.acr) return false;
    if (range !== undefined && (typeof device?.ip !== "string" || !ipInRange(device.ip, range))) return false;
    if (query.opened !== undefined && !inTimeRange(session.opened, query.opened)) return false;
    return query.lastActive === undefined || mayLieIn(activityAsOf(session, asOf), query.lastActive);
  };
}

/** From the first to the second, which are equal where it is known exactly. */
type Between = readonly [from: Instant, to: Instant];

/**
 * What it was active last before `asOf`. Of a session that was active since, its row tells the rotations that it still remembers, and nothing of
 * what verifiers and apps reported: it may have been active at any time from the last that is known until then, and is meant if it may be meant.
 */
function activityAsOf(session: Session, asOf: Instant | null): Between {
  const { lastActive, opened, families, policy } = session;
  if (asOf === null || lastActive < asOf) return [lastActive, lastActive];
  const rotations = policy.refreshIsActivity
    ? families.flatMap(({ superseded }) => superseded.map(({ at }) => at))
    : [];
  const least = latest(opened, ...rotations.filter((at) => at < asOf));
  return [least, latest(least, instantOf(asOf - 1))];
}

function mayLieIn([least, most]: Between, { from, before }: TimeRange): boolean {
  return (from === null || most >= from) && (before === null || least < before);
}

function inTimeRange(at: Instant, { from, before }: TimeRange): boolean {
  return (from === null || at >= from) && (before === null || at < before);
}

/** Sessions' ids begin with the millisecond of their opening, so a list can begin where the range does. */
export function firstIdOf({ opened }: SessionQuery): string | undefined {
  const from = opened?.from ?? null;
  if (from === null || from === 0) return undefined;
  // One millisecond earlier: a list begins after the id that it is given.
  const digits = instantOf(from - 1)
    .toString(16)
    .padStart(12, "0");
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7fff-bfff-ffffffffffff`;
}

/** Whether a session of this id, and any with a larger one, was opened after the range. */
export function idIsBeyond(id: string, { opened }: SessionQuery): boolean {
  const before = opened?.before ?? null;
  return before !== null && Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) >= before;
}
