// What a cursor that a verifier shows says about this store (POS-7, POS-8).

import { type Head, type MacKeys, parseCursor, type Store, type TenantId } from "@hallpass/core";
import { comparePositions, isBefore, type Position } from "@hallpass/protocol";

export type CursorStanding =
  /** None was shown, no server key has tagged it, or its notice is no longer kept: it proves nothing. */
  | { readonly kind: "silent" }
  /** The verifier has everything up to here, and the store has what follows. */
  | { readonly kind: "covered"; readonly pos: Position }
  /** A genuine cursor that the store can't have given: history was lost. */
  | { readonly kind: "lost"; readonly pos: Position };

/** `head` was read after the cursor was shown. */
export async function cursorStanding(
  { store, tenant }: { readonly store: Store; readonly tenant: TenantId },
  text: string | null,
  head: Head,
  mac: MacKeys,
): Promise<CursorStanding> {
  const cursor = text === null ? undefined : parseCursor(mac, tenant, text);
  if (cursor === undefined) return { kind: "silent" };
  const { pos } = cursor;
  if (isBefore(head.pos, pos)) return { kind: "lost", pos };
  const mark = comparePositions(pos, head.pos) === 0 ? head.mark : await store.markAt(pos);
  if (mark === undefined) return { kind: "silent" };
  if (mark !== cursor.mark) return { kind: "lost", pos };
  // Into a later epoch a view goes through that epoch's notice, which may be another tenant's or forgotten: a snapshot always does.
  return pos.epoch === head.pos.epoch ? { kind: "covered", pos } : { kind: "silent" };
}
