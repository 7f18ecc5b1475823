// GET /v1/revocations/{id}: the receipt again, true as of now (spec/receipt.md RCP-8).

import { readRevocation } from "@hallpass/core";
import { uuidToBytes } from "@hallpass/protocol";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { receiptFor } from "./receipt-for.ts";

export async function read(services: Services, exchange: Exchange): Promise<Reply> {
  const id = exchange.param("id");
  if (uuidToBytes(id) === undefined) return refuse(exchange, "revocation_not_found");
  const found = await readRevocation(services.store, services.tenant, id);
  return found.ok
    ? reply(exchange, 200, await receiptFor(services, found.value, undefined))
    : refuse(exchange, found.code);
}
