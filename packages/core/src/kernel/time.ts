// Instants and spans. A deadline is exclusive: at the instant it names it is past.

declare const instant: unique symbol;
declare const seconds: unique symbol;

/** Milliseconds since the Unix epoch, an integer. */
export type Instant = number & { readonly [instant]: true };

/** A span in whole seconds. */
export type Seconds = number & { readonly [seconds]: true };

/** Makes an Instant of integer milliseconds. Throws a RangeError for anything else: a defect of the caller. */
export function instantOf(ms: number): Instant {
  if (!Number.isSafeInteger(ms) || ms < 0) throw new RangeError("an instant is a non-negative integer of milliseconds");
  return ms as Instant;
}

/** Makes Seconds of a positive integer. Throws a RangeError for anything else: a defect of the caller. */
export function secondsOf(value: number): Seconds {
  if (!Number.isSafeInteger(value) || value <= 0) throw new RangeError("seconds are a positive integer");
  return value as Seconds;
}

/** The instant `span` seconds after `at`. */
export function after(at: Instant, span: Seconds): Instant {
  return (at + span * 1000) as Instant;
}

/** The instant `ms` milliseconds after `at`. */
export function afterMs(at: Instant, ms: number): Instant {
  return instantOf(at + ms);
}

/** Whether `deadline` is past at `now`: it is, from the instant it names. */
export function isPast(deadline: Instant, now: Instant): boolean {
  return now >= deadline;
}

/** Whole seconds of an instant, rounded down: an RFC 7519 NumericDate. */
export function numericDate(at: Instant): number {
  return Math.floor(at / 1000);
}

export function earliest(first: Instant, ...others: readonly Instant[]): Instant {
  return others.reduce((least, at) => (at < least ? at : least), first);
}

export function latest(first: Instant, ...others: readonly Instant[]): Instant {
  return others.reduce((most, at) => (at > most ? at : most), first);
}
