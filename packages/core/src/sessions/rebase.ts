// A live session under another version of its policy: what it would be, and whether it would still live.

import type { Instant } from "../kernel/time.ts";
import { secondsOf } from "../kernel/time.ts";
import { type Policy, type SessionPolicy, sessionPolicyOf } from "./policy.ts";
import { absoluteEnd, type Session, stateAt } from "./session.ts";

/** The numbers that the session would keep. A child gets no longer life than it has: it was opened within its parent's. */
export function rebasedPolicy(session: Session, policy: Policy): SessionPolicy {
  const remembered = session.policy.remembered ? sessionPolicyOf(policy, true) : undefined;
  const chosen = remembered ?? sessionPolicyOf(policy, false);
  if (chosen === undefined) throw new Error("every policy knows sessions that are not remembered");
  if (session.ancestors.length === 0) return chosen;
  return { ...chosen, absolute: secondsOf(Math.min(chosen.absolute, session.policy.absolute)) };
}

export type Rebased =
  /** It is not of this policy, over already, or has these numbers. */
  | { readonly kind: "untouched" }
  | { readonly kind: "applied"; readonly next: Session; readonly shortened: boolean }
  | { readonly kind: "ended"; readonly next: Session };

/** `shortened`: its absolute end came nearer, so that access tokens issued before may outlive it. */
export function rebase(session: Session, policy: Policy, now: Instant): Rebased {
  if (session.policy.name !== policy.name || stateAt(session, now).kind === "ended") return { kind: "untouched" };
  const next: Session = { ...session, policy: rebasedPolicy(session, policy) };
  if (sameNumbers(session.policy, next.policy)) return { kind: "untouched" };
  if (stateAt(next, now).kind === "ended")
    return { kind: "ended", next: { ...next, state: { kind: "ended", reason: "policy_applied", at: now } } };
  return { kind: "applied", next, shortened: absoluteEnd(next) < absoluteEnd(session) };
}

function sameNumbers(one: SessionPolicy, other: SessionPolicy): boolean {
  const names = Object.keys(one) as (keyof SessionPolicy)[];
  return names.every((name) => one[name] === other[name]);
}
