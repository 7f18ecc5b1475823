// What receipts promised: from which moment on which verifier refuses what a revocation took away. Told of every receipt.

import type { Position, Receipt } from "@hallpass/protocol";
import { MOST_DRIFT } from "../world/machine.ts";
import type { TimeLine } from "../world/time-line.ts";
import { Violation } from "../world/violation.ts";

interface Promised {
  readonly id: string;
  /** Of its notices. */
  readonly positions: readonly Position[];
  /** In true time; per service, and each verifier has a service of its own. Null: no bound. */
  readonly refusesBy: ReadonlyMap<string, number | null>;
  /** True time at which it was given. */
  readonly given: number;
}

export class Receipts {
  readonly #line: TimeLine;
  readonly #promised: Promised[] = [];

  constructor(line: TimeLine) {
    this.#line = line;
  }

  /**
   * `pos` is the revocation's: that of its last notice, one for each target. `shownAt` is the true time of its `as_of_ms`: what lies
   * ahead of it on the store's clock takes as long in true time, whatever that clock does meanwhile.
   */
  add(receipt: Receipt, pos: Position, shownAt: number): void {
    const given = this.#line.now;
    const trueTime = (by: number): number => shownAt + Math.ceil((by - receipt.as_of_ms) * (1 + MOST_DRIFT));
    const refusesBy = new Map(
      receipt.services.map(({ service, waiting, no_bound, refuses_by_ms }) => {
        if (no_bound > 0) return [service, null];
        if (waiting > 0 && refuses_by_ms === null)
          throw new Violation("P2-receipt", `a receipt waits for ${service} without a bound`);
        return [service, waiting > 0 && refuses_by_ms !== null ? trueTime(refuses_by_ms) : given];
      }),
    );
    const positions = receipt.targets.map((_, back) => ({ ...pos, seq: pos.seq - back }));
    const latest = Math.max(receipt.as_of_ms, ...receipt.services.map((service) => service.refuses_by_ms ?? 0));
    if (receipt.enforced_by_ms !== null && receipt.enforced_by_ms < latest)
      throw new Violation("P2-receipt", `a receipt says ${receipt.enforced_by_ms} and ${latest}`);
    this.#promised.push({ id: receipt.id, positions, refusesBy, given });
  }

  /** A token was accepted now; `taken` says of which notices' positions it is taken away. */
  accepted(service: string, taken: (pos: Position) => boolean): void {
    const { now } = this.#line;
    for (const { id, positions, refusesBy, given } of this.#promised) {
      if (!positions.some(taken)) continue;
      // A verifier that no receipt names holds no lease, and can accept nothing.
      const by = refusesBy.has(service) ? refusesBy.get(service) : given;
      if (by !== null && by !== undefined && now >= by)
        throw new Violation("P2-receipt", `${service} accepted at ${now}; receipt ${id} says ${by}`);
    }
  }
}
