// GET /v1/revocations/{id}: the receipt again, true as of now (spec/receipt.md RCP-8). With `wait_ms`, when its run is complete and every
// connected verifier has it, or the time is over. One that is not there any more may have been lost with a part of the history (RCP-17).

import { absenceOf, Fault, readRevocation } from "@hallpass/core";
import { uuidToBytes } from "@hallpass/protocol";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import { waitMs } from "../fields.ts";
import { refuseAsAbsent, targetsBeyond } from "../mandates.ts";
import { mayWait } from "../may-wait.ts";
import { left } from "./left.ts";
import { receiptFor } from "./receipt-for.ts";

export async function read(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const id = exchange.param("id");
  if (uuidToBytes(id) === undefined) return refuse(exchange, "revocation_not_found");
  const asked = exchange.query.get("wait_ms");
  const wait = asked === undefined ? undefined : waitOf(asked);
  if (asked !== undefined && wait === undefined) return refuse(exchange, "query_malformed");
  const began = services.clock.monotonic();
  if (wait !== undefined && wait > 0 && !mayWait(exchange)) throw new Fault("overloaded");
  if (wait !== undefined) await services.runs.settled(id, wait);
  const found = await readRevocation(services.store, services.tenant, id);
  // Whoever may not know of it hears what those hear who ask for one that there never was.
  if (!found.ok) return refuse(exchange, await absenceOf(services, id));
  if ((await targetsBeyond(services, caller, found.value.targets)) !== undefined)
    return refuseAsAbsent(exchange, await absenceOf(services, id));
  return reply(exchange, 200, await receiptFor(services, exchange, found.value, left(services, wait, began)));
}

function waitOf(text: string): number | undefined {
  const parsed = waitMs.safeParse(/^(?:0|[1-9]\d{0,5})$/.test(text) ? Number(text) : -1);
  return parsed.success ? parsed.data : undefined;
}
