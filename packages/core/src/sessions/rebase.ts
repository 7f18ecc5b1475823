// A live session under another version of its policy: what it would be, and whether it would still live by itself. What hangs above it and the
// number of sessions beside it are another matter (operations/policy-fate.ts).

import type { Instant } from "../kernel/time.ts";
import { secondsOf } from "../kernel/time.ts";
import { type Policy, type SessionPolicy, sessionPolicyOf } from "./policy.ts";
import { absoluteEnd, type Session, stateAt } from "./session.ts";

/**
 * The numbers that the session would keep. A child gets no longer life than it has: it was opened within its parent's. `isPublic`: a client
 * of it does not authenticate, so that its refresh tokens rotate whatever the policy says.
 */
export function rebasedPolicy(session: Session, policy: Policy, isPublic: boolean): SessionPolicy {
  const remembered = session.policy.remembered ? sessionPolicyOf(policy, true) : undefined;
  const chosen = remembered ?? sessionPolicyOf(policy, false);
  if (chosen === undefined) throw new Error("every policy knows sessions that are not remembered");
  const rotation = isPublic ? "always" : chosen.rotation;
  if (session.ancestors.length === 0) return { ...chosen, rotation };
  return { ...chosen, rotation, absolute: secondsOf(Math.min(chosen.absolute, session.policy.absolute)) };
}

/** What of a policy ends a session: its times, the assurance that it asks for, or how many sessions a subject may have. */
export type PolicyRule = "lifetime" | "acr" | "limit";

/** By which rule the policy ends the session, whatever is above and beside it; null for none, and for a session of another policy. */
export function endedBy(session: Session, policy: Policy, now: Instant): Exclude<PolicyRule, "limit"> | null {
  if (session.policy.name !== policy.name) return null;
  // Rotation ends nothing.
  const next: Session = { ...session, policy: rebasedPolicy(session, policy, true) };
  if (stateAt(next, now).kind === "ended") return "lifetime";
  return policy.requiredAcr.length === 0 || policy.requiredAcr.includes(session.acr ?? "") ? null : "acr";
}

export type Rebased =
  /** It has these numbers. */
  | { readonly kind: "untouched" }
  /** `shortened`: its absolute end came nearer, so that access tokens issued before may outlive it. */
  | { readonly kind: "applied"; readonly next: Session; readonly shortened: boolean };

/** Of a session that lives on. */
export function rebase(session: Session, policy: Policy, isPublic: boolean): Rebased {
  const next: Session = { ...session, policy: rebasedPolicy(session, policy, isPublic) };
  if (sameNumbers(session.policy, next.policy)) return { kind: "untouched" };
  return { kind: "applied", next, shortened: absoluteEnd(next) < absoluteEnd(session) };
}

function sameNumbers(one: SessionPolicy, other: SessionPolicy): boolean {
  const names = Object.keys(one) as (keyof SessionPolicy)[];
  return names.every((name) => one[name] === other[name]);
}
