// Who has to know a key before it signs: the fleet's rows, and what this node has heard.

import { type Listeners, readFleet } from "@hallpass/core";
import type { Services } from "../../services.ts";

export async function listenersOf({
  store,
  tenant,
  hearing,
}: Pick<Services, "store" | "tenant" | "hearing">): Promise<Listeners> {
  const members = await readFleet(store, tenant);
  return { members, heard: hearing.heard(), listeningSince: hearing.listeningSince, nodes: store.traits.nodes };
}
