// GET /v1/revocations/{id}: the receipt again, true as of now (spec/receipt.md RCP-8).

import { readRevocation } from "@hallpass/core";
import { uuidToBytes } from "@hallpass/protocol";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import { refuseAsAbsent, targetsPermitted } from "../mandates.ts";
import { receiptFor } from "./receipt-for.ts";

export async function read(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const id = exchange.param("id");
  if (uuidToBytes(id) === undefined) return refuse(exchange, "revocation_not_found");
  const found = await readRevocation(services.store, services.tenant, id);
  if (!found.ok) return refuse(exchange, found.code);
  if (!(await targetsPermitted(services, caller, found.value.targets)))
    return refuseAsAbsent(exchange, "revocation_not_found");
  return reply(exchange, 200, await receiptFor(services, found.value, undefined));
}
