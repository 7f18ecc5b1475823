// The eight outcomes of a refresh (spec/refresh-token.md), as far as the session's own row decides them.
// MACs, client authentication, subject, client and ancestors are judged before, in operations/refresh.ts.
//
// | presented generation                                              | outcome    | next                       |
// | ----------------------------------------------------------------- | ---------- | -------------------------- |
// | no such family                                                    | unknown    | –                          |
// | another client's family                                           | misbound   | –                          |
// | session or family over                                            | ended      | –                          |
// | the current one                                                   | rotated    | current + 1                |
// | the current one, where the policy does not rotate                 | retried    | activity, if it moved far  |
// | the predecessor, now < rotatedAt + retryWindow                    | retried    | –                          |
// | the predecessor, now < its superseding + recoveryWindow           | recovered  | current + 1, same predecessor |
// | another remembered one, now < its superseding + retryWindow       | superseded | –                          |
// | any other below the current one                                   | reused     | session or family ended    |
// | above the current one (both MACs right)                           | rotated    | presented + 1, regressed   |

import type { ClientId, FamilyId } from "../kernel/ids.ts";
import { after, type Instant, isPast } from "../kernel/time.ts";
import { type Ended, type Family, familyOf, type Session, stateAt, withFamily } from "./session.ts";

export interface RefreshAttempt {
  readonly family: FamilyId;
  readonly generation: number;
  readonly client: ClientId;
  /** The server key for the next generation, if there is one. */
  readonly macKid: number;
}

export type RefreshRuling =
  | { readonly kind: "unknown" }
  | { readonly kind: "misbound" }
  | { readonly kind: "ended"; readonly end: Ended }
  | { readonly kind: "superseded" }
  | { readonly kind: "reused"; readonly next: Session }
  /** `used`: where nothing rotates, with its activity moved, if it moved by a tenth of the idle time. */
  | { readonly kind: "retried"; readonly family: Family; readonly used: Session | null }
  | { readonly kind: "rotated"; readonly family: Family; readonly next: Session; readonly regressedFrom: number | null }
  | { readonly kind: "recovered"; readonly family: Family; readonly next: Session };

const REMEMBERED = 4;

export function refreshOutcome(session: Session, attempt: RefreshAttempt, now: Instant): RefreshRuling {
  const family = familyOf(session, attempt.family);
  if (family === undefined) return { kind: "unknown" };
  if (family.client !== attempt.client) return { kind: "misbound" };
  const end = endOf(session, family, now);
  if (end !== null) return { kind: "ended", end };
  if (attempt.generation === family.generation && session.policy.rotation === "off") return kept(session, family, now);
  if (attempt.generation >= family.generation) return rotated(session, family, attempt, now);
  const { policy } = session;
  const [predecessor, ...older] = family.superseded;
  if (predecessor?.generation === attempt.generation) {
    if (!isPast(after(family.rotatedAt, policy.retryWindow), now)) return { kind: "retried", family, used: null };
    if (!isPast(after(predecessor.at, policy.recoveryWindow), now)) return recovered(session, family, attempt, now);
    return reused(session, family, now);
  }
  const remembered = older.find((one) => one.generation === attempt.generation);
  if (remembered !== undefined && !isPast(after(remembered.at, policy.retryWindow), now)) return { kind: "superseded" };
  return reused(session, family, now);
}

function endOf(session: Session, family: Family, now: Instant): Ended | null {
  const state = stateAt(session, now);
  if (state.kind === "ended") return state;
  return family.ended === null ? null : { kind: "ended", reason: family.ended, at: now };
}

/** A write for each refresh would tell no more than one in a while, as with reports of activity. */
function kept(session: Session, family: Family, now: Instant): RefreshRuling {
  const lastActive = activeAt(session, now);
  const isFar = lastActive - session.lastActive >= session.policy.idle * 100;
  return { kind: "retried", family, used: isFar ? { ...session, lastActive } : null };
}

function rotated(session: Session, family: Family, attempt: RefreshAttempt, now: Instant): RefreshRuling {
  const presented = { generation: attempt.generation, at: now };
  const next: Family = {
    ...family,
    generation: attempt.generation + 1,
    rotatedAt: now,
    superseded: [presented, ...family.superseded].slice(0, REMEMBERED),
    macKid: attempt.macKid,
  };
  const regressedFrom = attempt.generation > family.generation ? family.generation : null;
  return { kind: "rotated", family: next, next: withUsed(session, next, now), regressedFrom };
}

/** The unused successor is displaced: it is in no list, so it is reuse if it is ever shown. */
function recovered(session: Session, family: Family, attempt: RefreshAttempt, now: Instant): RefreshRuling {
  const next: Family = { ...family, generation: family.generation + 1, rotatedAt: now, macKid: attempt.macKid };
  return { kind: "recovered", family: next, next: withUsed(session, next, now) };
}

function reused(session: Session, family: Family, now: Instant): RefreshRuling {
  if (session.policy.onReuse === "family")
    return { kind: "reused", next: withFamily(session, { ...family, ended: "reuse" }) };
  return { kind: "reused", next: { ...session, state: { kind: "ended", reason: "reuse", at: now } } };
}

/** With another form of one of its families, and with the activity that a refresh is where the policy says so. */
function withUsed(session: Session, next: Family, now: Instant): Session {
  const families = session.families.map((family) => (family.id === next.id ? next : family));
  return { ...session, lastActive: activeAt(session, now), families };
}

function activeAt({ policy, lastActive }: Session, now: Instant): Instant {
  return policy.refreshIsActivity && now > lastActive ? now : lastActive;
}
