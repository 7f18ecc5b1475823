// The receipt (spec/receipt.md): who enforces a revocation already, and by when everyone else refuses. Pure; it never claims more than is known.

import {
  comparePositions,
  formatPosition,
  MOST_SILENT_LISTED,
  type Position,
  type Receipt,
  type ServiceEnforcement,
  type SilentVerifier,
} from "@hallpass/protocol";
import type { SessionId } from "../kernel/ids.ts";
import { afterMs, earliest, type Instant, instantOf, isPast, latest } from "../kernel/time.ts";
import type { StoreTraits } from "../store/store.ts";
import { type FleetMember, type Heard, heardAs } from "./fleet.ts";
import { isCounting, type LargeRun, statusOf } from "./large-run.ts";
import { mostUrgent } from "./most-urgent.ts";
import { type AnyTarget, targetToWire } from "./target.ts";

export interface Revocation {
  readonly id: string;
  readonly pos: Position;
  readonly committed: Instant;
  readonly targets: readonly AnyTarget[];
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly actor: string | null;
  readonly endedSessions: number;
  /** Which sessions those are; of a large target they stand in rows of their own. Absent in rows from before there was a list. */
  readonly ended?: readonly SessionId[];
  /** Of a large target, and of clients: how far its run is. */
  readonly run?: LargeRun;
  /** When the last token that it takes away expires. */
  readonly tokensExpireBy: Instant;
}

export interface FleetView {
  readonly members: readonly FleetMember[];
  /** By `heardAs`. */
  readonly heard: ReadonlyMap<string, Heard>;
  /** What verifiers have acknowledged to other nodes, as those have noted it; absent where one node serves. */
  readonly noted?: ReadonlyMap<string, Position>;
  /** When this node began to hear verifiers: leases granted before by an earlier process ended M after it at the latest. */
  readonly listeningSince: Instant;
  /**
   * By when every read shows the revocation, by the store's time: until then a ping is answered with the head before it. Absent where that is
   * when it was committed: nobody has waited for a disk.
   */
  readonly shownBy?: Instant;
  readonly traits: Pick<StoreTraits, "head" | "nodes">;
}

/** Milliseconds: no commit takes longer until it is shown. */
const SHOWN_WITHIN = 60_000;

type Enforcement =
  | { readonly kind: "enforced" }
  | { readonly kind: "waiting"; readonly refusesBy: Instant }
  | { readonly kind: "no_bound" };

/** `now` is what the store's clock shows; `believed`, never later, is how far it may be believed. A bound is passed only when it is passed by both. */
export function receiptOf(revocation: Revocation, fleet: FleetView, now: Instant, believed: Instant = now): Receipt {
  const judged = fleet.members.map((member) => ({
    member,
    enforcement: enforcementBy(revocation, member, fleet, { now, believed }),
  }));
  const byService = Map.groupBy(judged, ({ member }) => member.service);
  const listed = Map.groupBy(mostUrgent(judged, urgencyOf, MOST_SILENT_LISTED), ({ member }) => member.service);
  const services = [...byService.keys()]
    .toSorted()
    .map((service) => serviceOf(revocation, service, byService.get(service) ?? [], listed.get(service) ?? [], fleet));
  const counted = count(judged);
  const status = statusOf(revocation);
  const unreadable = revocation.run?.unreadable ?? 0;
  return {
    id: revocation.id,
    pos: formatPosition(revocation.pos),
    committed_at_ms: revocation.committed,
    as_of_ms: now,
    targets: revocation.targets.map(targetToWire),
    reason: revocation.reason,
    ticket: revocation.ticket,
    actor: revocation.actor,
    status,
    ended_sessions: revocation.endedSessions,
    ...(isCounting(revocation) ? { counting: true as const } : {}),
    ...(unreadable === 0 ? {} : { unreadable_sessions: unreadable }),
    scanned_sessions: revocation.run?.scanned ?? null,
    fleet: counted,
    services,
    enforced_by_ms: counted.no_bound > 0 || status !== "complete" ? null : latestBound(judged, now),
    tokens_expire_by_ms: revocation.tokensExpireBy,
  };
}

/** Whether every verifier that is connected to this node has acknowledged: what `wait` waits for. */
export function connectedHaveApplied(pos: Position, heard: Iterable<Heard>): boolean {
  for (const one of heard) {
    if (one.connected && !hasApplied(one, pos)) return false;
  }
  return true;
}

