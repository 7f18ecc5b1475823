// The fleet: every verifier that may hold a lease has a row, written before its first lease is granted.

import type { OnStale, Position } from "@hallpass/protocol";
import type { ClientId, TenantId } from "../kernel/ids.ts";
import { type Instant, isPast } from "../kernel/time.ts";
import type { Row, RowKey } from "../store/store.ts";

export interface FleetMember {
  readonly instance: string;
  readonly service: string;
  readonly region: string | null;
  readonly software: string;
  /** Milliseconds: its M. */
  readonly maxStaleness: number;
  readonly onStale: OnStale;
  readonly joined: Instant;
  /** The last time that any node wrote down having heard it; it may have been heard later. */
  readonly lastNoted: Instant;
  /** Names the hello that wrote the row last: base64url of 8 random bytes; null in rows from before there was a name. */
  readonly join: string | null;
  /** The client whose bearer opened the feed to it; absent in rows from before it was noted. */
  readonly client?: ClientId;
  /** The version of the keys that it had acknowledged when the row was written last; absent where nobody has noted one. */
  readonly keys?: number;
  /** The node that it said hello to last, and the number of that hello there; absent where no node notes what it acknowledges. */
  readonly at?: FleetPlace;
}

export interface FleetPlace {
  readonly node: string;
  readonly hello: number;
}

/** What this node itself knows of a verifier since the node started. */
export interface Heard {
  readonly connected: boolean;
  /** The largest position that it acknowledged to this node. */
  readonly applied: Position | null;
  /** The key set's version that it acknowledged. */
  readonly keys: number;
  /** When the last ping that this node answered arrived, by the store's clock. */
  readonly lastPing: Instant | null;
  /** A head for it is being read, or on its way: it may come to rely on a later ping than the last that is known. */
  readonly answering?: boolean;
  /** What it reported with its acknowledgements, oldest first: the first report at each position, of the last few. */
  readonly reports?: readonly Report[];
}

export interface Report {
  readonly applied: Position;
  /** Tokens that it had accepted, since it started, after they had been revoked and before it knew. */
  readonly lateAccepts: number;
}

export function memberKey(tenant: TenantId, instance: string): RowKey {
  return { tenant, kind: "verifier", id: instance };
}

const LAYOUT = 1;

type Written = Omit<FleetMember, "instance" | "join"> & { readonly join?: string; readonly layout: number };

export function memberToRow(
  member: FleetMember,
  expires: Instant,
): { readonly value: string; readonly expires: Instant } {
  const { instance: _, ...rest } = member;
  return { value: JSON.stringify({ layout: LAYOUT, ...rest }), expires };
}

export function memberFromRow(row: Row): FleetMember {
  const { layout, ...rest } = JSON.parse(row.value) as Written;
  if (layout !== LAYOUT) throw new Error("a verifier's row has a layout that this version does not know");
  return { instance: row.key.id, join: null, ...rest };
}

/** Whether the row stands for a verifier that another client's bearer let in, and may still hold a lease. */
export function isAnothers(row: Row | undefined, client: ClientId, now: Instant): boolean {
  if (row === undefined || (row.expires !== null && isPast(row.expires, now))) return false;
  const { client: owner } = memberFromRow(row);
  return owner !== undefined && owner !== client;
}

/**
 * Under what a node keeps what it hears of a verifier: its name, and whose it is. A name may come to another client's verifier while one that
 * had it is still heard, and nothing that this one says counts for that one.
 */
export function heardAs({ instance, client }: Pick<FleetMember, "instance" | "client">): string {
  return client === undefined ? instance : `${instance}\n${client}`;
}

/** How long a silent verifier's row is kept, beyond its M, in milliseconds. */
export const KEPT_AFTER_SILENCE: number = 24 * 60 * 60 * 1000;
/** How often a connected verifier's row is renewed, in milliseconds. */
export const RENEW_EVERY: number = 60 * 60 * 1000;
/** The same for a verifier that pulls: functions come and go, and most of them never come back. */
export const PULLING: RowTimes = { renewEvery: 5 * 60 * 1000, kept: 15 * 60 * 1000 };
export const CONNECTED: RowTimes = { renewEvery: RENEW_EVERY, kept: RENEW_EVERY + KEPT_AFTER_SILENCE };

/** Milliseconds. A row is kept for M and `kept` after it was written, which is longer than until it is written again. */
export interface RowTimes {
  readonly renewEvery: number;
  readonly kept: number;
}
