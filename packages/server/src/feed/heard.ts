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

  connected(heardAs: string): void {
    this.#gone.delete(heardAs);
    this.#change(heardAs, { connected: true });
  }

  /** `lateAccepts`: what the verifier counted until then, if it said so. */
  acknowledged(heardAs: string, applied: Position, keys: number, lateAccepts?: number): void {
    const { applied: before = null, reports } = this.#heard.get(heardAs) ?? {};
    this.#change(heardAs, {
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
  answering(heardAs: string): () => void {
    this.#answering.set(heardAs, (this.#answering.get(heardAs) ?? 0) + 1);
    this.#heard.set(heardAs, { ...(this.#heard.get(heardAs) ?? UNHEARD), answering: true });
    return () => {
      const left = (this.#answering.get(heardAs) ?? 1) - 1;
      if (left > 0) this.#answering.set(heardAs, left);
      else this.#answered(heardAs);
    };
  }

  /** The same as `answered` for a verifier that holds no connection: it is forgotten when its lease can have ended. */
  pulled(heardAs: string, at: Instant, maxStaleness: number): void {
    this.answered(heardAs, at);
    if (this.#heard.get(heardAs)?.connected !== true) this.disconnected(heardAs, maxStaleness, at);
  }

  /** A ping was answered; it arrived no later than `at`, the store's time of the read that answers it. */
  answered(heardAs: string, at: Instant): void {
    const before = this.#heard.get(heardAs)?.lastPing ?? null;
    this.#change(heardAs, { lastPing: before === null ? at : latest(at, before) });
  }

  disconnected(heardAs: string, maxStaleness: number, now: Instant): void {
    const heard = this.#heard.get(heardAs);
    if (heard === undefined) return;
    this.#change(heardAs, { connected: false });
    const leaseEnds = afterMs(latest(now, heard.lastPing ?? now), maxStaleness);
    this.#gone.delete(heardAs);
    this.#gone.set(heardAs, { leaseEnds, rowEnds: afterMs(leaseEnds, RENEW_EVERY + KEPT_AFTER_SILENCE) });
    this.#forgetOld(now);
  }

  /** It said goodbye, and relies on no lease any more. */
  left(heardAs: string): void {
    this.#gone.delete(heardAs);
    this.#heard.delete(heardAs);
    this.#waits.gone(heardAs);
  }

  /** What was acknowledged stood in a history that the store has lost. */
  forgetApplied(): void {
    for (const [heardAs, heard] of this.#heard) this.#heard.set(heardAs, { ...heard, applied: null, reports: [] });
  }

  #answered(heardAs: string): void {
    this.#answering.delete(heardAs);
    const { answering: _, ...heard } = this.#heard.get(heardAs) ?? UNHEARD;
    // Whoever got no head and is not connected was never heard.
    if (!heard.connected && heard.lastPing === null) this.#heard.delete(heardAs);
    else this.#heard.set(heardAs, heard);
  }

  #change(heardAs: string, part: Partial<Heard>): void {
    const heard = { ...(this.#heard.get(heardAs) ?? UNHEARD), ...part };
    this.#heard.set(heardAs, heard);
    this.#waits.heard(heardAs, heard);
  }

  #forgetOld(now: Instant): void {
    for (const [heardAs, { leaseEnds, rowEnds }] of this.#gone) {
      const tooMany = this.#gone.size > MOST_GONE && isPast(leaseEnds, now);
      if (!tooMany && !isPast(rowEnds, now)) return;
      this.#gone.delete(heardAs);
      this.#heard.delete(heardAs);
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
