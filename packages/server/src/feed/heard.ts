// What this node has heard of each verifier, for receipts and for those who wait. A verifier that has gone stays here as
// long as a lease of its may run: forgetting its last ping earlier would make a receipt promise too much.

import {
  afterMs,
  type Heard,
  type Instant,
  isPast,
  KEPT_AFTER_SILENCE,
  latest,
  RENEW_EVERY,
  type Report,
} from "@hallpass/core";
import { isBefore, type Position } from "@hallpass/protocol";
import type { Waits } from "./waits.ts";

const MOST_GONE = 50_000;
const MOST_REPORTS = 64;

const UNHEARD: Heard = { connected: false, applied: null, keys: 0, lastPing: null };

interface Gone {
  readonly leaseEnds: Instant;
  readonly rowEnds: Instant;
}

export class HeardRegistry {
  readonly #waits: Waits;
  readonly #further: () => void;
  /** By `heardAs`: a name may come to another client's verifier while one that had it is still heard. */
  readonly #heard = new Map<string, Heard>();
  /** Verifiers that are not connected, the one that went first in front. */
  readonly #gone = new Map<string, Gone>();
  readonly #answering = new Map<string, number>();

  /** `further` is called when somebody has acknowledged a position beyond the one before. */
  constructor(waits: Waits, further: () => void = () => {}) {
    this.#waits = waits;
    this.#further = further;
  }

  get all(): ReadonlyMap<string, Heard> {
    return this.#heard;
  }

  connected(instance: string): void {
    this.#gone.delete(instance);
    this.#change(instance, { connected: true });
  }

  /** `lateAccepts`: what the verifier counted until then, if it said so. */
  acknowledged(instance: string, applied: Position, keys: number, lateAccepts?: number): void {
    const { applied: before = null, reports } = this.#heard.get(instance) ?? {};
    this.#change(instance, {
      applied: before !== null && isBefore(applied, before) ? before : applied,
      keys,
      ...(lateAccepts === undefined ? {} : { reports: withReport(reports ?? [], { applied, lateAccepts }) }),
    });
    if (before === null || isBefore(before, applied)) this.#further();
  }

  /**
   * A head is going to be read for it. Until the call that this returns, no receipt counts from its last ping: the head
   * may be older than a revocation that is committed meanwhile.
   */
  answering(instance: string): () => void {
    this.#answering.set(instance, (this.#answering.get(instance) ?? 0) + 1);
    this.#heard.set(instance, { ...(this.#heard.get(instance) ?? UNHEARD), answering: true });
    return () => {
      const left = (this.#answering.get(instance) ?? 1) - 1;
      if (left > 0) this.#answering.set(instance, left);
      else this.#answered(instance);
    };
  }

  /** The same as `answered` for a verifier that holds no connection: it is forgotten when its lease can have ended. */
  pulled(instance: string, at: Instant, maxStaleness: number): void {
    this.answered(instance, at);
    if (this.#heard.get(instance)?.connected !== true) this.disconnected(instance, maxStaleness, at);
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
    for (const [instance, heard] of this.#heard) this.#heard.set(instance, { ...heard, applied: null, reports: [] });
  }

  #answered(instance: string): void {
    this.#answering.delete(instance);
    const { answering: _, ...heard } = this.#heard.get(instance) ?? UNHEARD;
    // Whoever got no head and is not connected was never heard.
    if (!heard.connected && heard.lastPing === null) this.#heard.delete(instance);
    else this.#heard.set(instance, heard);
  }

  #change(instance: string, part: Partial<Heard>): void {
    const heard = { ...(this.#heard.get(instance) ?? UNHEARD), ...part };
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

/** A verifier that counts anew has started anew. Of reports with one count the first and the last say everything; of too many every other one goes, and what lies between counts for more. */
function withReport(held: readonly Report[], next: Report): readonly Report[] {
  const last = held.at(-1);
  if (last === undefined || next.lateAccepts < last.lateAccepts || isBefore(next.applied, last.applied)) return [next];
  if (last.lateAccepts === next.lateAccepts && samePlace(last, next)) return held;
  if (held.at(-2)?.lateAccepts === next.lateAccepts) return [...held.slice(0, -1), next];
  const kept = held.length < MOST_REPORTS ? held : held.filter((_, index) => index % 2 === 0);
  return [...kept, next];
}

function samePlace(one: Report, other: Report): boolean {
  return one.applied.epoch === other.applied.epoch && one.applied.seq === other.applied.seq;
}