function enforcementBy(
  revocation: Revocation,
  member: FleetMember,
  fleet: FleetView,
  { now, believed }: { readonly now: Instant; readonly believed: Instant },
): Enforcement {
  const heard = fleet.heard.get(heardAs(member));
  if (heard !== undefined && hasApplied(heard, revocation.pos)) return { kind: "enforced" };
  const noted = fleet.noted?.get(member.instance);
  if (noted !== undefined && comparePositions(noted, revocation.pos) >= 0) return { kind: "enforced" };
  if (member.onStale === "accept" || fleet.traits.head === "stale") return { kind: "no_bound" };
  const refusesBy = bound(revocation.committed, member, heard, fleet);
  if (isPast(refusesBy, believed)) return { kind: "enforced" };
  // What is left of the bound begins now, by the clock that is shown.
  return { kind: "waiting", refusesBy: afterMs(refusesBy, now - believed) };
}

/** A lease that was granted before the commit was shown ends M after its ping; the last ping can only be known where no other node can have answered a later one. */
function bound(committed: Instant, member: FleetMember, heard: Heard | undefined, fleet: FleetView): Instant {
  const shown = earliest(latest(committed, fleet.shownBy ?? committed), afterMs(committed, SHOWN_WITHIN));
  const whatever = afterMs(shown, member.maxStaleness);
  if (fleet.traits.nodes === "many" || heard?.answering === true) return whatever;
  return earliest(whatever, afterMs(heard?.lastPing ?? fleet.listeningSince, member.maxStaleness));
}

function hasApplied(heard: Heard, pos: Position): boolean {
  return heard.applied !== null && comparePositions(heard.applied, pos) >= 0;
}

interface Judged {
  readonly member: FleetMember;
  readonly enforcement: Enforcement;
}

function count(judged: readonly Judged[]): Receipt["fleet"] {
  const of = (kind: Enforcement["kind"]): number => judged.filter((one) => one.enforcement.kind === kind).length;
  return { verifiers: judged.length, enforced: of("enforced"), waiting: of("waiting"), no_bound: of("no_bound") };
}

/** One after the other: a function takes no hundred thousand arguments. */
function latestBound(judged: readonly Judged[], least: Instant = instantOf(0)): Instant {
  return judged.reduce(
    (by, { enforcement }) => (enforcement.kind === "waiting" ? latest(by, enforcement.refusesBy) : by),
    least,
  );
}

/** What has no bound, or the latest, is what one acts upon first; what enforces already is not silent. */
function urgencyOf({ enforcement }: Judged): number | undefined {
  if (enforcement.kind === "no_bound") return Number.MAX_SAFE_INTEGER;
  return enforcement.kind === "waiting" ? enforcement.refusesBy : undefined;
}

/** What it reported when it had applied the last notice, less what it had reported before the first; undefined when it has not, or began anew. */
function lateAccepts({ pos, targets, run }: Revocation, heard: Heard | undefined): number | undefined {
  const first = (run?.began ?? pos).seq - targets.length + 1;
  const reports = heard?.reports ?? [];
  const before = reports.findLast(({ applied }) => applied.epoch <= pos.epoch && applied.seq < first);
  const now = reports.find(({ applied }) => comparePositions(applied, pos) >= 0);
  const late = before === undefined || now === undefined ? -1 : now.lateAccepts - before.lateAccepts;
  return late < 0 ? undefined : late;
}

function serviceOf(
  revocation: Revocation,
  service: string,
  judged: readonly Judged[],
  listed: readonly Judged[],
  fleet: FleetView,
): ServiceEnforcement {
  const counted = count(judged);
  const omitted = counted.waiting + counted.no_bound - listed.length;
  const late = judged.flatMap(({ member }) => lateAccepts(revocation, fleet.heard.get(heardAs(member))) ?? []);
  return {
    service,
    ...counted,
    refuses_by_ms: counted.no_bound > 0 || counted.waiting === 0 ? null : latestBound(judged),
    reported: late.length,
    late_accepts: late.reduce((sum, one) => sum + one, 0),
    silent: listed.map(({ member, enforcement }) => silentVerifier(member, enforcement, fleet)),
    ...(omitted === 0 ? {} : { silent_omitted: omitted }),
  };
}

function silentVerifier(member: FleetMember, enforcement: Enforcement, fleet: FleetView): SilentVerifier {
  const lastPing = fleet.heard.get(heardAs(member))?.lastPing ?? null;
  return {
    instance: member.instance,
    region: member.region,
    last_seen_ms: lastPing ?? member.lastNoted,
    refuses_by_ms: enforcement.kind === "waiting" ? enforcement.refusesBy : null,
  };
}
