// What a session may do and for how long, as data. A session keeps the numbers of the policy version it was opened under: they stand
// in its own row, so that nothing else has to be read while it lives, and an edit of the policy ends nobody (spec/policy.md).

import type { Seconds } from "../kernel/time.ts";

/** How long a session may live. */
export interface Span {
  /** Without activity for this long, a session is over. */
  readonly idle: Seconds;
  /** This long after its opening a session is over, whatever happens. */
  readonly absolute: Seconds;
}

/** What counts while a session lives. */
export interface LiveRules {
  /** How long an access token lives; shortened at random by up to a tenth. */
  readonly accessLifetime: Seconds;
  /** For this long after a rotation the predecessor gets the same successor again: the lost response, the second tab. */
  readonly retryWindow: Seconds;
  /** For this long the predecessor of an unused generation may replace it: the phone that was suspended. */
  readonly recoveryWindow: Seconds;
  readonly onReuse: "session" | "family";
  /** `off`: a refresh token stays what it is, which only clients that authenticate may have (RFC 9700 section 4.14.2). */
  readonly rotation: "always" | "off";
  /** Whether a refresh moves the last activity forward; otherwise only what apps and verifiers report does. */
  readonly refreshIsActivity: boolean;
}

/** What a policy says, whatever its name and version. */
export interface PolicyNumbers extends Span, LiveRules {
  /** Instead of `idle` and `absolute`, for a session whose owner asked to be remembered; null where nobody can. */
  readonly remembered: Span | null;
  /** Live sessions of one subject, and what the next one does. */
  readonly maxSessions: number;
  readonly overLimit: "evict_oldest" | "refuse";
  /** A session is opened only with one of these as its `acr`; with any, or none, if there is none here. */
  readonly requiredAcr: readonly string[];
}

export interface Policy extends PolicyNumbers {
  readonly name: string;
  readonly version: number;
}

/** The part that stands in every session's row. */
export interface SessionPolicy extends Span, LiveRules {
  readonly name: string;
  readonly version: number;
  /** Whether `idle` and `absolute` are those for the remembered. */
  readonly remembered: boolean;
}

/** The numbers that a session is opened with. Undefined where it asks to be remembered and the policy knows no such sessions. */
export function sessionPolicyOf(policy: Policy, remember: boolean): SessionPolicy | undefined {
  const span = remember ? policy.remembered : policy;
  if (span === null) return undefined;
  const { name, version, accessLifetime, retryWindow, recoveryWindow, onReuse, rotation, refreshIsActivity } = policy;
  const live = { accessLifetime, retryWindow, recoveryWindow, onReuse, rotation, refreshIsActivity };
  return { ...live, name, version, idle: span.idle, absolute: span.absolute, remembered: remember };
}

export function liveRulesOf(policy: LiveRules): LiveRules {
  const { accessLifetime, retryWindow, recoveryWindow, onReuse, rotation, refreshIsActivity } = policy;
  return { accessLifetime, retryWindow, recoveryWindow, onReuse, rotation, refreshIsActivity };
}
