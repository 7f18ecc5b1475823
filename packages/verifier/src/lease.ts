// How long a verifier may rely on its view (spec/feed.md, LEASE-1 to LEASE-9).
// A lease runs from the moment a ping was *sent*, because the head that answers it was read after it arrived:
// what the network did to the answer can then only make the view look older, never fresher.

import { comparePositions, type HeadFrame, isBefore, type Position } from "@hallpass/protocol";

/** Both clocks, read at one moment. */
export interface Reading {
  readonly wall: number;
  readonly mono: number;
}

export interface SentPing {
  readonly at: Reading;
  readonly applied: Position;
}

/** `behind` grants nothing now; what is missing should have come before (LEASE-5), so it must not last. */
export type Answer = "granted" | "nothing" | "behind" | "gap" | "went_back";

// Clocks of one machine drift apart by less than a thousandth (LEASE-3).
const DRIFT_SHARE = 1000;
const MOST_OUTSTANDING = 64;

/** Pings of one connection that were not answered yet; each n counts once (LEASE-2). */
export class Pings {
  readonly #sent = new Map<string, SentPing>();

  sent(n: string, ping: SentPing): void {
    this.#sent.set(n, ping);
    if (this.#sent.size <= MOST_OUTSTANDING) return;
    const oldest = this.#sent.keys().next();
    if (oldest.done !== true) this.#sent.delete(oldest.value);
  }

  take(n: string): SentPing | undefined {
    const ping = this.#sent.get(n);
    this.#sent.delete(n);
    return ping;
  }
}

export interface Applied {
  readonly at: Position;
  readonly keys: number;
}

/** What a head that answers `ping` is worth to a view that has applied this much (LEASE-1). */
export function weighHead(head: HeadFrame, ping: SentPing | undefined, applied: Applied): Answer {
  if (ping === undefined) return "nothing";
  // An epoch is entered through its notice, so one that was not applied was lost.
  if (head.pos.epoch > applied.at.epoch) return "gap";
  // The head was read after the ping arrived, so it can't lie before what the ping already knew.
  if (head.pos.epoch < applied.at.epoch || comparePositions(head.pos, ping.applied) < 0) return "went_back";
  if (isBefore(applied.at, head.pos) || head.keys > applied.keys) return "behind";
  return "granted";
}

/** Milliseconds, not less than true: the larger of both clocks' spans, with drift. Infinity when a clock makes no sense. */
export function ageOf(sent: Reading, wall: number, mono: number): number {
  const elapsed = mono - sent.mono;
  const larger = Math.max(elapsed, wall - sent.wall);
  // Written as a sum, so that whole milliseconds stay whole at the boundary.
  const age = larger + larger / DRIFT_SHARE;
  return elapsed >= 0 && age >= 0 ? age : Number.POSITIVE_INFINITY;
}

/** A lease that was granted; ends by age, or at once (LEASE-7). */
export class Lease {
  #sent: Reading | undefined;

  grant(sent: Reading): void {
    if (this.#sent === undefined || sent.mono > this.#sent.mono) this.#sent = sent;
  }

  end(): void {
    this.#sent = undefined;
  }

  /** Infinity when there is none. Fresh means: younger than M; at M it is over. */
  age(wall: number, mono: number): number {
    return this.#sent === undefined ? Number.POSITIVE_INFINITY : ageOf(this.#sent, wall, mono);
  }
}

/** Milliseconds until a lease of this age is over, rounded down. */
export function leftOf(age: number, maxStalenessMs: number): number {
  return Math.max(0, Math.floor((maxStalenessMs - age) / (1 + 1 / DRIFT_SHARE)));
}
