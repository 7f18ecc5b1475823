// GET /v1/verifiers: the fleet. Who it is, where, and what this node has heard of it.

import { type FleetMember, type Heard, readFleet } from "@hallpass/core";
import { formatPosition, type Position, type VerifierStats } from "@hallpass/protocol";
import { type Reply, reply } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Exchange } from "./endpoint.ts";

export async function verifiers(services: Services, exchange: Exchange): Promise<Reply> {
  const members = await readFleet(services.store, services.tenant);
  const { head, clock } = await services.store.read([]);
  const heard = services.hearing.heard();
  const told = [...services.hearing.pulls(), ...services.hearing.connections()];
  const stats = new Map(told.map((one) => [one.instance, one.stats]));
  const listed = members.map((member) =>
    memberToWire(member, heard.get(member.instance), head.pos, stats.get(member.instance)),
  );
  return reply(exchange, 200, { as_of_ms: clock, head: formatPosition(head.pos), verifiers: listed });
}

function memberToWire(
  member: FleetMember,
  heard: Heard | undefined,
  head: Position,
  stats: VerifierStats | undefined,
): object {
  const applied = heard?.applied ?? null;
  return {
    instance: member.instance,
    service: member.service,
    region: member.region,
    version: member.software,
    max_staleness_ms: member.maxStaleness,
    on_stale: member.onStale,
    joined_ms: member.joined,
    connected: heard?.connected ?? false,
    last_seen_ms: heard?.lastPing ?? member.lastNoted,
    applied: applied === null ? null : formatPosition(applied),
    behind: applied === null ? null : Math.max(0, head.seq - applied.seq),
    keys: heard?.keys ?? null,
    stats: stats ?? {},
  };
}
