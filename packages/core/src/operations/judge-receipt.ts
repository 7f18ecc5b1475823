// What became of a revocation whose receipt somebody holds. The receipt is signed, so it was committed; a store that lacks it, within the time
// for which it keeps them all, has lost a part of its history. Then what it took away may be back, and whoever holds it has to revoke again.

import { formatPosition, type Position, uuidToBytes } from "@hallpass/protocol";
import { fact } from "../facts.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { afterMs, type Instant, instantOf, isPast } from "../kernel/time.ts";
import type { Revocation } from "../revocation/receipt.ts";
import { RECEIPT_KEPT, revocationFromRow, revocationKey } from "../revocation/revocation-row.ts";
import { change, write } from "../store/change.ts";
import type { Snapshot, Store } from "../store/store.ts";
import { issuerKey } from "./bootstrap-issuer.ts";
import { startEpoch } from "./start-epoch.ts";

/** What a receipt says, by a signature that was verified. */
export interface ShownReceipt {
  readonly id: string;
  readonly pos: Position;
  readonly committed: Instant;
}

export type ReceiptStanding =
  | { readonly kind: "kept"; readonly revocation: Revocation }
  /** `since`: when the epoch began that holds now. */
  | { readonly kind: "lost"; readonly epoch: number; readonly since: Instant | null }
  /** Its time is over: nobody knows any more. */
  | { readonly kind: "expired" };

/** Milliseconds: no commit takes longer, so what is younger than a receipt is kept, less this, was not removed for its age. */
const DECIDED_WITHIN = 60_000;

/**
 * One that is lost begins a new epoch, unless one began above it already: it proves lost history as a verifier's cursor does
 * (spec/positions.md POS-8). Throws Faults of the store.
 */
export async function judgeReceipt(
  deps: { readonly store: Store; readonly dice: Dice; readonly issuer: Issuer },
  { id, pos, committed }: ShownReceipt,
): Promise<ReceiptStanding> {
  const { store, dice, issuer } = deps;
  const { tenant } = issuer;
  const key = revocationKey(tenant, id);
  const snapshot = await store.read([key]);
  const row = snapshot.get(key);
  if (row !== undefined) return { kind: "kept", revocation: revocationFromRow(row) };
  if (isPast(afterMs(committed, RECEIPT_KEPT - DECIDED_WITHIN), snapshot.clock)) return { kind: "expired" };
  await startEpoch(deps, pos, "receipt_ahead");
  return change<ReceiptStanding>(store, dice, [issuerKey(tenant)], (now) =>
    write({
      rows: [],
      facts: [fact(tenant, now.clock, "receipt_lost", { revocation: id, pos: formatPosition(pos) })],
      answer: () => ({
        kind: "lost",
        epoch: now.head.pos.epoch,
        since: now.get(issuerKey(tenant))?.raisedAt ?? null,
      }),
    }),
  );
}

/**
 * Why there is no such revocation: `revocation_perhaps_lost` when its id was made before the newest epoch began, and a receipt of that time
 * would still be kept. Says nothing about whether there ever was one.
 */
export async function absenceOf(
  { store, issuer: { tenant } }: { readonly store: Store; readonly issuer: Issuer },
  id: string,
): Promise<"revocation_not_found" | "revocation_perhaps_lost"> {
  const snapshot = await store.read([issuerKey(tenant)]);
  return isPerhapsLost(snapshot, issuerKey(tenant), id) ? "revocation_perhaps_lost" : "revocation_not_found";
}

function isPerhapsLost(snapshot: Snapshot, key: ReturnType<typeof issuerKey>, id: string): boolean {
  const began = snapshot.get(key)?.raisedAt ?? null;
  const made = madeAt(id);
  if (began === null || made === null) return false;
  return made <= began && !isPast(afterMs(made, RECEIPT_KEPT), snapshot.clock);
}

/** When an id of version 7 was made (RFC 9562 section 5.7); null for any other. */
function madeAt(id: string): Instant | null {
  const bytes = uuidToBytes(id);
  if (bytes === undefined || (bytes[6] ?? 0) >> 4 !== 7) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return instantOf(view.getUint16(0) * 2 ** 32 + view.getUint32(2));
}
