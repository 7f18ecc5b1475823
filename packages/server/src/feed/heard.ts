// What this node has heard of each verifier, for receipts and for those who wait. A verifier that has gone stays here as
// long as a lease of its may run: forgetting its last ping earlier would make a receipt promise too much.

import { afterMs, type Heard, type Instant, isPast, KEPT_AFTER_SILENCE, latest, RENEW_EVERY } from "@hallpass/core";
import { isBefore, type Position } from "@hallpass/protocol";
import type { Waits } from "./waits.ts";

const MOST_GONE = 50_000;

interface Gone {
  readonly leaseEnds: Instant;
  readonly rowEnds: Instant;
}

export class HeardRegistry {
  readonly #waits: Waits;
  readonly #heard = new Map<string, Heard>();
  /** Verifiers that are not connected, the one that went first in front. */
  readonly #gone = new Map<string, Gone>();

  constructor(waits: Waits) {
    this.#waits = waits;
  }

  get all(): ReadonlyMap<string, Heard> {
    return this.#heard;
  }

  connected(instance: string): void {
    this.#gone.delete(instance);
    this.#change(instance, { connected: true });
  }

  acknowledged(instance: string, applied: Position, keys: number): void {
    const before = this.#heard.get(instance)?.applied ?? null;
    this.#change(instance, { applied: before !== null && isBefore(applied, before) ? before : applied, keys });
  }

  /** A ping was answered; it arrived no later than `at`, the store's time of the read that answers it. */
  answered(instance: string, at: Instant): void {
    const before = this.#heard.get(instance)?.lastPing ?? null;
    this.#change(instance, { lastPing: before === null ? at : latest(at, before) });
  }

  disconnected(instance: string, maxStaleness: number, now: Instant): void {
    const heard = this.#heard.get(instance);
    if (heard === undefined) return;
    this.#change(instance, { connected: false });
    const leaseEnds = afterMs(latest(now, heard.lastPing ?? now), maxStaleness);
    this.#gone.delete(instance);
    this.#gone.set(instance, { leaseEnds, rowEnds: afterMs(leaseEnds, RENEW_EVERY + KEPT_AFTER_SILENCE) });
    this.#forgetOld(now);
  }

  /** It said goodbye, and relies on no lease any more. */
  left(instance: string): void {
    this.#gone.delete(instance);
    this.#heard.delete(instance);
    this.#waits.gone(instance);
  }

  /** What was acknowledged stood in a history that the store has lost. */
  forgetApplied(): void {
    for (const [instance, heard] of this.#heard) this.#heard.set(instance, { ...heard, applied: null });
  }

  #change(instance: string, part: Partial<Heard>): void {
    const before = this.#heard.get(instance) ?? { connected: false, applied: null, keys: 0, lastPing: null };
    const heard = { ...before, ...part };
    this.#heard.set(instance, heard);
    this.#waits.heard(instance, heard);
  }

  #forgetOld(now: Instant): void {
    for (const [instance, { leaseEnds, rowEnds }] of this.#gone) {
      const tooMany = this.#gone.size > MOST_GONE && isPast(leaseEnds, now);
      if (!tooMany && !isPast(rowEnds, now)) return;
      this.#gone.delete(instance);
      this.#heard.delete(instance);
    }
  }
}
