// Whether a session stands at `now`, with everything above it: its own state, its ancestors, the cut-offs of its
// subject, its clients and its tenant. The tenant's stands in the row of its keys, because every decision reads that row already.

import { isBefore } from "@hallpass/protocol";
import { clientFromRow, clientKey } from "../clients/client-row.ts";
import type { SessionId } from "../kernel/ids.ts";
import { ringKey } from "../keys/ring.ts";
import type { Snapshot } from "../store/store.ts";
import { type Ended, type Family, type Session, type SessionState, stateAt } from "./session.ts";
import { sessionFromRow, sessionKey } from "./session-row.ts";
import { cutOffAfter, subjectKey } from "./subject.ts";

/** The session's state and that of everything it hangs on: the earliest end of all. The snapshot was read with the session's key and `ringKey`. */
export function standingOf(session: Session, snapshot: Snapshot): SessionState {
  let standing: SessionState = ACTIVE;
  standing = earlier(standing, stateAt(session, snapshot.clock));
  standing = earlier(standing, subjectState(session, snapshot));
  standing = earlier(standing, tenantState(session, snapshot));
  for (const id of session.ancestors) standing = earlier(standing, ancestorState(session, id, snapshot));
  return standing;
}

const ACTIVE: SessionState = { kind: "active" };

function earlier(first: SessionState, other: SessionState): SessionState {
  if (other.kind === "active") return first;
  return first.kind === "ended" && first.at <= other.at ? first : other;
}

function subjectState(session: Session, snapshot: Snapshot): SessionState {
  const row = snapshot.get(subjectKey(session.tenant, session.subject));
  const cutOff = cutOffAfter(row, session.born, snapshot.clock);
  return cutOff === undefined ? ACTIVE : { kind: "ended", reason: cutOff.cut ?? "subject_revoked", at: cutOff.at };
}

function tenantState({ tenant, born }: Session, snapshot: Snapshot): SessionState {
  const row = snapshot.get(ringKey(tenant));
  if (row === undefined || row.notBefore === null || !isBefore(born, row.notBefore)) return ACTIVE;
  return { kind: "ended", reason: "tenant_revoked", at: row.raisedAt ?? snapshot.clock };
}

function ancestorState(session: Session, id: SessionId, snapshot: Snapshot): SessionState {
  const row = snapshot.get(sessionKey({ tenant: session.tenant, id }));
  if (row === undefined) return { kind: "ended", reason: "ancestor_ended", at: snapshot.clock };
  const state = stateAt(sessionFromRow(row), snapshot.clock);
  return state.kind === "ended" ? { ...state, reason: "ancestor_ended" } : state;
}

/** Whether the family's client has taken it away: disabled, gone, or cut off after the family was made. */
export function familyStanding(session: Session, family: Family, snapshot: Snapshot): Ended | undefined {
  const row = snapshot.get(clientKey(session.tenant, family.client));
  const over: Ended = { kind: "ended", reason: "client_revoked", at: snapshot.clock };
  if (row === undefined || clientFromRow(row).status === "disabled") return over;
  return row.notBefore !== null && isBefore(family.born, row.notBefore) ? over : undefined;
}

/** How long an ended session's row is kept, in milliseconds: so long its timeline can be asked for. */
export const KEPT_AFTER_END: number = 30 * 24 * 60 * 60 * 1000;
