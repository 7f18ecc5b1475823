// The policies that every issuer has, with written numbers. A name's version 1 never changes: sessions were opened under it.
// Where the numbers come from stands in spec/policy.md.

import { type Seconds, secondsOf } from "../kernel/time.ts";
import type { Policy } from "./policy.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const CONSUMER: Policy = {
  name: "consumer",
  version: 1,
  accessLifetime: secondsOf(10 * MINUTE),
  idle: secondsOf(14 * DAY),
  absolute: secondsOf(30 * DAY),
  retryWindow: secondsOf(30),
  recoveryWindow: secondsOf(24 * HOUR),
  onReuse: "session",
  rotation: "always",
  refreshIsActivity: true,
  remembered: { idle: secondsOf(30 * DAY), absolute: secondsOf(90 * DAY) },
  maxSessions: 100,
  overLimit: "evict_oldest",
  requiredAcr: [],
};

const workforce: Policy = {
  ...CONSUMER,
  name: "workforce",
  accessLifetime: secondsOf(5 * MINUTE),
  idle: secondsOf(8 * HOUR),
  absolute: secondsOf(24 * HOUR),
  remembered: null,
  maxSessions: 20,
};

const aal2: Policy = {
  ...workforce,
  name: "aal2",
  idle: secondsOf(HOUR),
  absolute: secondsOf(24 * HOUR),
  recoveryWindow: secondsOf(HOUR),
  refreshIsActivity: false,
  requiredAcr: ["aal2", "aal3"],
};

/** The profiles that exist. */
export const PROFILES: ReadonlyMap<string, Policy> = new Map(
  [
    CONSUMER,
    {
      ...CONSUMER,
      name: "mobile",
      idle: secondsOf(30 * DAY),
      absolute: secondsOf(180 * DAY),
      recoveryWindow: secondsOf(72 * HOUR),
      remembered: null,
      maxSessions: 50,
    },
    workforce,
    {
      ...workforce,
      name: "service",
      idle: secondsOf(HOUR),
      recoveryWindow: secondsOf(HOUR),
      maxSessions: 100,
      overLimit: "refuse",
    },
    {
      ...workforce,
      name: "agent",
      idle: secondsOf(HOUR),
      absolute: secondsOf(12 * HOUR),
      recoveryWindow: secondsOf(HOUR),
      onReuse: "family",
      overLimit: "refuse",
    },
    aal2,
    {
      ...aal2,
      name: "aal3",
      idle: secondsOf(15 * MINUTE),
      absolute: secondsOf(12 * HOUR),
      recoveryWindow: secondsOf(15 * MINUTE),
      maxSessions: 5,
      requiredAcr: ["aal3"],
    },
    {
      ...workforce,
      name: "fapi2",
      idle: secondsOf(7 * DAY),
      absolute: secondsOf(90 * DAY),
    },
  ].map((policy): [string, Policy] => [policy.name, policy as Policy]),
);

/** The longest that any session can live: server keys for refresh tokens are kept for as long, and no policy allows more. */
export const LONGEST_ABSOLUTE: Seconds = secondsOf(180 * DAY);
