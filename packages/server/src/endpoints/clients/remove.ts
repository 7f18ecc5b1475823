// DELETE /v1/clients/{id}: disabled for good, and all it was given is revoked. Its id is never given to another. Answers with a receipt.

import { disableClient, parseClientId } from "@hallpass/core";
import { type Reply, refuse, reply } from "../../replies.ts";
import type { Services } from "../../services.ts";
import type { Caller, Exchange } from "../endpoint.ts";
import { giverOf, mayMake } from "../mandates.ts";
import { receiptFor } from "../revocations/receipt-for.ts";
import { setGoing } from "../revocations/set-going.ts";

export async function remove(services: Services, exchange: Exchange, caller: Caller): Promise<Reply> {
  const id = parseClientId(exchange.param("id"));
  if (id === undefined) return refuse(exchange, "client_not_found");
  const giver = await giverOf(services, caller);
  const removed = await disableClient(services, id, caller.actor, {
    forGood: true,
    may: (before, after) => mayMake(services, giver, before, after),
  });
  if (!removed.ok) return refuse(exchange, removed.code);
  return reply(
    exchange,
    200,
    await receiptFor(services, exchange, await setGoing(services, exchange, removed.value, 0), undefined),
  );
}
