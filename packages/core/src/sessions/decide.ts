// The life of a session, pure and total. `decide` may run twice: random values arrive with the event, time is an argument.
//
// | event        | active                                  | over (ended, or past idle or absolute end) |
// | ------------ | --------------------------------------- | ------------------------------------------ |
// | refresh      | see refresh-outcome.ts                  | ended                                      |
// | end          | changed: ended with the reason          | over                                       |
// | end_family   | changed: the family ended; unchanged if | over                                       |
// |              | it was; unknown if there is none        |                                            |
// | alter        | changed, unchanged if nothing differs   | over                                       |
// | seen         | changed if activity moved by a tenth of | over                                       |
// |              | the idle time, otherwise unchanged      |                                            |
// | lapse        | changed if the event carries an end     | changed: the derived end is written;       |
// |              | (of what it hangs on), else unchanged   | unchanged if an end stood there already    |

import type { JsonObject } from "@hallpass/protocol";
import type { ClientId, FamilyId } from "../kernel/ids.ts";
import { earliest, type Instant } from "../kernel/time.ts";
import { type RefreshRuling, refreshOutcome } from "./refresh-outcome.ts";
import { type Ended, type EndReason, familyOf, type Session, stateAt, withFamily } from "./session.ts";

export interface Alteration {
  /** The scope of every family becomes what it has in common with this. */
  readonly scope?: readonly string[];
  readonly claims?: JsonObject;
  readonly acr?: string | null;
  readonly amr?: readonly string[];
  readonly authTime?: number | null;
  readonly device?: Session["device"];
}

export type SessionEvent =
  | {
      readonly kind: "refresh";
      readonly family: FamilyId;
      readonly generation: number;
      readonly client: ClientId;
      readonly macKid: number;
    }
  | { readonly kind: "end"; readonly reason: EndReason }
  | { readonly kind: "end_family"; readonly family: FamilyId; readonly reason: EndReason }
  | { readonly kind: "alter"; readonly alteration: Alteration }
  | { readonly kind: "seen"; readonly at: Instant }
  /** `end`: that of the subject or an ancestor, if it came before the session's own. */
  | { readonly kind: "lapse"; readonly end: Ended | null };

export type Ruling =
  | RefreshRuling
  | { readonly kind: "over"; readonly end: Ended }
  | { readonly kind: "unknown" }
  | { readonly kind: "unchanged" }
  | { readonly kind: "changed"; readonly next: Session };

export function decide(session: Session, event: SessionEvent, now: Instant): Ruling {
  if (event.kind === "lapse") return lapse(session, event.end, now);
  if (event.kind === "refresh") return refreshOutcome(session, event, now);
  const state = stateAt(session, now);
  if (state.kind === "ended") return { kind: "over", end: state };
  switch (event.kind) {
    case "end":
      return { kind: "changed", next: { ...session, state: { kind: "ended", reason: event.reason, at: now } } };
    case "end_family":
      return endFamily(session, event.family, event.reason);
    case "alter":
      return alter(session, event.alteration);
    case "seen":
      return seen(session, event.at, now);
  }
}

/** Needs no policy: what is revoked ends, whatever its policy says or has become. Undefined for what is over. */
export function ended(session: Session, reason: EndReason, now: Instant): Session | undefined {
  return stateAt(session, now).kind === "ended" ? undefined : { ...session, state: { kind: "ended", reason, at: now } };
}

/** Needs no policy: the numbers of the session's own row say when it is over, also when its policy is gone. */
export function lapse(
  session: Session,
  above: Ended | null,
  now: Instant,
): Extract<Ruling, { kind: "changed" | "unchanged" }> {
  const end = above ?? stateAt(session, now);
  return end.kind === "active" || session.state.kind === "ended"
    ? { kind: "unchanged" }
    : { kind: "changed", next: { ...session, state: end } };
}

function endFamily(session: Session, id: FamilyId, reason: EndReason): Ruling {
  const family = familyOf(session, id);
  if (family === undefined) return { kind: "unknown" };
  if (family.ended !== null) return { kind: "unchanged" };
  return { kind: "changed", next: withFamily(session, { ...family, ended: reason }) };
}

function alter(session: Session, alteration: Alteration): Ruling {
  const { scope, ...facts } = alteration;
  const families =
    scope === undefined
      ? session.families
      : session.families.map((family) => ({ ...family, scope: family.scope.filter((token) => scope.includes(token)) }));
  const next: Session = { ...session, ...facts, families };
  return JSON.stringify(next) === JSON.stringify(session) ? { kind: "unchanged" } : { kind: "changed", next };
}

/** Activity moves forward only, never beyond now, and is written only when it moved by a tenth of the idle time. */
function seen(session: Session, at: Instant, now: Instant): Ruling {
  const moved = earliest(at, now);
  if (moved - session.lastActive < session.policy.idle * 100) return { kind: "unchanged" };
  return { kind: "changed", next: { ...session, lastActive: moved } };
}
