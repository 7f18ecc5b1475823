// How long nobody asks after the issuer could not answer: what it says itself (RFC 9110 section 10.2.3), or a time that
// doubles. Both are scattered, so that a hundred services which failed together don't come back together.

import type { Clock, Dice } from "./ports.ts";
import { TokenError } from "./token-error.ts";

const FIRST_MS = 250;
const LONGEST_MS = 30_000;
/** A longer Retry-After is taken for this: a mistake in a proxy must not silence a service for a day. */
const LONGEST_RETRY_AFTER_MS = 300_000;
const SCATTER_MS = 1000;

export class Pause {
  readonly #clock: Clock;
  readonly #dice: Dice;
  #failures = 0;
  #until = Number.NEGATIVE_INFINITY;
  #why: TokenError | undefined;

  constructor(clock: Clock, dice: Dice) {
    this.#clock = clock;
    this.#dice = dice;
  }

  /** Milliseconds until somebody may ask; 0 or less: now. */
  left(): number {
    return this.#until - this.#clock.monotonic();
  }

  /** What a call learns that can't wait so long. */
  failure(): TokenError {
    const { status, error } = this.#why ?? {};
    return new TokenError({ code: "unavailable", status, error, retryAfterMs: Math.ceil(this.left()) });
  }

  failed(why: TokenError, retryAfter: string | null): void {
    this.#why = why;
    this.#failures += 1;
    const asked = retryAfter === null ? undefined : retryAfterMs(retryAfter, this.#clock.now());
    const doubled = Math.min(LONGEST_MS, FIRST_MS * 2 ** (this.#failures - 1));
    const ms =
      asked === undefined
        ? doubled * (0.5 + this.#dice.fraction() / 2)
        : Math.min(asked, LONGEST_RETRY_AFTER_MS) + this.#dice.fraction() * SCATTER_MS;
    this.#until = Math.max(this.#until, this.#clock.monotonic() + ms);
  }

  answered(): void {
    this.#failures = 0;
    this.#until = Number.NEGATIVE_INFINITY;
  }
}

/** Seconds or an HTTP date; undefined for anything else. */
export function retryAfterMs(text: string, now: number): number | undefined {
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  const at = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
