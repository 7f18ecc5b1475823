// What receipts promised: from which moment on which verifier refuses what a revocation took away. Told of every receipt.

import type { Position, Receipt } from "@hallpass/protocol";
import { Violation } from "../world/violation.ts";

interface Promised {
  readonly id: string;
  /** Of its notices. */
  readonly positions: readonly Position[];
  /** By the store's clock; per service, and each verifier has a service of its own. Null: no bound. */
  readonly refusesBy: ReadonlyMap<string, number | null>;
  readonly asOf: number;
}

export class Receipts {
  readonly #promised: Promised[] = [];

  /** `pos` is the revocation's: that of its last notice, one for each target. */
  add(receipt: Receipt, pos: Position): void {
    const refusesBy = new Map(
      receipt.services.map(({ service, waiting, no_bound, refuses_by_ms }) => {
        if (no_bound > 0) return [service, null];
        if (waiting > 0 && refuses_by_ms === null)
          throw new Violation("P2-receipt", `a receipt waits for ${service} without a bound`);
        return [service, waiting > 0 ? refuses_by_ms : receipt.as_of_ms];
      }),
    );
    const positions = receipt.targets.map((_, back) => ({ ...pos, seq: pos.seq - back }));
    const latest = Math.max(receipt.as_of_ms, ...[...refusesBy.values()].map((by) => by ?? 0));
    if (receipt.enforced_by_ms !== null && receipt.enforced_by_ms < latest)
      throw new Violation("P2-receipt", `a receipt says ${receipt.enforced_by_ms} and ${latest}`);
    this.#promised.push({ id: receipt.id, positions, refusesBy, asOf: receipt.as_of_ms });
  }

  /** A token was accepted at a moment of the store's clock; `taken` says of which notices' positions it is taken away. */
  accepted(service: string, taken: (pos: Position) => boolean, storeClock: number): void {
    for (const { id, positions, refusesBy, asOf } of this.#promised) {
      if (!positions.some(taken)) continue;
      // A verifier that no receipt names holds no lease, and can accept nothing.
      const by = refusesBy.has(service) ? refusesBy.get(service) : asOf;
      if (by !== null && by !== undefined && storeClock >= by)
        throw new Violation("P2-receipt", `${service} accepted at ${storeClock}; receipt ${id} says ${by}`);
    }
  }
}
