// What a policy may say. Every number has a least and a most, so that no edit gives a session that never ends, a window that forgives
// theft, or a subject whose row grows without end.

import type { Issuer } from "../kernel/issuer.ts";
import type { PolicyNumbers, Span } from "./policy.ts";
import { LONGEST_ABSOLUTE } from "./profiles.ts";

export interface WrongNumber {
  /** The path of the member in a policy. */
  readonly member: readonly string[];
  readonly is: "too_small" | "too_large";
}

const DAY = 86_400;
const LIMITS = {
  accessLifetime: { least: 10 },
  idle: { least: 60 },
  retryWindow: { least: 1, most: 300 },
  recoveryWindow: { most: 7 * DAY },
  maxSessions: { least: 1, most: 500 },
} as const;

/** Empty for a policy that may be. An access token lives no longer than the issuer allows, and no longer than the idle time. */
export function wrongNumbers(numbers: PolicyNumbers, issuer: Pick<Issuer, "maxTokenLifetime">): readonly WrongNumber[] {
  const { accessLifetime, retryWindow, recoveryWindow, remembered, maxSessions } = numbers;
  const limits = LIMITS;
  const longestAccess = Math.min(issuer.maxTokenLifetime, numbers.idle);
  return [
    ...within(["accessLifetime"], accessLifetime, limits.accessLifetime.least, longestAccess),
    ...spanWithin([], numbers, { idle: limits.idle.least, absolute: limits.idle.least }),
    ...within(["retryWindow"], retryWindow, limits.retryWindow.least, limits.retryWindow.most),
    ...within(["recoveryWindow"], recoveryWindow, retryWindow, limits.recoveryWindow.most),
    ...(remembered === null ? [] : spanWithin(["remembered"], remembered, numbers)),
    ...within(["maxSessions"], maxSessions, limits.maxSessions.least, limits.maxSessions.most),
  ];
}

/** Idle ends no later than absolute, which ends no later than any session may. To be remembered is never to be forgotten sooner. */
function spanWithin(
  path: readonly string[],
  { idle, absolute }: Span,
  least: { readonly idle: number; readonly absolute: number },
): readonly WrongNumber[] {
  return [
    ...within([...path, "idle"], idle, least.idle, absolute),
    ...within([...path, "absolute"], absolute, least.absolute, LONGEST_ABSOLUTE),
  ];
}

function within(member: readonly string[], value: number, least: number, most: number): readonly WrongNumber[] {
  if (value < least) return [wrong(member, "too_small")];
  return value > most ? [wrong(member, "too_large")] : [];
}

function wrong(member: readonly string[], is: WrongNumber["is"]): WrongNumber {
  return { member, is };
}
