// What a session may do and for how long, as data. A session keeps the numbers of the policy version it was opened under.

import { type Seconds, secondsOf } from "../kernel/time.ts";

export interface Policy {
  readonly name: string;
  readonly version: number;
  /** How long an access token lives; shortened at random by up to a tenth. */
  readonly accessLifetime: Seconds;
  /** Without activity for this long, a session is over. */
  readonly idle: Seconds;
  /** This long after its opening a session is over, whatever happens. */
  readonly absolute: Seconds;
  /** For this long after a rotation the predecessor gets the same successor again: the lost response, the second tab. */
  readonly retryWindow: Seconds;
  /** For this long the predecessor of an unused generation may replace it: the phone that was suspended. */
  readonly recoveryWindow: Seconds;
  readonly onReuse: "session" | "family";
  /** Live sessions of one subject, and what the next one does. */
  readonly maxSessions: number;
  readonly overLimit: "evict_oldest" | "refuse";
  readonly refreshIsActivity: boolean;
}

/** The part that stands in every session's row. */
export interface SessionPolicy {
  readonly name: string;
  readonly version: number;
  readonly idle: Seconds;
  readonly absolute: Seconds;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const consumer: Policy = {
  name: "consumer",
  version: 1,
  accessLifetime: secondsOf(10 * MINUTE),
  idle: secondsOf(14 * DAY),
  absolute: secondsOf(30 * DAY),
  retryWindow: secondsOf(30),
  recoveryWindow: secondsOf(24 * HOUR),
  onReuse: "session",
  maxSessions: 100,
  overLimit: "evict_oldest",
  refreshIsActivity: true,
};

/** The profiles that exist, with written numbers. */
export const PROFILES: ReadonlyMap<string, Policy> = new Map(
  [
    consumer,
    {
      ...consumer,
      name: "mobile",
      idle: secondsOf(30 * DAY),
      absolute: secondsOf(180 * DAY),
      recoveryWindow: secondsOf(72 * HOUR),
      maxSessions: 50,
    },
    {
      ...consumer,
      name: "workforce",
      accessLifetime: secondsOf(5 * MINUTE),
      idle: secondsOf(8 * HOUR),
      absolute: secondsOf(24 * HOUR),
      maxSessions: 20,
    },
  ].map((policy) => [policy.name, policy]),
);

/** The longest that any session can live: server keys for refresh tokens are kept for as long. */
export const LONGEST_ABSOLUTE: Seconds = secondsOf(
  Math.max(...[...PROFILES.values()].map((policy) => policy.absolute)),
);
