// GET /v1/verifiers: the fleet. Who it is, where, and what this node has heard of it, or another has noted.

import { type FleetMember, type Heard, heardAs, type Noted, readFleet, readNoted } from "@hallpass/core";
import { formatPosition, isBefore, type Position, type VerifierStats } from "@hallpass/protocol";
import { type Reply, reply } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Exchange } from "./endpoint.ts";

export async function verifiers(services: Services, exchange: Exchange): Promise<Reply> {
  const members = await readFleet(services.store, services.tenant);
  const { head, clock } = await services.store.read([]);
  const noted = await readNoted(services.store, services.tenant, members);
  const heard = services.hearing.heard();
  const told = [...services.hearing.pulls(), ...services.hearing.connections()];
  const stats = new Map(told.map((one) => [one.heardAs, one.stats]));
  const listed = members.map((member) =>
    memberToWire(member, { heard: heard.get(heardAs(member)), noted, stats: stats.get(heardAs(member)) }, head.pos),
  );
  return reply(exchange, 200, { as_of_ms: clock, head: formatPosition(head.pos), verifiers: listed });
}

function memberToWire(
  member: FleetMember,
  known: { readonly heard: Heard | undefined; readonly noted: Noted; readonly stats: VerifierStats | undefined },
  head: Position,
): object {
  const { heard, noted, stats } = known;
  const { instance } = member;
  const applied = furthest(heard?.applied ?? null, noted.applied.get(instance) ?? null);
  return {
    instance,
    service: member.service,
    region: member.region,
    version: member.software,
    max_staleness_ms: member.maxStaleness,
    on_stale: member.onStale,
    joined_ms: member.joined,
    connected: heard?.connected === true || noted.connected.has(instance),
    node: noted.nodes.get(instance) ?? null,
    last_seen_ms: heard?.lastPing ?? member.lastNoted,
    applied: applied === null ? null : formatPosition(applied),
    behind: applied === null ? null : Math.max(0, head.seq - applied.seq),
    keys: heard?.keys ?? null,
    stats: stats ?? {},
  };
}

function furthest(one: Position | null, other: Position | null): Position | null {
  if (one === null || other === null) return one ?? other;
  return isBefore(one, other) ? other : one;
}
