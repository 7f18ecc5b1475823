// GET /v1/nodes: who serves this store, as far as each has noted itself, and who leads.

import { afterMs, isPast, readLeader, readNodes, SILENT_AFTER } from "@hallpass/core";
import { formatPosition } from "@hallpass/protocol";
import { type Reply, reply } from "../replies.ts";
import type { Services } from "../services.ts";
import type { Exchange } from "./endpoint.ts";

export async function nodes({ store, tenant }: Services, exchange: Exchange): Promise<Reply> {
  const noted = await readNodes(store, tenant);
  const known = await readLeader(store, tenant);
  const { clock } = await store.read([]);
  const leader = known?.leader;
  return reply(exchange, 200, {
    as_of_ms: clock,
    shared: store.traits.nodes === "many",
    leader:
      leader === undefined || known === undefined
        ? null
        : { node: leader.node, name: leader.name, term: leader.term, since_ms: leader.since, until_ms: known.until },
    nodes: noted.map((note) => ({
      node: note.node,
      name: note.name,
      started_ms: note.started,
      noted_ms: note.noted,
      silent: isPast(afterMs(note.noted, SILENT_AFTER), clock),
      leads: note.node === leader?.node && known !== undefined && !isPast(known.until, clock),
      head: note.head === null ? null : formatPosition(note.head.pos),
      verifiers: note.connected,
      behind: [...note.behind.keys()].filter((hello) => !note.gone.has(hello)).length,
    })),
  });
}
