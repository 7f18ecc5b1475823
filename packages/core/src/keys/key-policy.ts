// How long keys wait, sign and stay, as data.

import { type Seconds, secondsOf } from "../kernel/time.ts";
import { LONGEST_ABSOLUTE, PROFILES } from "../sessions/profiles.ts";

export interface KeyPolicy {
  /** For how long anyone may remember the JWKS: the `max-age` it is served with. */
  readonly jwksMaxAge: Seconds;
  /** A signing key signs for this long. Much longer than `clockDoubt`, or a jump of the clock could rotate twice. */
  readonly rotateEvery: Seconds;
  /** For how long a rotation that is due waits for verifiers that have not acknowledged the next key. */
  readonly patience: Seconds;
  /** The longest that any token lives, of those that any policy allowed within the last such lifetime. */
  readonly longestTokenLifetime: Seconds;
  /** What verifiers add to `exp` (spec/access-token.md AT-V5). */
  readonly skew: Seconds;
  /** By how much the store's clock may be ahead without the timer removing a key that a token still needs. */
  readonly clockDoubt: Seconds;
  /** A MAC key makes new tokens for this long. */
  readonly macRotateEvery: Seconds;
  /** A key for secrets of clients hashes for this long. */
  readonly secretRotateEvery: Seconds;
  /** An older MAC key verifies for at least this long: the longest that any session lives. */
  readonly macKeep: Seconds;
}

const DAY = 86_400;

export const KEY_POLICY: KeyPolicy = {
  jwksMaxAge: secondsOf(300),
  rotateEvery: secondsOf(30 * DAY),
  patience: secondsOf(DAY),
  longestTokenLifetime: secondsOf(Math.max(...[...PROFILES.values()].map((policy) => policy.accessLifetime))),
  skew: secondsOf(5),
  clockDoubt: secondsOf(DAY),
  macRotateEvery: secondsOf(90 * DAY),
  secretRotateEvery: secondsOf(90 * DAY),
  macKeep: LONGEST_ABSOLUTE,
};
