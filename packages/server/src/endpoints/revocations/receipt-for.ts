// The receipt of a committed revocation (spec/receipt.md): waits if asked to, says who enforces it now, and signs what it says.

import { connectedHaveApplied, Fault, type Revocation, receiptOf, revocationKey, ringKey } from "@hallpass/core";
import { RECEIPT_TYPE, type SignedReceipt } from "@hallpass/protocol";
import { lookedBy } from "../../feed/seen-heads.ts";
import type { Hearing, Services } from "../../services.ts";
import type { Exchange } from "../endpoint.ts";
import { mayWait } from "../may-wait.ts";
import { signedJwt } from "../signed-jwt.ts";

export type ReceiptServices = Pick<Services, "clock" | "fleet" | "keys" | "store" | "storeTime" | "tenant"> & {
  readonly hearing: Pick<Hearing, "heard" | "listeningSince" | "shownBy" | "waitApplied" | "waitElsewhere">;
};

/**
 * Throws Faults of the store: the revocation stands, and its receipt can be read again. Throws Fault `history_lost` when the store has lost it
 * meanwhile: then nothing of it stands.
 */
export async function receiptFor(
  services: ReceiptServices,
  exchange: Pick<Exchange, "request">,
  revocation: Revocation,
  waitMs: number | undefined,
): Promise<SignedReceipt> {
  const { clock, hearing, store, storeTime, tenant } = services;
  const { pos } = revocation;
  if (waitMs !== undefined && waitMs > 0 && mayWait(exchange))
    await Promise.all([
      connectedHaveApplied(pos, hearing.heard().values()) ? undefined : hearing.waitApplied(pos, waitMs),
      hearing.waitElsewhere(pos, waitMs),
    ]);
  // After the commit and whatever was waited for: receipts that are made together share one look.
  const { members, noted } = await services.fleet.next();
  const own = revocationKey(tenant, revocation.id);
  const asked = clock.monotonic();
  const snapshot = await store.read([ringKey(tenant), own]);
  const looked = lookedBy(snapshot.clock, clock.monotonic() - asked);
  if (snapshot.get(own) === undefined) throw new Fault("history_lost");
  const { heard, listeningSince } = { heard: hearing.heard(), listeningSince: hearing.listeningSince };
  const shownBy = hearing.shownBy(pos, looked);
  const fleet = { members, heard, noted, listeningSince, shownBy, traits: store.traits };
  const receipt = receiptOf(revocation, fleet, snapshot.clock, storeTime.believed(snapshot.clock));
  return { ...receipt, jws: await signedJwt(services.keys.open(snapshot).signer, RECEIPT_TYPE, receipt) };
}
