// The receipt of a committed revocation (spec/receipt.md): waits if asked to, says who enforces it now, and signs what it says.

import { connectedHaveApplied, type Revocation, readFleet, receiptOf, ringKey, type Signer } from "@hallpass/core";
import { encodeBase64url, RECEIPT_TYPE, type Receipt, type SignedReceipt } from "@hallpass/protocol";
import type { Services } from "../../services.ts";

/** Throws Faults of the store: the revocation stands, and its receipt can be read again. */
export async function receiptFor(
  services: Services,
  revocation: Revocation,
  waitMs: number | undefined,
): Promise<SignedReceipt> {
  const { hearing, store, storeTime, tenant } = services;
  if (waitMs !== undefined && waitMs > 0 && !connectedHaveApplied(revocation.pos, hearing.heard().values()))
    await hearing.waitApplied(revocation.pos, waitMs);
  const members = await readFleet(store, tenant);
  const snapshot = await store.read([ringKey(tenant)]);
  const { heard, listeningSince } = { heard: hearing.heard(), listeningSince: hearing.listeningSince };
  const fleet = { members, heard, listeningSince, traits: store.traits };
  const receipt = receiptOf(revocation, fleet, snapshot.clock, storeTime.believed(snapshot.clock));
  return { ...receipt, jws: signed(receipt, services.keys.open(snapshot).signer) };
}

function signed(receipt: Receipt, signer: Signer): string {
  const header = encodeText(JSON.stringify({ alg: signer.alg, typ: RECEIPT_TYPE, kid: signer.kid }));
  const input = `${header}.${encodeText(JSON.stringify(receipt))}`;
  return `${input}.${encodeBase64url(signer.sign(input))}`;
}

function encodeText(text: string): string {
  return Buffer.from(text, "utf8").toString("base64url");
}
