// Which verifiers may not know a key yet. A rotation waits for them, because they would refuse what it signs (JWKS-5).
// One that holds no lease accepts nothing, and gets all keys before its next lease: nobody waits for it.

import { afterMs, type Instant, instantOf, isPast, latest } from "../kernel/time.ts";
import { type FleetMember, type Heard, heardAs, RENEW_EVERY } from "../revocation/fleet.ts";
import type { StoreTraits } from "../store/store.ts";

export interface Listeners {
  readonly members: readonly FleetMember[];
  /** By `heardAs`. */
  readonly heard: ReadonlyMap<string, Heard>;
  /** When this node began to hear verifiers: leases granted before by an earlier process ended M after it at the latest. */
  readonly listeningSince: Instant;
  /** With `many`, other nodes hear verifiers that this one does not: then their rows say what they have acknowledged, and when they were heard. */
  readonly nodes: StoreTraits["nodes"];
}

/** Nobody has to know a key: what stands where nothing is signed by the answer. */
export const NOBODY: Listeners = { members: [], heard: new Map(), listeningSince: instantOf(0), nodes: "one" };

/** The verifiers that live, and have not acknowledged this version of the ring or a later one: their instances, in order. */
export function laggardsOf(listeners: Listeners, version: number, now: Instant): readonly string[] {
  return listeners.members
    .filter((member) => {
      const heard = listeners.heard.get(heardAs(member));
      const known = Math.max(heard?.keys ?? 0, member.keys ?? 0);
      return known < version && mayAccept(member, heard, listeners, now);
    })
    .map(({ instance }) => instance)
    .toSorted();
}

function mayAccept(
  member: FleetMember,
  heard: Heard | undefined,
  { listeningSince, nodes }: Listeners,
  now: Instant,
): boolean {
  // It goes on without a lease, for as long as it is remembered at all.
  if (heard?.connected === true || member.onStale === "accept") return true;
  const here = heard?.lastPing ?? listeningSince;
  // Its row is written again at least this often while any node hears it.
  const last = nodes === "one" ? here : latest(here, afterMs(member.lastNoted, RENEW_EVERY));
  return !isPast(afterMs(last, member.maxStaleness), now);
}
