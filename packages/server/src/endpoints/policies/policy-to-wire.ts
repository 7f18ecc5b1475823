// A policy as /v1 shows it: spans in seconds, and the names that every answer uses for its numbers.

import type { PolicyNumbers, PolicyVersion, Span } from "@hallpass/core";

export const MEMBER_NAMES: Readonly<Record<keyof PolicyNumbers, string>> = {
  accessLifetime: "access_lifetime_s",
  idle: "idle_s",
  absolute: "absolute_s",
  remembered: "remembered",
  retryWindow: "retry_window_s",
  recoveryWindow: "recovery_window_s",
  onReuse: "on_reuse",
  rotation: "rotation",
  refreshIsActivity: "refresh_is_activity",
  maxSessions: "max_sessions",
  overLimit: "over_limit",
  requiredAcr: "required_acr",
};

export function policyToWire({ policy, put }: PolicyVersion): object {
  const members = Object.keys(MEMBER_NAMES) as (keyof PolicyNumbers)[];
  return {
    name: policy.name,
    version: policy.version,
    put: putToWire(put),
    ...Object.fromEntries(members.map((member) => [MEMBER_NAMES[member], valueToWire(policy[member])])),
  };
}

export function putToWire(put: PolicyVersion["put"]): object | null {
  return put === null ? null : { at_ms: put.at, by: put.by };
}

export function valueToWire(value: PolicyNumbers[keyof PolicyNumbers]): unknown {
  return isSpan(value) ? { idle_s: value.idle, absolute_s: value.absolute } : value;
}

function isSpan(value: PolicyNumbers[keyof PolicyNumbers]): value is Span {
  return typeof value === "object" && value !== null && "idle" in value;
}
