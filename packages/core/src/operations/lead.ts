// Of several nodes one leads: it rotates keys, sweeps and reads the facts. A lease with an end by the store's clock, taken by
// compare-and-set; the term rises with every leader, and what a task writes is fenced by it (leadership/fenced-store.ts).

import { fact } from "../facts.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { afterMs, type Instant, isPast } from "../kernel/time.ts";
import {
  fenceKey,
  holdFromRow,
  holdKey,
  holdToRow,
  type Leader,
  leaderFromRow,
  leaderToRow,
} from "../leadership/leader-row.ts";
import { answer, change, write } from "../store/change.ts";
import type { Store } from "../store/store.ts";

/** Milliseconds for which a leader leads without being heard of. */
export const LEADS_FOR = 10_000;

export interface LeadDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly tenant: TenantId;
}

export interface Candidate {
  readonly node: string;
  readonly name: string;
}

export interface Leadership {
  readonly leader: Leader;
  /** Exclusive. */
  readonly until: Instant;
  /** Of the fence, in this term. */
  readonly version: number;
}

/**
 * Leads, goes on leading, or says who does. Whoever leads calls it again well within `leadsFor` milliseconds.
 * A leader whose time is over and whom nobody has followed leads on in its term. Throws Faults of the store.
 */
export async function lead(
  { store, dice, tenant }: LeadDeps,
  candidate: Candidate,
  leadsFor: number = LEADS_FOR,
): Promise<Leadership> {
  const keys = { fence: fenceKey(tenant), hold: holdKey(tenant) };
  return change<Leadership>(store, dice, [keys.fence, keys.hold], (snapshot) => {
    const [fence, hold] = [snapshot.get(keys.fence), snapshot.get(keys.hold)];
    const now = snapshot.clock;
    const until = afterMs(now, leadsFor);
    const held = { key: keys.hold, expect: hold?.version ?? ("absent" as const), next: holdToRow(until) };
    const before = fence === undefined ? undefined : leaderFromRow(fence);
    if (fence !== undefined && before?.node === candidate.node) {
      return write({
        rows: [{ key: keys.fence, expect: fence.version, next: "same" }, held],
        answer: () => ({ leader: before, until, version: fence.version }),
      });
    }
    if (fence !== undefined && before !== undefined && hold !== undefined && isHeld(holdFromRow(hold), now, leadsFor))
      return answer({ leader: before, until: holdFromRow(hold), version: fence.version });
    const leader: Leader = { ...candidate, term: (before?.term ?? 0) + 1, since: now };
    return write({
      rows: [{ key: keys.fence, expect: fence?.version ?? "absent", next: leaderToRow(leader) }, held],
      facts: [fact(tenant, now, "leader_changed", { name: leader.name, term: leader.term })],
      answer: () => ({ leader, until, version: (fence?.version ?? 0) + 1 }),
    });
  });
}

/** An end that lies further away than any leader could have set it now was set before the store's clock was set back. */
function isHeld(until: Instant, now: Instant, leadsFor: number): boolean {
  return !isPast(until, now) && until <= afterMs(now, leadsFor);
}

/** Lets another node lead at once, for one that stops. Does nothing for one that does not lead. Throws Faults of the store. */
export async function stopLeading({ store, dice, tenant }: LeadDeps, node: string): Promise<void> {
  const keys = { fence: fenceKey(tenant), hold: holdKey(tenant) };
  await change<void>(store, dice, [keys.fence, keys.hold], (snapshot) => {
    const [fence, hold] = [snapshot.get(keys.fence), snapshot.get(keys.hold)];
    if (fence === undefined || hold === undefined || leaderFromRow(fence).node !== node) return answer(undefined);
    return write({
      rows: [
        { key: keys.fence, expect: fence.version, next: "same" },
        { key: keys.hold, expect: hold.version, next: holdToRow(snapshot.clock) },
      ],
      answer: () => undefined,
    });
  });
}

/** Who leads, or led last; undefined before the first. */
export async function readLeader(
  store: Store,
  tenant: TenantId,
): Promise<{ readonly leader: Leader; readonly until: Instant } | undefined> {
  const keys = { fence: fenceKey(tenant), hold: holdKey(tenant) };
  const snapshot = await store.read([keys.fence, keys.hold]);
  const [fence, hold] = [snapshot.get(keys.fence), snapshot.get(keys.hold)];
  return fence === undefined || hold === undefined
    ? undefined
    : { leader: leaderFromRow(fence), until: holdFromRow(hold) };
}
