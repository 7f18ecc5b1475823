// A verifier says hello, is heard again, says goodbye. Its row is written before its first lease is granted, so that no receipt forgets it.

import { encodeBase64url, type Hello } from "@hallpass/protocol";
import { fact } from "../facts.ts";
import { Fault } from "../kernel/fault.ts";
import type { ClientId, TenantId } from "../kernel/ids.ts";
import type { Dice } from "../kernel/ports.ts";
import { afterMs, latest } from "../kernel/time.ts";
import {
  CONNECTED,
  type FleetMember,
  type FleetPlace,
  isAnothers,
  memberFromRow,
  memberKey,
  memberToRow,
  type RowTimes,
} from "../revocation/fleet.ts";
import { answer, change, write } from "../store/change.ts";
import type { Snapshot, Store } from "../store/store.ts";

export interface FleetDeps {
  readonly store: Store;
  readonly dice: Dice;
  readonly tenant: TenantId;
}

export interface FleetName {
  readonly instance: string;
  /** As the row under the name that was said was read: whoever joins under it need not read it again. */
  readonly read: Snapshot;
}

/**
 * The name under which a verifier stands in the fleet: the one that it says, or, while a verifier of another client stands under that one,
 * the same with its own client behind it, which no hello can say. So nobody acknowledges, or says goodbye, for a verifier of another client.
 * Throws Faults of the store.
 */
export async function nameInFleet(
  { store, tenant }: Pick<FleetDeps, "store" | "tenant">,
  instance: string,
  client: ClientId,
): Promise<FleetName> {
  const key = memberKey(tenant, instance);
  const read = await store.read([key]);
  return { instance: isAnothers(read.get(key), client, read.clock) ? `${instance} · ${client}` : instance, read };
}

/** Writes or renews the row of a verifier that `client` let in. Throws a Fault when one of another client's has just taken the name. `at` says which node notes what it acknowledges; without it none does. A verifier that shows a shorter M than before keeps the longer one until its older leases have ended. */
export async function joinFleet(
  deps: FleetDeps,
  hello: Hello,
  times: RowTimes = CONNECTED,
  keys: number = 0,
  at: FleetPlace | null = null,
  client: ClientId | null = null,
): Promise<FleetMember> {
  const { tenant } = deps;
  const key = memberKey(tenant, hello.instance);
  const join = encodeBase64url(deps.dice.bytes(8));
  return change(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const now = snapshot.clock;
    if (client !== null && isAnothers(row, client, now)) throw new Fault("contended");
    const stands = row === undefined ? undefined : memberFromRow(row);
    // Of another client's, whose last lease has ended, nothing goes on.
    const before = client !== null && stands?.client !== undefined && stands.client !== client ? undefined : stands;
    const member: FleetMember = {
      instance: hello.instance,
      service: hello.service,
      region: hello.region,
      software: hello.version,
      maxStaleness: Math.max(hello.max_staleness_ms, before?.maxStaleness ?? 0),
      onStale: before?.onStale === "accept" ? "accept" : hello.on_stale,
      joined: before?.joined ?? now,
      lastNoted: now,
      join,
      ...(client === null ? {} : { client }),
      ...keysKnown(before, keys),
      ...(at === null ? {} : { at }),
    };
    return write({
      rows: [
        {
          key,
          expect: row?.version ?? "absent",
          // Never sooner than it was to be kept: an instance of this name may hold a connection, too.
          next: memberToRow(member, latest(row?.expires ?? now, afterMs(now, member.maxStaleness + times.kept))),
        },
      ],
      facts:
        before === undefined
          ? [fact(tenant, now, "verifier_joined", { instance: member.instance, service: member.service })]
          : [],
      answer: () => member,
    });
  });
}

/** What an instance has acknowledged it knows for good: before its next lease it gets every key there is. */
function keysKnown(before: FleetMember | undefined, keys: number): Pick<FleetMember, "keys"> {
  const known = Math.max(before?.keys ?? 0, keys);
  return known === 0 ? {} : { keys: known };
}

/**
 * Renews the row of a verifier that is still heard; called seldom (RENEW_EVERY). Writes it again if it is gone:
 * who is connected may hold a lease, and no receipt may forget it. False when the name has come to a verifier of another client: then
 * nothing is written, and this one has to join anew.
 */
export async function renewMember(deps: FleetDeps, joined: FleetMember, keys: number = 0): Promise<boolean> {
  const key = memberKey(deps.tenant, joined.instance);
  return change<boolean>(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    if (joined.client !== undefined && isAnothers(row, joined.client, snapshot.clock)) return answer(false);
    const before = row === undefined ? joined : memberFromRow(row);
    const member: FleetMember = { ...before, lastNoted: snapshot.clock, ...keysKnown(before, keys) };
    const expires = afterMs(snapshot.clock, member.maxStaleness + CONNECTED.kept);
    return write({
      rows: [{ key, expect: row?.version ?? "absent", next: memberToRow(member, expires) }],
      answer: () => true,
    });
  });
}

/**
 * A verifier that said `bye` relies on no lease any more: no receipt waits for it. `joined` is what its own hello wrote; if the same
 * instance has said hello since, at any node, the row is that one's and stays.
 */
export async function leaveFleet(deps: FleetDeps, joined: FleetMember): Promise<void> {
  const key = memberKey(deps.tenant, joined.instance);
  await change<void>(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    if (row === undefined) return answer(undefined);
    const { join, service } = memberFromRow(row);
    if (join !== joined.join) return answer(undefined);
    return write({
      rows: [{ key, expect: row.version, next: "gone" }],
      facts: [fact(deps.tenant, snapshot.clock, "verifier_left", { instance: joined.instance, service })],
      answer: () => undefined,
    });
  });
}

/**
 * Nobody notes any more what a verifier acknowledges that said this hello, or one before it there, and is gone: for one whose lease has
 * ended. If the same instance has said hello since, the row stays as it is.
 */
export async function leaveNode(deps: FleetDeps, instance: string, place: FleetPlace): Promise<void> {
  const key = memberKey(deps.tenant, instance);
  await change<void>(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    if (row === undefined) return answer(undefined);
    const { at, ...member } = memberFromRow(row);
    if (at?.node !== place.node || at.hello > place.hello) return answer(undefined);
    const next = memberToRow(member, row.expires ?? afterMs(snapshot.clock, member.maxStaleness + CONNECTED.kept));
    return write({ rows: [{ key, expect: row.version, next }], answer: () => undefined });
  });
}
