// Starts a new epoch above every position ever seen: acknowledged history was lost, or may have been. Access tokens of older epochs are
// refused from then on (clients just refresh); sessions live on, and verifiers drop nothing.

import type { Position } from "@hallpass/protocol";
import { type FactBodies, fact } from "../facts.ts";
import type { Issuer } from "../kernel/issuer.ts";
import type { Dice } from "../kernel/ports.ts";
import { noticeDraft } from "../revocation/notice-draft.ts";
import { answer, change, write } from "../store/change.ts";
import type { Row, RowChange, Store } from "../store/store.ts";
import { issuerKey } from "./bootstrap-issuer.ts";

/** Does nothing if the head lies above `above` already, in both parts: two nodes that see the same cursor start one epoch. */
export async function startEpoch(
  deps: { readonly store: Store; readonly dice: Dice; readonly issuer: Issuer },
  above: Position,
  cause: FactBodies["epoch_started"]["cause"],
): Promise<Position> {
  const key = issuerKey(deps.issuer.tenant);
  return change(deps.store, deps.dice, [key], (snapshot) => {
    const row = snapshot.get(key);
    const { head, clock } = snapshot;
    if (head.pos.epoch > above.epoch && head.pos.seq > above.seq) return answer(head.pos);
    if (row === undefined) throw new Error("the issuer has no row");
    const epoch = Math.max(head.pos.epoch, above.epoch) + 1;
    return write({
      rows: [epochRow(row)],
      notices: [{ ...noticeDraft(deps.issuer.tenant, { kind: "epoch" }, deps.issuer, deps.dice), newEpoch: { above } }],
      facts: [fact(deps.issuer.tenant, clock, "epoch_started", { cause, epoch })],
      answer: ({ pos }) => pos,
    });
  });
}

/** The issuer's row as whoever starts an epoch writes it: one at a time, and it says since when. */
export function epochRow({ key, version, value }: Row): RowChange {
  return { key, expect: version, next: { value, expires: null }, raise: true };
}
